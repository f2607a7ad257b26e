#include "pipeline.h"

#include <stdbool.h>
#include <string.h>

/* E - e at most, and 15 + E at most: a shift beyond would leave the 64-bit sums too little room. */
#define SHIFT_MAX 30

/* The tables are trusted from here on: a FIR must stay inside the bus that design.h sized for it. */
static bool fir_fits(const ps_fir_t *fir)
{
    return fir->taps != NULL && fir->bus < PS_INPUTS && fir->shift <= SHIFT_MAX &&
           (uint32_t)fir->start + fir->length <= PS_HISTORY_SAMPLES + 3u;
}

static bool sum_fits(const ps_design_t *design, const ps_sum_t *sum)
{
    if ((uint32_t)sum->first + sum->count > PS_FIRS) {
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

    return group->shift <= SHIFT_MAX && group->plus < PS_DRIVERS && group->common < PS_SUMS &&
           (!pair || (group->minus < PS_DRIVERS && group->difference < PS_SUMS));
}

static bool design_fits(const ps_design_t *design)
{
    for (uint32_t k = 0; k < PS_SUMS; k++) {
        if (!sum_fits(design, &design->sums[k])) {
            return false;
        }
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

int ps_pipeline_reset(ps_pipeline_t *pipeline, const ps_design_t *design, uint32_t entry)
{
    if (ps_pipeline_channels(entry) == 0) {
        return PS_E_ENTRY;
    }
    if (!design_fits(design)) {
        return PS_E_DESIGN;
    }
    pipeline->design = design;
    pipeline->entry = (ps_entry_t)entry;
    pipeline->frames = 0;
    ps_upmix_reset(&pipeline->upmix);
    memset(pipeline->buses, 0, sizeof pipeline->buses);
    ps_fir_prepare(&pipeline->scratch, design);
    return PS_OK;
}

static void split_buses(ps_pipeline_t *pipeline, const ps_sample_t *in, uint32_t frames)
{
    ps_sample_t *left = ps_bus_block(&pipeline->buses[0]);
    ps_sample_t *right = ps_bus_block(&pipeline->buses[1]);
    ps_sample_t *centre = ps_bus_block(&pipeline->buses[2]);

    for (uint32_t n = 0; n < frames; n++, in += PS_INPUTS) {
        left[n] = in[0];
        right[n] = in[1];
        centre[n] = in[2];
    }
}

int ps_pipeline_process(ps_pipeline_t *pipeline, const ps_sample_t *in, ps_sample_t *out, uint32_t frames)
{
    if (frames > PS_BLOCK_SAMPLES) {
        return PS_E_LENGTH;
    }
    for (uint32_t i = 0; i < PS_INPUTS; i++) {
        ps_bus_advance(&pipeline->buses[i], pipeline->frames);
    }
    pipeline->frames = frames;
    if (pipeline->entry == PS_PIPELINE_PROGRAM) {
        ps_upmix_process(&pipeline->upmix, in, ps_bus_block(&pipeline->buses[0]),
                         ps_bus_block(&pipeline->buses[1]), ps_bus_block(&pipeline->buses[2]), frames);
    } else {
        split_buses(pipeline, in, frames);
    }
    ps_fir_buses(pipeline->buses, frames);
    for (uint32_t g = 0; g < PS_GROUPS; g++) {
        ps_fir_process(pipeline->design, &pipeline->design->groups[g], pipeline->buses, &pipeline->scratch,
                       out, frames);
    }
    return PS_OK;
}
