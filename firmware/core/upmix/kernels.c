/*
 * The filters of the upmix in plain C, as docs/arithmetic.md defines them, for the host and for cores without
 * a DSP extension.
 */
#include "upmix/kernels.h"

#if !defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)

#define HALF_WORD (1LL << 31)

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
