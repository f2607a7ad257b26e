#include "dsp/pipeline.h"

#include <string.h>

#include "dsp/equaliser.h"

/* What ps_low_word_of() can take. */
#define GROUP_SHIFT_MAX 31

/* The tables are trusted from here on: a FIR must stay inside the bus that design.h sized for it. */
static bool fir_fits(const ps_fir_t *fir)
{
    return fir->taps != NULL && fir->bus < PS_INPUTS && fir->shift <= PS_FIR_SHIFT_MAX &&
           (uint32_t)fir->start + fir->length <= PS_HISTORY_SAMPLES + 3u;
}

static bool sum_fits(const ps_design_t *design, const ps_sum_t *sum)
{
    if ((uint32_t)sum->first + sum->count > PS_FIRS_ROOM) {
        return false;
    }
    for (uint32_t k = 0; k < sum->count; k++) {
        if (!fir_fits(&design->firs[sum->first + k])) {
            return false;
        }
    }
    return true;
}

static bool group_fits(const ps_group_t *group)
{
    const bool pair = group->minus != PS_NONE;

    return group->shift <= GROUP_SHIFT_MAX && group->plus < PS_DRIVERS && group->common < PS_SUMS &&
           (!pair || (group->minus < PS_DRIVERS && group->difference < PS_SUMS));
}

bool ps_pipeline_fits(const ps_design_t *design)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        if (design->limits[d] == 0 || design->limits[d] > PS_SAMPLE_MAX) {
            return false;
        }
    }
    for (uint32_t k = 0; k < PS_ALL_SUMS; k++) {
        if (!sum_fits(design, &design->sums[k])) {
            return false;
        }
    }
    if (!ps_equalisers_fit(design)) {
        return false;
    }
    for (uint32_t g = 0; g < PS_GROUPS; g++) {
        if (!group_fits(&design->groups[g])) {
            return false;
        }
    }
    return true;
}

uint32_t ps_pipeline_channels(uint32_t entry)
{
    switch (entry) {
    case PS_PIPELINE_PROGRAM:
        return 2;
    case PS_PIPELINE_FILTERS:
        return PS_INPUTS;
    default:
        return 0;
    }
}

static ps_fade_t fade_to(const ps_design_t *design)
{
    const uint32_t all = PS_SAMPLE_RATE_HZ / 50u;
    const uint32_t blocks = (ps_equalised_history(design) + PS_BLOCK_SAMPLES - 1u) / PS_BLOCK_SAMPLES;
    const uint32_t warm_up = blocks * PS_BLOCK_SAMPLES;
    const uint32_t rest = warm_up + PS_GROUPS <= all ? (all - warm_up) / PS_GROUPS : 1u;

    return (ps_fade_t){warm_up, rest < PS_BLOCK_SAMPLES ? rest : rest - rest % PS_BLOCK_SAMPLES};
}

/* Without equalisers a constant, by which the compiler divides faster. */
static inline ps_fade_t fade_of(const ps_pipeline_t *pipeline)
{
    return PS_EQUALISERS != 0 ? pipeline->fade : (ps_fade_t){0, PS_FADE_SAMPLES};
}

uint32_t ps_pipeline_fade_samples(const ps_pipeline_t *pipeline)
{
    const ps_fade_t fade = fade_of(pipeline);

    return fade.warm_up + PS_GROUPS * fade.group;
}

int ps_pipeline_reset(ps_pipeline_t *pipeline, const ps_design_t *design, uint32_t entry)
{
    if (ps_pipeline_channels(entry) == 0) {
        return PS_E_INJECTION_POINT;
    }
    if (!ps_pipeline_fits(design)) {
        return PS_E_DESIGN;
    }
    pipeline->design = design;
    pipeline->next = NULL;
    pipeline->entry = (ps_entry_t)entry;
    pipeline->frames = 0;
    ps_upmix_reset(&pipeline->upmix);
    ps_volume_reset(&pipeline->volume, PS_GAIN_ONE);
    ps_limiter_reset(&pipeline->limiter, design);
    memset(&pipeline->buses, 0, sizeof pipeline->buses);
    pipeline->fade = fade_to(design);
    ps_equalisers_reset(&pipeline->buses, design);
    ps_fir_prepare(&pipeline->scratch, design);
    return PS_OK;
}

int ps_pipeline_tune(ps_pipeline_t *pipeline, const ps_design_t *next)
{
    if (pipeline->next != NULL) {
        return PS_E_BUSY;
    }
    /* The design that is left is filtered directly from here on. */
    ps_fir_prepare(&pipeline->scratch, next);
    pipeline->faded = 0;
    pipeline->fade = fade_to(next);
    /* Last, and in one access: blocks may be processed in an interrupt meanwhile. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    pipeline->next = next;
    return PS_OK;
}

static void split_buses(ps_pipeline_t *pipeline, const ps_sample_t *in, uint32_t frames)
{
    ps_sample_t *left = ps_bus_block(&pipeline->buses.raw[0]);
    ps_sample_t *right = ps_bus_block(&pipeline->buses.raw[1]);
    ps_sample_t *centre = ps_bus_block(&pipeline->buses.raw[2]);

    for (uint32_t n = 0; n < frames; n++, in += PS_INPUTS) {
        left[n] = in[0];
        right[n] = in[1];
        centre[n] = in[2];
    }
}

/*
 * One driver's feed on its way from `leaving` to what is there: weights of 1 / 2^15, exact at both ends,
 * never beyond either.
 */
static inline void mix(const ps_feed_leaving_t *leaving, ps_feed_t *feed, int32_t position, uint32_t length,
                       uint32_t frames)
{
    ps_wide_t *x = ps_feed_block(feed);

    for (uint32_t n = 0; n < frames; n++) {
        const int32_t passed = ++position < 0 ? 0 : position;
        const uint32_t done = (uint32_t)passed < length ? (uint32_t)passed : length;
        const int64_t weight = (done << 15) / length;
        const int64_t from = leaving->samples[n];

        x[n] = (ps_wide_t)(from + (((x[n] - from) * weight + (1 << 14)) >> 15));
    }
    feed->reach |= leaving->reach;
}

static void keep(ps_feed_leaving_t *leaving, ps_feed_t *feed, uint32_t frames)
{
    memcpy(leaving->samples, ps_feed_block(feed), frames * sizeof leaving->samples[0]);
    leaving->reach = feed->reach;
}

static void run_group(ps_pipeline_t *pipeline, const ps_design_t *next, uint32_t g, uint32_t frames)
{
    const ps_fade_t fade = fade_of(pipeline);
    const uint32_t begin = fade.warm_up + g * fade.group;
    const bool faded = next != NULL && pipeline->faded >= begin + fade.group;
    const ps_design_t *design = faded ? next : pipeline->design;
    const ps_group_t *group = &design->groups[g];
    ps_feed_t *feeds = pipeline->limiter.feeds;
    ps_feed_t *plus = &feeds[group->plus];
    ps_feed_t *minus = group->minus != PS_NONE ? &feeds[group->minus] : NULL;

    ps_fir_process(design, group, &pipeline->buses, &pipeline->scratch, feeds, frames);
    if (next == NULL || faded || pipeline->faded + frames <= begin) {
        return;
    }
    keep(&pipeline->leaving[0], plus, frames);
    if (minus != NULL) {
        keep(&pipeline->leaving[1], minus, frames);
    }
    ps_fir_process(next, &next->groups[g], &pipeline->buses, &pipeline->scratch, feeds, frames);

    const int32_t position = (int32_t)pipeline->faded - (int32_t)begin;

    mix(&pipeline->leaving[0], plus, position, fade.group, frames);
    if (minus != NULL) {
        mix(&pipeline->leaving[1], minus, position, fade.group, frames);
    }
}

static void run_filters(ps_pipeline_t *pipeline, uint32_t frames)
{
    const ps_design_t *next = pipeline->next;

    ps_equalisers_process(pipeline->design, next, &pipeline->buses, &pipeline->scratch, frames);
    for (uint32_t g = 0; g < PS_GROUPS; g++) {
        run_group(pipeline, next, g, frames);
    }
    if (next != NULL) {
        pipeline->faded += frames;
        if (pipeline->faded >= ps_pipeline_fade_samples(pipeline)) {
            pipeline->design = next;
            ps_equalisers_reset(&pipeline->buses, next);
            pipeline->next = NULL;
        }
    }
}

int ps_pipeline_process(ps_pipeline_t *pipeline, const ps_sample_t *in, ps_sample_t *out, uint32_t frames)
{
    if (frames > PS_BLOCK_SAMPLES) {
        return PS_E_LENGTH;
    }
    for (uint32_t i = 0; i < PS_INPUTS; i++) {
        ps_bus_advance(&pipeline->buses.raw[i], PS_HISTORY_SAMPLES, pipeline->frames);
    }
    ps_equalisers_advance(&pipeline->buses, pipeline->frames);
    ps_limiter_advance(&pipeline->limiter, pipeline->frames);
    pipeline->frames = frames;
    if (pipeline->entry == PS_PIPELINE_PROGRAM) {
        ps_upmix_process(&pipeline->upmix, in, ps_bus_block(&pipeline->buses.raw[0]),
                         ps_bus_block(&pipeline->buses.raw[1]), ps_bus_block(&pipeline->buses.raw[2]),
                         frames);
    } else {
        split_buses(pipeline, in, frames);
    }
    ps_sample_t *const blocks[PS_INPUTS] = {ps_bus_block(&pipeline->buses.raw[0]),
                                            ps_bus_block(&pipeline->buses.raw[1]),
                                            ps_bus_block(&pipeline->buses.raw[2])};

    ps_volume_process(&pipeline->volume, blocks, PS_INPUTS, frames);
    ps_fir_buses(pipeline->buses.raw, frames);
    run_filters(pipeline, frames);
    ps_limiter_process(&pipeline->limiter, out, frames);
    return PS_OK;
}
