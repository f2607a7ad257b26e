/*
 * The inner loops of the upmix in plain C, as docs/arithmetic.md defines them. The assembler has three of
 * them for the Cortex-M4, and Helium all.
 */
#include "upmix/kernels.h"

#define HALF_WORD (1LL << 31)

#if !defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)

void ps_upmix_decimate(ps_upmix_pair_t *low, const int32_t *taps, const ps_upmix_pair_t *full)
{
    int64_t mid = HALF_WORD; /* Q.60, |sum| < 1.4 */
    int64_t side = HALF_WORD;

    for (uint32_t k = 0; k < PS_UPMIX_RATE_TAPS; k++) {
        mid += (int64_t)taps[k] * full[k].mid;
        side += (int64_t)taps[k] * full[k].side;
    }
    low->mid = (int32_t)(mid >> 32);
    low->side = (int32_t)(side >> 32);
}

/* Q1.30 x Q3.28 -> Q.58, |sum| < 18: proved from the tables by designer/fixedpoint/proof/upmix.py */
void ps_upmix_filter_low(ps_upmix_centre_t *centre, const ps_upmix_tap_t *taps, const ps_upmix_pair_t *oldest,
                         const ps_upmix_pair_t *newest)
{
    int64_t before = HALF_WORD;
    int64_t after = HALF_WORD;

    for (uint32_t k = 0; k < PS_UPMIX_LOW_HALF; k++) {
        const ps_upmix_pair_t *newer = newest - k;
        const int is_centre = oldest + k == newer;
        const int32_t mid = oldest[k].mid + (is_centre ? 0 : newer->mid);
        const int32_t side = oldest[k].side + (is_centre ? 0 : newer->side);

        before += (int64_t)taps[k].mid_before * mid + (int64_t)taps[k].side_before * side;
        after += (int64_t)taps[k].mid_after * mid + (int64_t)taps[k].side_after * side;
    }
    centre->before = (int32_t)(before >> 32);
    centre->after = (int32_t)(after >> 32);
}

void ps_upmix_interpolate(int64_t *sums, const int32_t phases[][PS_UPMIX_DECIMATION], const int32_t *newest)
{
    for (uint32_t k = 0; k < PS_UPMIX_PHASE_TAPS; k++) {
        for (uint32_t phase = 0; phase < PS_UPMIX_DECIMATION; phase++) {
            sums[phase] += (int64_t)phases[k][phase] * *(newest - k);
        }
    }
}

#endif

#if !defined(__ARM_FEATURE_MVE)

void ps_upmix_halve(ps_upmix_pair_t *pairs, const ps_sample_t *stereo, uint32_t frames)
{
    for (; frames != 0; frames--) {
        const int32_t left = ps_to_q31(*stereo++);
        const int32_t right = ps_to_q31(*stereo++);

        *pairs++ = (ps_upmix_pair_t){ps_half_sum(left, right), ps_half_difference(left, right)};
    }
}

static inline ps_upmix_complex_t windowed(const ps_upmix_pair_t *low, uint32_t n)
{
    const int32_t weight = ps_upmix_tables.window[n] << (32 - PS_UPMIX_WEIGHT_SHIFT);

    return (ps_upmix_complex_t){
        (int32_t)((HALF_WORD + (int64_t)low[n].mid * weight) >> 32),
        (int32_t)((HALF_WORD + (int64_t)low[n].side * weight) >> 32),
    };
}

void ps_upmix_first_stage(ps_upmix_complex_t *x, const ps_upmix_pair_t *low)
{
    const uint32_t apart = PS_UPMIX_WINDOW / 4;

    for (uint32_t digit = 0; digit < 4; digit++) {
        for (uint32_t n = digit; n < apart; n += 4) {
            ps_upmix_butterfly(x, 1, windowed(low, n), windowed(low, n + apart), windowed(low, n + 2 * apart),
                               windowed(low, n + 3 * apart));
            x += 4;
        }
    }
}

/* floor((a * x + b * y) / 2^30 + 1/2). Times 4, x and y still fit 32 bits, and the result is the upper word.
 */
static inline int32_t rotated(int32_t a, int32_t x, int32_t b, int32_t y)
{
    return (int32_t)((HALF_WORD + (int64_t)a * (int64_t)(x * 4) + (int64_t)b * (int64_t)(y * 4)) >> 32);
}

static inline ps_upmix_complex_t rotate(ps_upmix_complex_t x, const int32_t twiddle[2])
{
    return (ps_upmix_complex_t){
        rotated(twiddle[0], x.re, -twiddle[1], x.im),
        rotated(twiddle[1], x.re, twiddle[0], x.im),
    };
}

/* The first butterfly of each stage has no rotation. */
void ps_upmix_later_stages(ps_upmix_complex_t *x)
{
    for (uint32_t span = 4; span < PS_UPMIX_WINDOW; span *= 4) {
        const uint32_t step = PS_UPMIX_WINDOW / (4 * span);

        for (ps_upmix_complex_t *at = x; at < x + PS_UPMIX_WINDOW; at += 4 * span) {
            ps_upmix_butterfly(at, span, at[0], at[span], at[2 * span], at[3 * span]);
        }
        for (uint32_t k = 1; k < span; k++) {
            const int32_t(*w)[2] = ps_upmix_tables.twiddles;

            for (ps_upmix_complex_t *at = x + k; at < x + PS_UPMIX_WINDOW; at += 4 * span) {
                ps_upmix_butterfly(at, span, at[0], rotate(at[span], w[k * step]),
                                   rotate(at[2 * span], w[2 * k * step]),
                                   rotate(at[3 * span], w[3 * k * step]));
            }
        }
    }
}

void ps_upmix_mix(ps_upmix_tap_t *taps, const int32_t *mid_gains, const int32_t *side_gains)
{
    for (uint32_t k = 0; k < PS_UPMIX_LOW_HALF; k++) {
        const int16_t *prototype = ps_upmix_tables.prototypes[k];
        int32_t mid = 0; /* Q0.15 x Q0.15 -> Q1.30 */
        int32_t side = 0;

#pragma GCC unroll 6
        for (uint32_t b = 0; b < PS_UPMIX_BANDS; b++) {
            mid += mid_gains[b] * prototype[b];
            side += side_gains[b] * prototype[b];
        }
        taps[k] = (ps_upmix_tap_t){taps[k].mid_after, taps[k].side_after, mid, side};
    }
}

#endif
