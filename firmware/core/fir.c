#include "fir.h"

#include <string.h>

void ps_bus_advance(ps_bus_t *bus, uint32_t frames)
{
    memmove(bus->samples, bus->samples + frames, PS_HISTORY_SAMPLES * sizeof bus->samples[0]);
}

void ps_fir_shuffle(ps_sample_t *left, ps_sample_t *right, uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n++) {
        const int64_t l = left[n];
        const int64_t r = right[n];

        left[n] = (ps_sample_t)((l + r) >> 1);
        right[n] = (ps_sample_t)((l - r) >> 1);
    }
}

static void add_fir(const ps_fir_t *fir, const ps_bus_t *buses, int64_t *sum, uint32_t frames)
{
    const ps_sample_t *x = buses[fir->bus].samples + fir->start;

#if defined(PS_ARITHMETIC_Q15)
    ps_fir_q15(fir->taps, fir->taps_odd, fir->length, x, sum, fir->shift, frames);
#elif defined(PS_ARITHMETIC_Q31X15)
    ps_fir_q31x15(fir->taps, fir->length, x, sum, fir->shift, frames);
#else
    ps_fir_q31(fir->taps, fir->length, x, sum, fir->shift, frames);
#endif
}

void ps_fir_sum(const ps_design_t *design, uint32_t sum, uint32_t from, const ps_bus_t *buses, int64_t *out,
                uint32_t frames)
{
    const ps_fir_t *fir = design->firs + design->sums[sum].first;

    memset(out, 0, frames * sizeof out[0]);
    for (uint32_t k = 0; k < design->sums[sum].count; k++) {
        if ((from >> fir[k].bus & 1u) != 0) {
            add_fir(&fir[k], buses, out, frames);
        }
    }
}

/* (sum + 2^shift / 2) >> shift, saturated; in two words, as a 64-bit shift by a variable takes three times as
 * many instructions. 0 <= shift <= 31. */
static inline ps_sample_t to_sample(int64_t sum, int64_t half, uint32_t shift)
{
    const int64_t rounded = sum + half;
    const int32_t high = (int32_t)(rounded >> 32);
    int32_t value = (int32_t)((uint32_t)rounded >> shift | (uint32_t)high << 1 << (31u - shift));

    if (high >> shift != value >> 31) {
        value = INT32_MAX ^ (high >> 31);
    }
#if defined(PS_ARITHMETIC_Q15)
    value = value > PS_SAMPLE_MAX ? PS_SAMPLE_MAX : value < PS_SAMPLE_MIN ? PS_SAMPLE_MIN : value;
#endif
    return (ps_sample_t)value;
}

void ps_fir_process(const ps_design_t *design, const ps_group_t *group, const ps_bus_t *buses,
                    ps_fir_scratch_t *scratch, ps_sample_t *out, uint32_t frames)
{
    const uint32_t shift = group->shift;
    const int64_t half = (1LL << shift) >> 1;

    ps_fir_sum(design, group->common, PS_FIR_ALL_BUSES, buses, scratch->common, frames);
    if (group->minus == PS_NONE) {
        for (uint32_t n = 0; n < frames; n++) {
            out[n * PS_DRIVERS + group->plus] = to_sample(scratch->common[n], half, shift);
        }
        return;
    }
    ps_fir_sum(design, group->difference, PS_FIR_ALL_BUSES, buses, scratch->difference, frames);
    for (uint32_t n = 0; n < frames; n++) {
        const int64_t common = scratch->common[n];
        const int64_t difference = scratch->difference[n];

        out[n * PS_DRIVERS + group->plus] = to_sample(common + difference, half, shift);
        out[n * PS_DRIVERS + group->minus] = to_sample(common - difference, half, shift);
    }
}
