/*
 * Sums become signals of drivers, four at a time (Cortex-M55). The words of a sum lie in two vectors. Helium
 * has no 64-bit addition, so that a comparison finds the carry.
 */
#include "dsp/shift.h"

#if defined(__ARM_FEATURE_MVE)

#include <arm_mve.h>

#define LANES 4u

/* Four sums: lower and upper words. */
typedef struct {
    uint32x4_t low;
    uint32x4_t high;
} sums_t;

/* All bits of the magnitudes in each lane, and of what exceeds 32 bits. */
typedef struct {
    uint32x4_t bits;
    uint32x4_t beyond;
} reach_t;

static inline sums_t load(const int64_t *from)
{
    const uint32x4x2_t words = vld2q_u32((const uint32_t *)(const void *)from);

    return (sums_t){words.val[0], words.val[1]};
}

static inline sums_t add(sums_t a, sums_t b)
{
    const uint32x4_t low = vaddq_u32(a.low, b.low);
    const uint32x4_t high = vaddq_u32(a.high, b.high);

    return (sums_t){low, vaddq_m_n_u32(high, high, 1, vcmphiq_u32(a.low, low))};
}

static inline sums_t subtract(sums_t a, sums_t b)
{
    const uint32x4_t high = vsubq_u32(a.high, b.high);

    return (sums_t){vsubq_u32(a.low, b.low), vsubq_m_n_u32(high, high, 1, vcmphiq_u32(b.low, a.low))};
}

/* Shifts and writes the first `count` of four sums. */
static inline void shift_to(ps_wide_t *to, sums_t sum, int32_t shift, uint32_t count, reach_t *reach)
{
    const uint32x4_t low = vorrq_u32(vshlq_r_u32(sum.low, -shift), vshlq_r_u32(sum.high, 32 - shift));
    const uint32x4_t high = vreinterpretq_u32_s32(vshlq_r_s32(vreinterpretq_s32_u32(sum.high), -shift));
    const uint32x4_t sign = vreinterpretq_u32_s32(vshrq_n_s32(vreinterpretq_s32_u32(low), 31));
    const mve_pred16_t valid = vctp32q(count);

    reach->bits = vorrq_m_u32(reach->bits, reach->bits, veorq_u32(low, sign), valid);
    if (sizeof(ps_wide_t) == sizeof(int32_t)) {
        vst1q_p_u32((uint32_t *)(void *)to, low, valid);
        return;
    }
    reach->beyond = vorrq_m_u32(reach->beyond, reach->beyond, veorq_u32(high, sign), valid);
    const uint32x4_t to_words = vshlq_n_u32(vidupq_n_u32(0, 1), 1);

    vstrwq_scatter_shifted_offset_p_u32((uint32_t *)(void *)to, to_words, low, valid);
    vstrwq_scatter_shifted_offset_p_u32((uint32_t *)(void *)to + 1, to_words, high, valid);
}

static uint32_t any(uint32x4_t bits)
{
    return vgetq_lane_u32(bits, 0) | vgetq_lane_u32(bits, 1) | vgetq_lane_u32(bits, 2) |
           vgetq_lane_u32(bits, 3);
}

static uint32_t reached(reach_t reach)
{
    return any(reach.beyond) != 0 ? UINT32_MAX : any(reach.bits);
}

uint32_t ps_shift_sums(ps_wide_t *to, const int64_t *sum, uint32_t shift, uint32_t frames)
{
    reach_t reach = {vdupq_n_u32(0), vdupq_n_u32(0)};

    for (uint32_t n = 0; n < frames; n += LANES) {
        shift_to(to + n, load(sum + n), (int32_t)shift, frames - n, &reach);
    }
    return reached(reach);
}

void ps_shift_pairs(ps_wide_t *plus, ps_wide_t *minus, const int64_t *common, const int64_t *difference,
                    uint32_t shift, uint32_t frames, uint32_t *plus_reach, uint32_t *minus_reach)
{
    reach_t of_plus = {vdupq_n_u32(0), vdupq_n_u32(0)};
    reach_t of_minus = of_plus;

    for (uint32_t n = 0; n < frames; n += LANES) {
        const sums_t a = load(common + n);
        const sums_t b = load(difference + n);

        shift_to(plus + n, add(a, b), (int32_t)shift, frames - n, &of_plus);
        shift_to(minus + n, subtract(a, b), (int32_t)shift, frames - n, &of_minus);
    }
    *plus_reach = reached(of_plus);
    *minus_reach = reached(of_minus);
}

#endif
