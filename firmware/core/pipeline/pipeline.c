#include "pipeline/pipeline.h"

#include <string.h>

#include "dsp/design_validation.h"
#include "dsp/equaliser.h"

uint32_t ps_pipeline_channels(uint32_t injection_point)
{
    switch (injection_point) {
    case PS_PIPELINE_PROGRAM:
        return 2;
    case PS_PIPELINE_FILTERS:
        return PS_INPUTS;
    default:
        return 0;
    }
}

int ps_pipeline_reset(ps_pipeline_t *pipeline, const ps_design_t *design, uint32_t injection_point)
{
    if (ps_pipeline_channels(injection_point) == 0) {
        return PS_E_INJECTION_POINT;
    }
    if (!ps_design_is_valid(design)) {
        return PS_E_DESIGN;
    }
    pipeline->design = design;
    ps_crossfade_reset(&pipeline->crossfade, design);
    pipeline->injection_point = (ps_injection_point_t)injection_point;
    pipeline->frames = 0;
    ps_upmix_reset(&pipeline->upmix);
    ps_volume_reset(&pipeline->volume, PS_GAIN_ONE);
    ps_limiter_reset(&pipeline->limiter, design);
    memset(&pipeline->buses, 0, sizeof pipeline->buses);
    ps_equalisers_reset(&pipeline->buses, design);
    ps_fir_prepare(&pipeline->scratch, design);
    return PS_OK;
}

int ps_pipeline_tune(ps_pipeline_t *pipeline, const ps_design_t *next)
{
    if (ps_crossfade_is_active(&pipeline->crossfade)) {
        return PS_E_BUSY;
    }
    /* From here on the outgoing design is filtered without the fast FIR. */
    ps_fir_prepare(&pipeline->scratch, next);
    ps_crossfade_begin(&pipeline->crossfade, next);
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

static void run_filters(ps_pipeline_t *pipeline, uint32_t frames)
{
    const ps_design_t *design = pipeline->design;
    const ps_design_t *next = pipeline->crossfade.next;
    ps_driver_signal_t *signals = pipeline->limiter.driver_signals;

    ps_equalisers_process(design, next, &pipeline->buses, &pipeline->scratch, frames);
    if (next == NULL) {
        for (uint32_t g = 0; g < PS_GROUPS; g++) {
            ps_fir_process(design, &design->groups[g], &pipeline->buses, &pipeline->scratch, signals, frames);
        }
        return;
    }
    ps_crossfade_process(&pipeline->crossfade, design, &pipeline->buses, &pipeline->scratch, signals, frames);
    if (ps_crossfade_is_complete(&pipeline->crossfade)) {
        pipeline->design = next;
        ps_equalisers_reset(&pipeline->buses, next);
        pipeline->crossfade.next = NULL;
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
    if (pipeline->injection_point == PS_PIPELINE_PROGRAM) {
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
