/*
 * Reads the last block at any stage of the pipeline, so that a difference at the output is found where it
 * starts. It costs the pipeline nothing: what is not stored is computed again.
 */
#ifndef PS_TAP_H
#define PS_TAP_H

#include <stdint.h>

#include "pipeline/pipeline.h"

/*
 * The last block at one stage (PS_STAGE_...), one channel of it:
 *
 *   BUS            index: bus                     the input of the equalisers, behind upmix and volume
 *   EQUALISED      index: bus                     the bus behind its equaliser, or itself without one
 *   PATH           index: sum * PS_INPUTS + bus   the path's share of the sum, at the sum's scale
 *   SUM            index: sum                     one sum of the FIR matrix
 *   DRIVER_SIGNAL  index: driver                  the driver's signal ahead of its limiter
 *   OUTPUT         index: driver                  from `out`, which still holds the block's output
 *
 * Writes frames first ... first + count - 1 to `to`. Returns PS_OK, or PS_E_RANGE where there is no such
 * stage, channel or frame.
 */
int ps_tap_read(ps_pipeline_t *pipeline, const ps_sample_t *out, uint32_t stage, uint32_t index,
                uint32_t first, uint32_t count, int64_t *to);

#endif
