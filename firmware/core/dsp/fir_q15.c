/* The FIR of number format q15: Q0.15 x Q0.15 -> Q.30, added up in 64 bits. */
#include "dsp/fir.h"

#include <stddef.h>

#if PS_SHUFFLED && defined(__ARM_FEATURE_SIMD32)

#include <arm_acle.h>

/* Two samples at a time: SHADD16 and SHSUB16 halve and floor as the definition does (Arm ARM, A7.7.134). */
void ps_fir_buses(ps_bus_t *buses, uint32_t frames)
{
    int16x2_t *l = (int16x2_t *)(void *)ps_bus_block(&buses[0]);
    int16x2_t *r = (int16x2_t *)(void *)ps_bus_block(&buses[1]);

    for (uint32_t n = 0; n < frames; n += 2) {
        const int16x2_t mid = __shadd16(*l, *r);

        *r = __shsub16(*l, *r);
        *l = mid;
        l++;
        r++;
    }
}

#else

void ps_fir_buses(ps_bus_t *buses, uint32_t frames)
{
    ps_sample_t *left = ps_bus_block(&buses[0]);
    ps_sample_t *right = ps_bus_block(&buses[1]);

    for (uint32_t n = 0; PS_SHUFFLED && n < frames; n++) {
        const int32_t l = left[n];
        const int32_t r = right[n];

        left[n] = (ps_sample_t)((l + r) >> 1);
        right[n] = (ps_sample_t)((l - r) >> 1);
    }
}

#endif

/*
 * The only tap of a FIR that is a delay; NULL for any other FIR. Two stages make such FIRs for the reference
 * driver. The product is shifted in 32 bits.
 */
static const ps_coefficient_t *delay_tap(const ps_fir_t *fir)
{
    const ps_coefficient_t *found = NULL;

    if (fir->length > 4u || fir->shift > 15u) {
        return NULL;
    }
    for (uint32_t k = 0; k < fir->length; k++) {
        if (fir->taps[k] != 0) {
            if (found != NULL) {
                return NULL;
            }
            found = &fir->taps[k];
        }
    }
    return found;
}

/* Works on four outputs at a time, as sums and buses have room for three more. */
static void add_delay(int32_t factor, const ps_sample_t *x, int64_t *sum, uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n += 4u) {
#pragma GCC unroll 4
        for (uint32_t k = 0; k < 4u; k++) {
            *sum++ += (int64_t)factor * *x++;
        }
    }
}

void ps_fir_add(const ps_fir_t *fir, const ps_sample_t *samples, int64_t *sum, uint32_t frames)
{
    const ps_sample_t *x = samples + fir->start;
    const ps_coefficient_t *tap = PS_EQUALISED ? delay_tap(fir) : NULL;

    if (tap != NULL) {
        add_delay(*tap * (1 << fir->shift), x + (tap - fir->taps), sum, frames);
    } else {
        ps_fir_q15(fir->taps, fir->taps_odd, fir->length, x, sum, fir->shift, frames);
    }
}
