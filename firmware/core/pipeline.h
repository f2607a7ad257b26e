/*
 * Samples in, driver channels out: upmix, then the FIR matrix. The caller owns the state; nothing else is
 * kept.
 */
#ifndef PS_PIPELINE_H
#define PS_PIPELINE_H

#include <stdint.h>

#include "fir.h"
#include "protocol.h"
#include "upmix.h"

/* Where samples enter: L, R ahead of the upmix, or the three buses themselves. */
typedef enum {
    PS_PIPELINE_PROGRAM = PS_ENTRY_PROGRAM,
    PS_PIPELINE_FILTERS = PS_ENTRY_FILTERS,
} ps_entry_t;

typedef struct {
    const ps_design_t *design;
    ps_entry_t entry;
    uint32_t frames; /* of the last block: it stays in the buses, where tap.h looks at it, until the next */
    ps_upmix_t upmix;
    ps_bus_t buses[PS_INPUTS];
    ps_fir_scratch_t scratch;
} ps_pipeline_t;

/* Silence in every history, and the upmix as at power-on. Returns PS_OK, PS_E_ENTRY or PS_E_DESIGN. */
int ps_pipeline_reset(ps_pipeline_t *pipeline, const ps_design_t *design, uint32_t entry);

/* Channels of the input at an entry: 2, 3, or 0 where there is no such entry. */
uint32_t ps_pipeline_channels(uint32_t entry);

/*
 * in: interleaved, ps_pipeline_channels() samples a frame; out: interleaved, PS_DRIVERS samples a frame.
 * The output does not depend on how the input is cut into blocks.
 * Returns PS_OK, or PS_E_LENGTH if `frames` exceeds PS_BLOCK_SAMPLES; then nothing has changed.
 */
int ps_pipeline_process(ps_pipeline_t *pipeline, const ps_sample_t *in, ps_sample_t *out, uint32_t frames);

#endif
