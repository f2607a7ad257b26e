/*
 * Stereo to left, right and centre. docs/arithmetic.md, "Upmix", has the arithmetic.
 */
#ifndef PS_UPMIX_H
#define PS_UPMIX_H

#include <stdint.h>

#include "design.h"
#include "upmix/analysis.h"
#include "upmix/tables.h"

typedef struct {
    ps_sample_t left;
    ps_sample_t right;
} ps_upmix_frame_t;

/* Past first, then the samples of the hop under way. */
typedef struct {
    uint32_t position; /* samples into the hop */
    ps_upmix_gains_t before;
    ps_upmix_gains_t after;
    ps_upmix_analysis_t analysis;
    ps_upmix_tap_t taps[PS_UPMIX_LOW_HALF];
    ps_upmix_frame_t stereo[PS_UPMIX_DELAY + PS_UPMIX_HOP];
    ps_upmix_pair_t full[PS_UPMIX_RATE_TAPS - 1 + PS_UPMIX_HOP];  /* at the full rate, Q0.31 */
    int32_t filtered[PS_UPMIX_PHASE_TAPS - 1 + PS_UPMIX_LOW_HOP]; /* the centre at the low rate, Q5.26 */
    int64_t interpolated[PS_UPMIX_DECIMATION]; /* the centre up to the next low-rate sample, Q.53 */
} ps_upmix_t;

/* Resets to silence. */
void ps_upmix_reset(ps_upmix_t *upmix);

/*
 * Splits interleaved L, R into the three buses, PS_UPMIX_DELAY samples later. For every input |L'|, |R'|, |C|
 * stay within full scale. L' + C = L and R' + C = R hold to the last bit. The output does not depend on how
 * the input is cut into calls.
 */
void ps_upmix_process(ps_upmix_t *upmix, const ps_sample_t *stereo, ps_sample_t *left, ps_sample_t *right,
                      ps_sample_t *centre, uint32_t frames);

#endif
