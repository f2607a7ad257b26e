#include "pipeline.h"

#include <stdbool.h>
#include <string.h>

/* A shift beyond this would leave the 64-bit sum too little room: 2^45 << 15 of q15, 2^31 << 15 of q31. */
#define EXPONENT_MAX 15

/* The tables are trusted from here on: a path must stay inside the history that design.h sized for it. */
static bool path_fits(const ps_path_t *path)
{
    if (path->taps == 0) {
        return true;
    }
    return path->coefficients != NULL && path->taps <= PS_MAX_TAPS && path->shift <= EXPONENT_MAX &&
           (uint32_t)path->delay + path->taps - 1u <= PS_HISTORY_SAMPLES;
}

static bool design_fits(const ps_design_t *design)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        if (design->drivers[d].exponent > EXPONENT_MAX) {
            return false;
        }
        for (uint32_t i = 0; i < PS_INPUTS; i++) {
            if (!path_fits(&design->drivers[d].paths[i])) {
                return false;
            }
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
    return PS_OK;
}

static void split_buses(ps_pipeline_t *pipeline, const ps_sample_t *in, uint32_t frames)
{
    for (uint32_t i = 0; i < PS_INPUTS; i++) {
        ps_sample_t *bus = ps_bus_block(&pipeline->buses[i]);

        for (uint32_t n = 0; n < frames; n++) {
            bus[n] = in[n * PS_INPUTS + i];
        }
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
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        ps_fir_process(&pipeline->design->drivers[d], pipeline->buses, &pipeline->scratch, out + d,
                       PS_DRIVERS, frames);
    }
    return PS_OK;
}
