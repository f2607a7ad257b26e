/*
 * The inner loops of the upmix for Helium (Cortex-M55): four 32-bit products an instruction.
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
#pragma GCC unroll 4
    for (; k < PS_UPMIX_LOW_HALF - 1; k++) {
        const int32_t mid = oldest[k].mid + (newest - k)->mid;
        const int32_t side = oldest[k].side + (newest - k)->side;

        before += (int64_t)taps[k].mid_before * mid;
        before += (int64_t)taps[k].side_before * side;
        after += (int64_t)taps[k].mid_after * mid;
        after += (int64_t)taps[k].side_after * side;
    }
    before += (int64_t)taps[k].mid_before * oldest[k].mid;
    before += (int64_t)taps[k].side_before * oldest[k].side;
    after += (int64_t)taps[k].mid_after * oldest[k].mid;
    after += (int64_t)taps[k].side_after * oldest[k].side;
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

void ps_upmix_halve(ps_upmix_pair_t *pairs, const ps_sample_t *stereo, uint32_t frames)
{
    if (sizeof(ps_sample_t) == sizeof(int32_t)) {
        for (; frames >= LANES; frames -= LANES) {
            const int32x4x2_t from = vld2q_s32((const int32_t *)(const void *)stereo);
            const int32x4x2_t to = {
                {vhaddq_s32(from.val[0], from.val[1]), vhsubq_s32(from.val[0], from.val[1])}};

            vst2q_s32(&pairs->mid, to);
            stereo += 2 * LANES;
            pairs += LANES;
        }
    }
    for (; frames != 0; frames--) {
        const int32_t left = ps_to_q31(*stereo++);
        const int32_t right = ps_to_q31(*stereo++);

        *pairs++ = (ps_upmix_pair_t){ps_half_sum(left, right), ps_half_difference(left, right)};
    }
}

/* Four consecutive samples in the window. The high half of a product is rounded as the definition does. */
static inline int32x4x2_t windowed(const ps_upmix_pair_t *low, uint32_t n)
{
    const int32x4_t weight = vshlq_n_s32(vreinterpretq_s32_u32(vldrhq_u32(&ps_upmix_tables.window[n])),
                                         32 - PS_UPMIX_WEIGHT_SHIFT);
    int32x4x2_t pairs = vld2q_s32(&low[n].mid);

    pairs.val[0] = vrmulhq_s32(pairs.val[0], weight);
    pairs.val[1] = vrmulhq_s32(pairs.val[1], weight);
    return pairs;
}

/* Writes one output of four butterflies, which lie a quarter of the window apart. */
static inline void scatter(ps_upmix_complex_t *x, uint32x4_t offsets, int32x4_t re, int32x4_t im)
{
    vstrwq_scatter_shifted_offset_s32(&x->re, offsets, re);
    vstrwq_scatter_shifted_offset_s32(&x->im, offsets, im);
}

void ps_upmix_first_stage(ps_upmix_complex_t *x, const ps_upmix_pair_t *low)
{
    const uint32_t apart = PS_UPMIX_WINDOW / 4;
    const uint32x4_t offsets =
        vshlq_n_u32(vidupq_n_u32(0, 1), 5); /* of PS_UPMIX_WINDOW / 4 pairs, in words */

    for (uint32_t n = 0; n < apart; n += LANES) {
        const int32x4x2_t x0 = windowed(low, n);
        const int32x4x2_t x2 = windowed(low, n + 2 * apart);
        const int32x4_t sum_re = vaddq_s32(x0.val[0], x2.val[0]);
        const int32x4_t sum_im = vaddq_s32(x0.val[1], x2.val[1]);
        const int32x4_t difference_re = vsubq_s32(x0.val[0], x2.val[0]);
        const int32x4_t difference_im = vsubq_s32(x0.val[1], x2.val[1]);
        const int32x4x2_t x1 = windowed(low, n + apart);
        const int32x4x2_t x3 = windowed(low, n + 3 * apart);
        const int32x4_t odd_re = vaddq_s32(x1.val[0], x3.val[0]);
        const int32x4_t odd_im = vaddq_s32(x1.val[1], x3.val[1]);
        const int32x4_t turned_re = vsubq_s32(x1.val[1], x3.val[1]); /* -i (x1 - x3) */
        const int32x4_t turned_im = vsubq_s32(x3.val[0], x1.val[0]);

        scatter(x, offsets, vaddq_s32(sum_re, odd_re), vaddq_s32(sum_im, odd_im));
        scatter(x + 1, offsets, vaddq_s32(difference_re, turned_re), vaddq_s32(difference_im, turned_im));
        scatter(x + 2, offsets, vsubq_s32(sum_re, odd_re), vsubq_s32(sum_im, odd_im));
        scatter(x + 3, offsets, vsubq_s32(difference_re, turned_re), vsubq_s32(difference_im, turned_im));
        x += 4;
    }
}

_Static_assert(PS_UPMIX_WINDOW / 4 * 2 == 1 << 5, "the lanes of the first stage lie a quarter apart");

/* Four complex numbers, or the twiddles of four butterflies. */
static inline int32x4x2_t at_offsets(const int32_t *numbers, uint32x4_t offsets)
{
    const int32x4x2_t found = {{vldrwq_gather_shifted_offset_s32(numbers, offsets),
                                vldrwq_gather_shifted_offset_s32(numbers + 1, offsets)}};

    return found;
}

/* The upper word of a * x + b * y + 2^31. The lower words give two carries. */
static inline int32x4_t rotated(int32x4_t a, int32x4_t x, int32x4_t b, int32x4_t y)
{
    const uint32x4_t low_ax = vreinterpretq_u32_s32(vmulq_s32(a, x));
    const uint32x4_t low = vaddq_u32(low_ax, vreinterpretq_u32_s32(vmulq_s32(b, y)));
    const int32x4_t high = vaddq_s32(vmulhq_s32(a, x), vmulhq_s32(b, y));
    const int32x4_t rounded = vaddq_s32(high, vreinterpretq_s32_u32(vshrq_n_u32(low, 31)));

    return vaddq_m_n_s32(rounded, rounded, 1, vcmphiq_u32(low_ax, low));
}

static inline int32x4x2_t rotate(const ps_upmix_complex_t *x, int32x4x2_t twiddle)
{
    const int32x4x2_t from = vld2q_s32(&x->re);
    const int32x4_t re = vshlq_n_s32(from.val[0], 2);
    const int32x4_t im = vshlq_n_s32(from.val[1], 2);
    const int32x4x2_t to = {{rotated(twiddle.val[0], re, vnegq_s32(twiddle.val[1]), im),
                             rotated(twiddle.val[1], re, twiddle.val[0], im)}};

    return to;
}

static inline int32x4x2_t sum_of(int32x4x2_t a, int32x4x2_t b)
{
    const int32x4x2_t sum = {{vaddq_s32(a.val[0], b.val[0]), vaddq_s32(a.val[1], b.val[1])}};

    return sum;
}

static inline int32x4x2_t difference_of(int32x4x2_t a, int32x4x2_t b)
{
    const int32x4x2_t difference = {{vsubq_s32(a.val[0], b.val[0]), vsubq_s32(a.val[1], b.val[1])}};

    return difference;
}

/* Writes four numbers. GCC 12 would step the pointer in a way that VST2 does not have, if it knew it. */
static inline void store(ps_upmix_complex_t *to, int32x4x2_t numbers)
{
    __asm("" : "+r"(to));
    vst2q_s32(&to->re, numbers);
}

/* Four butterflies next to one another. Without a rotation the twiddle is 1, which changes no bit. */
static inline void four_butterflies(ps_upmix_complex_t *x, uint32_t span, int32x4x2_t w1, int32x4x2_t w2,
                                    int32x4x2_t w3)
{
    const int32x4x2_t x1 = rotate(x + span, w1);
    const int32x4x2_t x3 = rotate(x + 3 * span, w3);
    const int32x4x2_t odd = sum_of(x1, x3);
    const int32x4x2_t turned = {{vsubq_s32(x1.val[1], x3.val[1]), vsubq_s32(x3.val[0], x1.val[0])}};
    const int32x4x2_t x2 = rotate(x + 2 * span, w2);
    const int32x4x2_t x0 = vld2q_s32(&x->re);
    const int32x4x2_t sum = sum_of(x0, x2);
    const int32x4x2_t difference = difference_of(x0, x2);

    store(x, sum_of(sum, odd));
    store(x + span, sum_of(difference, turned));
    store(x + 2 * span, difference_of(sum, odd));
    store(x + 3 * span, difference_of(difference, turned));
}

void ps_upmix_later_stages(ps_upmix_complex_t *x)
{
    const int32_t *twiddles = &ps_upmix_tables.twiddles[0][0];

    for (uint32_t span = LANES; span < PS_UPMIX_WINDOW; span *= 4) {
        const uint32_t step = PS_UPMIX_WINDOW / (4 * span);
        const uint32x4_t offsets = vmulq_n_u32(vidupq_n_u32(0, 2), step);

        for (uint32_t k = 0; k < span; k += LANES) {
            const int32x4x2_t w1 = at_offsets(twiddles + 2 * k * step, offsets);
            const int32x4x2_t w2 = at_offsets(twiddles + 4 * k * step, vshlq_n_u32(offsets, 1));
            const int32x4x2_t w3 = at_offsets(twiddles + 6 * k * step, vmulq_n_u32(offsets, 3));

            for (ps_upmix_complex_t *at = x + k; at < x + PS_UPMIX_WINDOW; at += 4 * span) {
                four_butterflies(at, span, w1, w2, w3);
            }
        }
    }
}

void ps_upmix_mix(ps_upmix_tap_t *taps, const int32_t *mid_gains, const int32_t *side_gains)
{
    const uint32x4_t offsets = vmulq_n_u32(vidupq_n_u32(0, 1), PS_UPMIX_BANDS);
    uint32_t k = 0;

    for (; k + LANES <= PS_UPMIX_LOW_HALF; k += LANES) {
        int32x4_t mid = vdupq_n_s32(0);
        int32x4_t side = vdupq_n_s32(0);
        int32x4x4_t old = vld4q_s32(&taps[k].mid_before);

#pragma GCC unroll 6
        for (uint32_t b = 0; b < PS_UPMIX_BANDS; b++) {
            const int32x4_t prototype =
                vldrhq_gather_shifted_offset_s32(&ps_upmix_tables.prototypes[k][b], offsets);

            mid = vmlaq_n_s32(mid, prototype, mid_gains[b]);
            side = vmlaq_n_s32(side, prototype, side_gains[b]);
        }
        old.val[0] = old.val[2];
        old.val[1] = old.val[3];
        old.val[2] = mid;
        old.val[3] = side;
        vst4q_s32(&taps[k].mid_before, old);
    }
    for (; k < PS_UPMIX_LOW_HALF; k++) {
        const int16_t *prototype = ps_upmix_tables.prototypes[k];
        int32_t mid = 0;
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
