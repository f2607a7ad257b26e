/*
 * The three filters of the upmix. Each has one definition in plain C and one for each kind of core. They
 * agree in every bit.
 */
#ifndef PS_UPMIX_KERNELS_H
#define PS_UPMIX_KERNELS_H

#include <stdint.h>

#include "upmix/sizes.h"

/* One sample of mid and of side. */
typedef struct {
    int32_t mid;
    int32_t side;
} ps_upmix_pair_t;

/* Taps of one lag for the gains before and after the hop, side by side for the inner loop: Q1.30. */
typedef struct {
    int32_t mid_before;
    int32_t side_before; /* negative: the side is subtracted */
    int32_t mid_after;
    int32_t side_after;
} ps_upmix_tap_t;

/* Makes one pair at the low rate, Q3.28, of PS_UPMIX_RATE_TAPS pairs at the full rate, Q0.31. Taps are
 * Q0.29. They are symmetric, so that they do not run backwards. The sum is rounded. */
void ps_upmix_decimate(ps_upmix_pair_t *low, const int32_t *taps, const ps_upmix_pair_t *full);

/* The centre at the low rate, Q.26, for the gains before and after the hop. */
typedef struct {
    int32_t before;
    int32_t after;
} ps_upmix_centre_t;

/* Filters PS_UPMIX_LOW_TAPS pairs at the low rate, Q3.28, from `oldest` to `newest`. Two pairs share a tap,
 * because the phase is linear. The sums are rounded. */
void ps_upmix_filter_low(ps_upmix_centre_t *centre, const ps_upmix_tap_t *taps, const ps_upmix_pair_t *oldest,
                         const ps_upmix_pair_t *newest);

/* Adds the centre at the full rate, Q.53, to one sum for each sample up to the next low-rate one. `newest` is
 * the newest low-rate sample, Q5.26. Q0.29 x Q5.26 is Q.55, and times 4 for the rate is Q.53. */
void ps_upmix_interpolate(int64_t *sums, const int32_t phases[][PS_UPMIX_DECIMATION], const int32_t *newest);

#endif
