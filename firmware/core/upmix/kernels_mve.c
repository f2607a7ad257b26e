/*
 * The filters of the upmix for Helium (Cortex-M55): four 32-bit products an instruction.
 */
#include "upmix/kernels.h"

#if defined(__ARM_FEATURE_MVE)

#include <arm_mve.h>

#define HALF_WORD (1LL << 31)
#define LANES     4u

/* Offsets of four elements that run backwards, so many words apart. */
static inline uint32x4_t backwards(uint32_t words)
{
    return vmulq_n_u32(vddupq_n_u32(LANES - 1u, 1), words);
}

void ps_upmix_decimate(ps_upmix_pair_t *low, const int32_t *taps, const ps_upmix_pair_t *full)
{
    int64_t mid = HALF_WORD;
    int64_t side = HALF_WORD;
    uint32_t k = 0;

    for (; k + LANES <= PS_UPMIX_RATE_TAPS; k += LANES) {
        const int32x4_t c = vld1q_s32(taps + k);
        const int32x4x2_t pairs = vld2q_s32(&full[k].mid);

        mid = vmlaldavaq_s32(mid, c, pairs.val[0]);
        side = vmlaldavaq_s32(side, c, pairs.val[1]);
    }
    for (; k < PS_UPMIX_RATE_TAPS; k++) {
        mid += (int64_t)taps[k] * full[k].mid;
        side += (int64_t)taps[k] * full[k].side;
    }
    low->mid = (int32_t)(mid >> 32);
    low->side = (int32_t)(side >> 32);
}

void ps_upmix_filter_low(ps_upmix_centre_t *centre, const ps_upmix_tap_t *taps, const ps_upmix_pair_t *oldest,
                         const ps_upmix_pair_t *newest)
{
    const uint32x4_t offsets = backwards(2);
    int64_t before = HALF_WORD;
    int64_t after = HALF_WORD;
    uint32_t k = 0;

    for (; k + LANES < PS_UPMIX_LOW_HALF; k += LANES) {
        const ps_upmix_pair_t *newer = newest - k - (LANES - 1u);
        const int32x4x2_t older = vld2q_s32(&oldest[k].mid);
        const int32x4x4_t c = vld4q_s32(&taps[k].mid_before);
        const int32x4_t mid = vaddq_s32(older.val[0], vldrwq_gather_shifted_offset_s32(&newer->mid, offsets));
        const int32x4_t side =
            vaddq_s32(older.val[1], vldrwq_gather_shifted_offset_s32(&newer->side, offsets));

        before = vmlaldavaq_s32(vmlaldavaq_s32(before, c.val[0], mid), c.val[1], side);
        after = vmlaldavaq_s32(vmlaldavaq_s32(after, c.val[2], mid), c.val[3], side);
    }
    for (; k < PS_UPMIX_LOW_HALF; k++) {
        const ps_upmix_pair_t *newer = newest - k;
        const int is_centre = k == PS_UPMIX_LOW_HALF - 1;
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
    const uint32x4_t offsets = backwards(1);

#pragma GCC unroll 2
    for (uint32_t k = 0; k < PS_UPMIX_PHASE_TAPS; k += LANES) {
        const int32x4_t samples = vldrwq_gather_shifted_offset_s32(newest - k - (LANES - 1u), offsets);
        const int32x4x4_t c = vld4q_s32(phases[k]);

        sums[0] = vmlaldavaq_s32(sums[0], c.val[0], samples);
        sums[1] = vmlaldavaq_s32(sums[1], c.val[1], samples);
        sums[2] = vmlaldavaq_s32(sums[2], c.val[2], samples);
        sums[3] = vmlaldavaq_s32(sums[3], c.val[3], samples);
    }
}

_Static_assert(PS_UPMIX_DECIMATION == LANES && PS_UPMIX_PHASE_TAPS % LANES == 0, "one lane a phase");

#endif
