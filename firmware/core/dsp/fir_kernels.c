/*
 * The kernels in plain C, as docs/arithmetic.md defines them, for the host and for cores without a DSP
 * extension.
 */
#include "dsp/fir_kernels.h"

#if !defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)

void ps_fir_q15(const int16_t *taps, const int16_t *taps_odd, uint32_t length, const int16_t *x, int64_t *sum,
                uint32_t shift, uint32_t frames)
{
    (void)taps_odd;
    for (uint32_t n = 0; n < frames; n++) {
        int64_t accumulator = 0;

        for (uint32_t k = 0; k < length; k++) {
            accumulator += taps[k] * x[n + k];
        }
        /* A product, because a left shift of a negative number is undefined in C. */
        sum[n] += accumulator * (1 << shift);
    }
}

void ps_fir_q31x15(const int16_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                   uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n++) {
        int32_t accumulator = 0;

        for (uint32_t k = 0; k < length; k++) {
            const int32_t product = (int32_t)(((int64_t)taps[k] * x[n + k]) >> 16);

            /* Unsigned, as partial sums may wrap: only the whole sum is proved to fit. */
            accumulator = (int32_t)((uint32_t)accumulator + (uint32_t)product);
        }
        sum[n] += (int64_t)accumulator * (1 << shift);
    }
}

void ps_fir_q31(const int32_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n++) {
        int64_t accumulator = sum[n];

        for (uint32_t k = 0; k < length; k++) {
            accumulator += (int64_t)taps[k] * x[n + k];
        }
        sum[n] = accumulator;
    }
}

void ps_fir_q31_subfilters(const int32_t *taps, uint32_t taps_apart, uint32_t length, const int32_t *x,
                           uint32_t x_apart, int64_t *sum, uint32_t sums_apart, uint32_t subfilters,
                           uint32_t frames, bool begin)
{
    for (; subfilters != 0; subfilters--, taps += taps_apart, x += x_apart, sum += sums_apart) {
        for (uint32_t n = 0; begin && n < frames; n++) {
            sum[n] = 0;
        }
        ps_fir_q31(taps, length, x, sum, frames);
    }
}

#endif
