/*
 * Samples in, driver channels out: upmix, volume, FIR matrix, limiters. The caller owns all state.
 */
#ifndef PS_PIPELINE_H
#define PS_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/crossfade.h"
#include "dsp/fir.h"
#include "dsp/limiter.h"
#include "protocol.h"
#include "upmix/upmix.h"
#include "dsp/volume.h"

/* Where samples enter: left and right ahead of the upmix, or the three buses themselves. */
typedef enum {
    PS_PIPELINE_PROGRAM = PS_INJECTION_POINT_PROGRAM,
    PS_PIPELINE_FILTERS = PS_INJECTION_POINT_FILTERS,
} ps_injection_point_t;

typedef struct {
    const ps_design_t *design;
    ps_crossfade_t crossfade; /* from `design` to another */
    ps_injection_point_t injection_point;
    uint32_t frames; /* of the last block, which stays in the buses until the next: see tap.h */
    ps_upmix_t upmix;
    ps_volume_t volume;
    ps_buses_t buses;
    ps_fir_scratch_t scratch;
    ps_limiter_t limiter;
} ps_pipeline_t;

/* Resets to silence, with upmix and limiters as at power-on, and full volume. Returns PS_OK,
 * PS_E_INJECTION_POINT or PS_E_DESIGN. */
int ps_pipeline_reset(ps_pipeline_t *pipeline, const ps_design_t *design, uint32_t injection_point);

/*
 * From the next block on, fades to another design of the same layout. The caller has validated it, and keeps
 * both until the fade is complete. Returns PS_OK, or PS_E_BUSY while a fade is under way.
 */
int ps_pipeline_tune(ps_pipeline_t *pipeline, const ps_design_t *next);

/* Channels of the input at an injection point: 2, 3, or 0 where there is no such point. */
uint32_t ps_pipeline_channels(uint32_t injection_point);

/*
 * in: interleaved, ps_pipeline_channels() samples a frame; out: interleaved, PS_DRIVERS samples a frame.
 * The output does not depend on how the input is cut into blocks.
 * Returns PS_OK, or PS_E_LENGTH if `frames` exceeds PS_BLOCK_SAMPLES; then nothing has changed.
 */
int ps_pipeline_process(ps_pipeline_t *pipeline, const ps_sample_t *in, ps_sample_t *out, uint32_t frames);

#endif
