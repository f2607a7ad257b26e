/*
 * The kernel of q31x15 for Helium (Cortex-M55): four products an instruction. fir_kernels_mve.S has the
 * others.
 */
#include "dsp/fir_kernels.h"

#if defined(__ARM_FEATURE_MVE)

#include <arm_mve.h>

/* Each loop works on four outputs: their vectors of samples lie one sample apart. */
#define OUTPUTS 4u

/* A product takes one instruction, and the value is known to fit 32 bits. */
static inline void add_to(int64_t *sum, int32_t value, int32_t factor)
{
    *sum += (int64_t)value * factor;
}

/* (x * (c << 16)) >> 32 is (x * c) >> 16, floored alike. */
static inline int32_t add_products(int32_t sum, int32x4_t c, const int32_t *w)
{
    return vaddvaq_s32(sum, vmulhq_s32(c, vld1q_s32(w)));
}

void ps_fir_q31x15(const int16_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                   uint32_t frames)
{
    const int32_t factor = 1 << shift;

    for (uint32_t n = 0; n < frames; n += OUTPUTS) {
        const int16_t *c = taps;
        const int32_t *w = x + n;
        int32_t a0 = 0;
        int32_t a1 = 0;
        int32_t a2 = 0;
        int32_t a3 = 0;

        for (uint32_t iterations = (length + 3u) / 4u; iterations != 0; iterations--) {
            const int32x4_t c4 = vshlq_n_s32(vldrhq_s32(c), 16);

            a0 = add_products(a0, c4, w);
            a1 = add_products(a1, c4, w + 1);
            a2 = add_products(a2, c4, w + 2);
            a3 = add_products(a3, c4, w + 3);
            c += 4;
            w += 4;
        }
        add_to(&sum[n], a0, factor);
        add_to(&sum[n + 1], a1, factor);
        add_to(&sum[n + 2], a2, factor);
        add_to(&sum[n + 3], a3, factor);
    }
}

#endif
