/* The FIR of number format q31: 32-bit samples and coefficients, added up in 64 bits. */
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
    for (uint32_t i = 0; i < PS_INPUTS; i++) {
        ps_fast_fir_split_block(&buses[i].fast_fir, ps_bus_block(&buses[i]), frames);
    }
}

/* A FIR of one tap: two stages make such FIRs for the reference driver. It works on four outputs at a time,
 * as sums and buses have room for three more. */
static void add_delay(int32_t tap, const ps_sample_t *x, int64_t *sum, uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n += 4u) {
#pragma GCC unroll 4
        for (uint32_t k = 0; k < 4u; k++) {
            *sum++ += (int64_t)tap * *x++;
        }
    }
}

void ps_fir_add(const ps_fir_t *fir, const ps_sample_t *samples, int64_t *sum, uint32_t frames)
{
    const ps_sample_t *x = samples + fir->start;

    if (PS_EQUALISED && fir->length == 1u) {
        add_delay(fir->taps[0], x, sum, frames);
    } else {
        ps_fir_q31(fir->taps, fir->length, x, sum, frames);
    }
}
