/* The FIR of number format q31x15: Q4.27 x Q0.15 -> Q.42, each product >> 16, added up in 32 bits. */
#include "dsp/fir.h"

void ps_fir_buses(ps_bus_t *buses, uint32_t frames)
{
    ps_sample_t *left = ps_bus_block(&buses[0]);
    ps_sample_t *right = ps_bus_block(&buses[1]);
    ps_sample_t *centre = ps_bus_block(&buses[2]);

    for (uint32_t n = 0; n < frames; n++) {
        const int32_t l = left[n] >> (PS_HEADROOM + PS_SHUFFLED);
        const int32_t r = right[n] >> (PS_HEADROOM + PS_SHUFFLED);

        left[n] = PS_SHUFFLED ? l + r : l;
        right[n] = PS_SHUFFLED ? l - r : r;
        centre[n] >>= PS_HEADROOM;
    }
}

/* A FIR of one tap: two stages make such FIRs for the reference driver. It works on four outputs at a time,
 * as sums and buses have room for three more. */
static void add_delay(const ps_fir_t *fir, const ps_sample_t *x, int64_t *sum, uint32_t frames)
{
    const int32_t tap = fir->taps[0];
    const int32_t factor = 1 << fir->shift;

    for (uint32_t n = 0; n < frames; n += 4u) {
#pragma GCC unroll 4
        for (uint32_t k = 0; k < 4u; k++) {
            *sum++ += (int64_t)(int32_t)(((int64_t)tap * *x++) >> PS_PRODUCT_SHIFT) * factor;
        }
    }
}

void ps_fir_add(const ps_fir_t *fir, const ps_sample_t *samples, int64_t *sum, uint32_t frames)
{
    const ps_sample_t *x = samples + fir->start;

    if (PS_EQUALISED && fir->length == 1u) {
        add_delay(fir, x, sum, frames);
    } else {
        ps_fir_q31x15(fir->taps, fir->length, x, sum, fir->shift, frames);
    }
}
