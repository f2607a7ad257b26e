#include "upmix/analysis.h"

/* Right shifts of negative numbers are arithmetic (floor): GCC documents so ("Integers implementation"). */

#define GAIN_STEP_MAX    8192   /* 1/4 a hop */
#define SMOOTHING_SHIFT  4      /* P += (p - P) / 16 each hop */
#define SIDE_FLOOR_SHIFT 16     /* side below -48 dB of mid is an imperfect centre */
#define RATIO_ONE        65536u /* 1 in Q0.16 */
#define TOP_SHIFT        6      /* Q3.28 -> Q.22, as the transform's input */

/* Separates mid and side, times two, by symmetry: the spectrum of a real signal has conjugate halves. */
static ps_upmix_powers_t band_powers(const ps_upmix_complex_t *spectrum, uint32_t from, uint32_t to)
{
    ps_upmix_powers_t sum = {0, 0, 0};

    for (uint32_t k = from; k < to; k++) {
        const ps_upmix_complex_t a = spectrum[k];
        const ps_upmix_complex_t b = spectrum[PS_UPMIX_WINDOW - k];
        const ps_upmix_complex_t mid = {a.re + b.re, a.im - b.im};
        const ps_upmix_complex_t side = {a.im + b.im, b.re - a.re};

        sum.mid += (int64_t)mid.re * mid.re + (int64_t)mid.im * mid.im;
        sum.side += (int64_t)side.re * side.re + (int64_t)side.im * side.im;
        sum.cross += (int64_t)mid.re * side.re + (int64_t)mid.im * side.im;
    }
    return sum;
}

static void smooth(ps_upmix_powers_t *state, const ps_upmix_powers_t *of_hop)
{
    state->mid += (of_hop->mid >> SMOOTHING_SHIFT) - (state->mid >> SMOOTHING_SHIFT);
    state->side += (of_hop->side >> SMOOTHING_SHIFT) - (state->side >> SMOOTHING_SHIFT);
    state->cross += (of_hop->cross >> SMOOTHING_SHIFT) - (state->cross >> SMOOTHING_SHIFT);
}

/*
 * numerator / denominator in Q0.16, at most 1, by one 32-bit division. The error is at most 2^-15 of the
 * result upwards, or one unit downwards.
 */
static uint32_t ratio(uint64_t numerator, uint64_t denominator)
{
    if (numerator >= denominator) {
        return RATIO_ONE;
    }
    const int zeros = __builtin_clzll(denominator);
    const uint32_t quotient = (uint32_t)(numerator << zeros >> 32) / (uint32_t)(denominator << zeros >> 48);

    return quotient < RATIO_ONE ? quotient : RATIO_ONE;
}

/* The Wiener gain of the centre, from the part of mid that side does not explain: designer/dsp/upmix.py. */
static void target_gains(const ps_upmix_powers_t *powers, int32_t *mid_gain, int32_t *side_gain)
{
    if (powers->side >= powers->mid) {
        *mid_gain = 0;
        *side_gain = 0;
        return;
    }
    const uint64_t mid = (uint64_t)powers->mid;
    const uint64_t side = (uint64_t)powers->side + (mid >> SIDE_FLOOR_SHIFT) + 1;
    const uint64_t cross = (uint64_t)(powers->cross < 0 ? -powers->cross : powers->cross);
    const uint32_t side_to_mid = ratio((uint64_t)powers->side, mid);
    const uint32_t cross_to_mid = ratio(cross, mid);
    uint32_t slope;
    uint32_t coherence;
    int32_t left_over;

    if (cross < side) {
        slope = ratio(cross, side);
        coherence = (uint32_t)((uint64_t)cross_to_mid * slope >> 16);
        left_over = (int32_t)(RATIO_ONE - coherence);
    } else {
        slope = RATIO_ONE;
        coherence = ratio(cross_to_mid, ratio(side, cross));
        left_over = (int32_t)RATIO_ONE - 2 * (int32_t)cross_to_mid + (int32_t)side_to_mid;
        left_over = left_over < 1 ? 1 : left_over;
    }
    const uint32_t wiener = ratio(RATIO_ONE - side_to_mid, (uint32_t)left_over);
    uint32_t off_centre = 2 * (RATIO_ONE - coherence);

    off_centre = off_centre < RATIO_ONE ? off_centre : RATIO_ONE;
    const uint32_t gain = (wiener >> 1) * off_centre >> 16; /* Q0.15; the product is at most 2^31 */
    const int32_t product = (int32_t)(gain * slope >> 16);

    *mid_gain = (int32_t)gain;
    *side_gain = powers->cross < 0 ? -product : product;
}

static int32_t slewed(int32_t gain, int32_t target)
{
    const int32_t step = target - gain;

    if (step > GAIN_STEP_MAX) {
        return gain + GAIN_STEP_MAX;
    }
    return step < -GAIN_STEP_MAX ? gain - GAIN_STEP_MAX : target;
}

void ps_upmix_hear_top(ps_upmix_analysis_t *analysis, int32_t mid, int32_t side)
{
    mid >>= TOP_SHIFT;
    side >>= TOP_SHIFT;
    analysis->top.mid += (int64_t)mid * mid;
    analysis->top.side += (int64_t)side * side;
    analysis->top.cross += (int64_t)mid * side;
}

void ps_upmix_decide(ps_upmix_analysis_t *analysis, uint32_t newest, const ps_upmix_gains_t *so_far,
                     ps_upmix_gains_t *gains)
{
    const uint8_t *bins = ps_upmix_tables.band_bins;

    ps_upmix_first_stage(analysis->spectrum, analysis->low + newest - PS_UPMIX_WINDOW);
    ps_upmix_later_stages(analysis->spectrum);
    for (uint32_t b = 0; b <= PS_UPMIX_BANDS; b++) {
        const ps_upmix_powers_t of_hop =
            b < PS_UPMIX_BANDS ? band_powers(analysis->spectrum, bins[b], bins[b + 1]) : analysis->top;
        int32_t mid;
        int32_t side;

        smooth(&analysis->smoothed[b], &of_hop);
        target_gains(&analysis->smoothed[b], &mid, &side);
        gains->mid[b] = slewed(so_far->mid[b], mid);
        gains->side[b] = slewed(so_far->side[b], side);
    }
    analysis->top = (ps_upmix_powers_t){0, 0, 0};
}
