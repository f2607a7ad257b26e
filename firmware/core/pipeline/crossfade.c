#include "pipeline/crossfade.h"

#include <string.h>

#include "dsp/equaliser.h"

#define FADE_MAX (PS_SAMPLE_RATE_HZ / 50u)

/* Whole blocks, wherever that keeps the fade within FADE_MAX: then only one group at a time filters twice. */
static uint32_t whole_blocks(uint32_t samples)
{
    return samples < PS_BLOCK_SAMPLES ? samples : samples - samples % PS_BLOCK_SAMPLES;
}

static ps_fade_t fade_to(const ps_design_t *design)
{
    const uint32_t blocks = (ps_equalised_history(design) + PS_BLOCK_SAMPLES - 1u) / PS_BLOCK_SAMPLES;
    const uint32_t warm_up = blocks * PS_BLOCK_SAMPLES;
    const uint32_t rest = warm_up + PS_GROUPS <= FADE_MAX ? (FADE_MAX - warm_up) / PS_GROUPS : 1u;

    return (ps_fade_t){warm_up, whole_blocks(rest)};
}

/* Without equalisers the fade is a constant, so that the compiler divides faster. */
static inline ps_fade_t fade_of(const ps_crossfade_t *crossfade)
{
    return PS_EQUALISERS != 0 ? crossfade->fade : (ps_fade_t){0, whole_blocks(FADE_MAX / PS_GROUPS)};
}

uint32_t ps_crossfade_samples(const ps_crossfade_t *crossfade)
{
    const ps_fade_t fade = fade_of(crossfade);

    return fade.warm_up + PS_GROUPS * fade.group;
}

void ps_crossfade_reset(ps_crossfade_t *crossfade, const ps_design_t *design)
{
    crossfade->next = NULL;
    crossfade->fade = fade_to(design);
}

void ps_crossfade_begin(ps_crossfade_t *crossfade, const ps_design_t *next)
{
    crossfade->position = 0;
    crossfade->fade = fade_to(next);
    /* This write comes last, and is one access: an interrupt may process a block at any time. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    crossfade->next = next;
}

/*
 * Fades one driver's signal from `outgoing` to what it holds. The weights are multiples of 2^-15, exact at
 * both ends; the result lies between the two signals.
 */
static inline void mix(const ps_outgoing_signal_t *outgoing, ps_driver_signal_t *signal, int32_t position,
                       uint32_t length, uint32_t frames)
{
    ps_wide_t *x = ps_driver_signal_block(signal);

    for (uint32_t n = 0; n < frames; n++) {
        const int32_t passed = ++position < 0 ? 0 : position;
        const uint32_t done = (uint32_t)passed < length ? (uint32_t)passed : length;
        const int64_t weight = (done << 15) / length;
        const int64_t from = outgoing->samples[n];

        x[n] = (ps_wide_t)(from + (((x[n] - from) * weight + (1 << 14)) >> 15));
    }
    signal->reach |= outgoing->reach;
}

static void keep(ps_outgoing_signal_t *outgoing, ps_driver_signal_t *signal, uint32_t frames)
{
    memcpy(outgoing->samples, ps_driver_signal_block(signal), frames * sizeof outgoing->samples[0]);
    outgoing->reach = signal->reach;
}

/* Filters group g by the outgoing design before its share of the fade, by both designs within it, and by the
 * next design after it. */
static void process_group(ps_crossfade_t *crossfade, const ps_design_t *outgoing, uint32_t g,
                          const ps_buses_t *buses, ps_fir_scratch_t *scratch, ps_driver_signal_t *signals,
                          uint32_t frames)
{
    const ps_design_t *next = crossfade->next;
    const ps_fade_t fade = fade_of(crossfade);
    const uint32_t begin = fade.warm_up + g * fade.group;
    const bool faded = crossfade->position >= begin + fade.group;
    const ps_design_t *design = faded ? next : outgoing;
    const ps_group_t *group = &design->groups[g];
    ps_driver_signal_t *plus = &signals[group->plus];
    ps_driver_signal_t *minus = group->minus != PS_NONE ? &signals[group->minus] : NULL;

    ps_fir_process(design, group, buses, scratch, signals, frames);
    if (faded || crossfade->position + frames <= begin) {
        return;
    }
    keep(&crossfade->outgoing[0], plus, frames);
    if (minus != NULL) {
        keep(&crossfade->outgoing[1], minus, frames);
    }
    ps_fir_process(next, &next->groups[g], buses, scratch, signals, frames);

    const int32_t position = (int32_t)crossfade->position - (int32_t)begin;

    mix(&crossfade->outgoing[0], plus, position, fade.group, frames);
    if (minus != NULL) {
        mix(&crossfade->outgoing[1], minus, position, fade.group, frames);
    }
}

void ps_crossfade_process(ps_crossfade_t *crossfade, const ps_design_t *outgoing, const ps_buses_t *buses,
                          ps_fir_scratch_t *scratch, ps_driver_signal_t *signals, uint32_t frames)
{
    for (uint32_t g = 0; g < PS_GROUPS; g++) {
        process_group(crossfade, outgoing, g, buses, scratch, signals, frames);
    }
    crossfade->position += frames;
}

bool ps_crossfade_is_complete(const ps_crossfade_t *crossfade)
{
    return crossfade->position >= ps_crossfade_samples(crossfade);
}
