/*
 * The inner loops of the upmix. Each has one definition in plain C and one for each kind of core. They
 * agree in every bit.
 */
#ifndef PS_UPMIX_KERNELS_H
#define PS_UPMIX_KERNELS_H

#include <stdint.h>

#include "design.h"
#include "upmix/sizes.h"
#include "upmix/tables.h"

#define PS_UPMIX_SAMPLE_SHIFT (32 - 8 * (int)sizeof(ps_sample_t)) /* to Q0.31 */

static inline int32_t ps_to_q31(ps_sample_t sample)
{
    return (int32_t)sample * (1 << PS_UPMIX_SAMPLE_SHIFT);
}

/* floor((a + b) / 2) without the 33rd bit */
static inline int32_t ps_half_sum(int32_t a, int32_t b)
{
    return (a & b) + ((a ^ b) >> 1);
}

/* floor((a - b) / 2) = ceil((a + ~b) / 2) */
static inline int32_t ps_half_difference(int32_t a, int32_t b)
{
    return (a | ~b) - ((a ^ ~b) >> 1);
}

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

/*
 * The 64-point transform: radix 4, decimation in time. The input is Q.22 with |re| + |im| < 1.4 and a window
 * of mean 1/2. Every intermediate value then stays below 64 * 0.7 * 2^22 < 2^28.
 *
 * A number of it is mid (re) and side (im).
 */
typedef struct {
    int32_t re;
    int32_t im;
} ps_upmix_complex_t;

/* Mid and side of stereo frames, Q0.31: floor((L + R) / 2) and floor((L - R) / 2). */
void ps_upmix_halve(ps_upmix_pair_t *pairs, const ps_sample_t *stereo, uint32_t frames);

/* The four outputs of a butterfly of radix 4, `span` apart. */
static inline void ps_upmix_butterfly(ps_upmix_complex_t *x, uint32_t span, ps_upmix_complex_t x0,
                                      ps_upmix_complex_t x1, ps_upmix_complex_t x2, ps_upmix_complex_t x3)
{
    const ps_upmix_complex_t sum = {x0.re + x2.re, x0.im + x2.im};
    const ps_upmix_complex_t difference = {x0.re - x2.re, x0.im - x2.im};
    const ps_upmix_complex_t odd = {x1.re + x3.re, x1.im + x3.im};
    const ps_upmix_complex_t turned = {x1.im - x3.im, x3.re - x1.re}; /* -i (x1 - x3) */

    x[0] = (ps_upmix_complex_t){sum.re + odd.re, sum.im + odd.im};
    x[span] = (ps_upmix_complex_t){difference.re + turned.re, difference.im + turned.im};
    x[2 * span] = (ps_upmix_complex_t){sum.re - odd.re, sum.im - odd.im};
    x[3 * span] = (ps_upmix_complex_t){difference.re - turned.re, difference.im - turned.im};
}

#define PS_UPMIX_WEIGHT_SHIFT 21 /* Q3.28 x Q0.15 -> Q.22 */

/* Windows PS_UPMIX_WINDOW low-rate pairs, Q3.28, to Q.22, and makes the first stage of their transform. It
 * reads the pairs in the order of reversed base-4 digits. */
void ps_upmix_first_stage(ps_upmix_complex_t *x, const ps_upmix_pair_t *low);

/* Makes the other stages. */
void ps_upmix_later_stages(ps_upmix_complex_t *x);

/* Makes the low-rate filter of the gains of each band less those of the top band. The filter that was `after`
 * becomes `before`. */
void ps_upmix_mix(ps_upmix_tap_t *taps, const int32_t *mid_gains, const int32_t *side_gains);

#endif
