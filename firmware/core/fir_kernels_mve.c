/*
 * The kernels for Helium (Cortex-M55): eight 16-bit or four 32-bit products an instruction. Vectors may start
 * on any sample, so outputs of odd number need no table of their own.
 */
#include "fir_kernels.h"

#if defined(__ARM_FEATURE_MVE)

#include <arm_mve.h>

void ps_fir_q15(const int16_t *taps, const int16_t *taps_odd, uint32_t length, const int16_t *x, int64_t *sum,
                uint32_t shift, uint32_t frames)
{
    (void)taps_odd;
    for (uint32_t n = 0; n < frames; n += 4) {
        const int16_t *c = taps;
        const int16_t *w = x + n;
        int64_t a0 = 0;
        int64_t a1 = 0;
        int64_t a2 = 0;
        int64_t a3 = 0;

        for (uint32_t turns = length / 8u; turns != 0; turns--) {
            const int16x8_t c8 = vld1q_s16(c);

            a0 = vmlaldavaq_s16(a0, c8, vld1q_s16(w));
            a1 = vmlaldavaq_s16(a1, c8, vld1q_s16(w + 1));
            a2 = vmlaldavaq_s16(a2, c8, vld1q_s16(w + 2));
            a3 = vmlaldavaq_s16(a3, c8, vld1q_s16(w + 3));
            c += 8;
            w += 8;
        }
        sum[n] += a0 * (1 << shift);
        sum[n + 1] += a1 * (1 << shift);
        sum[n + 2] += a2 * (1 << shift);
        sum[n + 3] += a3 * (1 << shift);
    }
}

void ps_fir_q31x15(const int16_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                   uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n += 4) {
        const int16_t *c = taps;
        const int32_t *w = x + n;
        int32_t a0 = 0;
        int32_t a1 = 0;
        int32_t a2 = 0;
        int32_t a3 = 0;

        for (uint32_t turns = length / 4u; turns != 0; turns--) {
            /* (x * (c << 16)) >> 32 is (x * c) >> 16, floored alike. */
            const int32x4_t c4 = vshlq_n_s32(vldrhq_s32(c), 16);

            a0 = vaddvaq_s32(a0, vmulhq_s32(c4, vld1q_s32(w)));
            a1 = vaddvaq_s32(a1, vmulhq_s32(c4, vld1q_s32(w + 1)));
            a2 = vaddvaq_s32(a2, vmulhq_s32(c4, vld1q_s32(w + 2)));
            a3 = vaddvaq_s32(a3, vmulhq_s32(c4, vld1q_s32(w + 3)));
            c += 4;
            w += 4;
        }
        sum[n] += (int64_t)a0 * (1 << shift);
        sum[n + 1] += (int64_t)a1 * (1 << shift);
        sum[n + 2] += (int64_t)a2 * (1 << shift);
        sum[n + 3] += (int64_t)a3 * (1 << shift);
    }
}

void ps_fir_q31(const int32_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n += 4) {
        const int32_t *c = taps;
        const int32_t *w = x + n;
        int64_t a0 = 0;
        int64_t a1 = 0;
        int64_t a2 = 0;
        int64_t a3 = 0;

        for (uint32_t turns = length / 4u; turns != 0; turns--) {
            const int32x4_t c4 = vld1q_s32(c);

            a0 = vmlaldavaq_s32(a0, c4, vld1q_s32(w));
            a1 = vmlaldavaq_s32(a1, c4, vld1q_s32(w + 1));
            a2 = vmlaldavaq_s32(a2, c4, vld1q_s32(w + 2));
            a3 = vmlaldavaq_s32(a3, c4, vld1q_s32(w + 3));
            c += 4;
            w += 4;
        }
        sum[n] += (a0 >> 31) * (1 << shift);
        sum[n + 1] += (a1 >> 31) * (1 << shift);
        sum[n + 2] += (a2 >> 31) * (1 << shift);
        sum[n + 3] += (a3 >> 31) * (1 << shift);
    }
}

#endif
