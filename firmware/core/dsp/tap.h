/*
 * Looks into the pipeline: the values of the last block at each of its stages, so that a difference at the
 * output is found where it starts. Costs the pipeline nothing: what is not kept anyway is computed again.
 */
#ifndef PS_TAP_H
#define PS_TAP_H

#include <stdint.h>

#include "dsp/pipeline.h"

/*
 * The last block at one stage (PS_STAGE_...), one channel of it:
 *
 *   BUS         index: bus                     what the filters see, behind upmix, volume and rotation
 *   EQUALISED   index: bus                     behind the bus's equaliser, or the bus where it has none
 *   PATH        index: sum * PS_INPUTS + bus   the path's share of the sum, at the sum's scale
 *   SUM         index: sum                     ahead of all that makes drivers of sums
 *   DRIVER_SIGNAL  index: driver               before its limiter
 *   OUTPUT      index: driver                  from `out`, where the block's output still lies
 *
 * Writes frames first ... first + count - 1 to `to`. Returns PS_OK, or PS_E_RANGE where there is no such
 * stage, channel or frame.
 */
int ps_tap_read(ps_pipeline_t *pipeline, const ps_sample_t *out, uint32_t stage, uint32_t index,
                uint32_t first, uint32_t count, int64_t *to);

#endif
