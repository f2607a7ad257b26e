#include "dsp/equaliser.h"

#if PS_EQUALISED

#include <string.h>

#include "dsp/move.h"

/* The largest shift that ps_low_word_of() takes. */
#define SHIFT_MAX 31

static bool equaliser_fits(const ps_design_t *design, uint32_t n)
{
    const ps_sum_t *sum = &design->sums[PS_SUMS + n];
    const uint32_t shift = design->equaliser_shifts[n];

    for (uint32_t k = sum->first; k < (uint32_t)sum->first + sum->count; k++) {
        if (design->firs[k].bus != ps_equalised_bus(n)) {
            return false;
        }
    }
    /* A shared exponent makes the shift 31 + e. ps_fast_fir_end_in_bus() needs at least 1. */
    return !(PS_SHARED_EXPONENT && shift == 0) && shift <= SHIFT_MAX;
}

bool ps_equalisers_fit(const ps_design_t *design)
{
    for (uint32_t n = 0; n < PS_EQUALISERS; n++) {
        if (!equaliser_fits(design, n)) {
            return false;
        }
    }
    return true;
}

/* Samples to keep for FIRs that look back so far: whole groups of the fast FIR, and whole groups of words to
 * move. */
static uint32_t kept_for(uint32_t history)
{
    const uint32_t kept = (history + 8u) / 8u * 8u;

    return kept < PS_HISTORY_SAMPLES ? kept : PS_HISTORY_SAMPLES;
}

void ps_equalisers_reset(ps_buses_t *buses, const ps_design_t *design)
{
    buses->outgoing_design = NULL;
    buses->kept = kept_for(ps_equalised_history(design));
}

void ps_equalisers_advance(ps_buses_t *buses, uint32_t frames)
{
    for (uint32_t n = 0; n < PS_EQUALISERS; n++) {
        ps_bus_advance(&buses->equalised[n], buses->kept, frames);
        if (buses->outgoing_design != NULL) {
            ps_samples_advance(buses->outgoing[n].samples, buses->kept, frames);
        }
    }
}

/* Filters the raw bus of one equaliser into `to`, at the same scale. */
static void equalise(const ps_design_t *design, uint32_t n, const ps_buses_t *buses,
                     ps_fir_scratch_t *scratch, ps_sample_t *to, uint32_t frames)
{
    const uint32_t shift = design->equaliser_shifts[n];

    if (design->sums[PS_SUMS + n].count == 0) {
        memcpy(to, buses->raw[ps_equalised_bus(n)].samples + PS_HISTORY_SAMPLES, frames * sizeof to[0]);
        return;
    }
    /* The sum begins at half a unit of the result, so that the right shift rounds. */
    ps_fir_sum(design, PS_SUMS + n, PS_FIR_ALL_BUSES, (1LL << shift) >> 1, buses, scratch, scratch->common,
               frames);
#pragma GCC unroll 4
    for (uint32_t k = 0; k < frames; k++) {
        /* The result fits: designer/fixedpoint/proof/overflow.py, stage 'equalised'. */
        to[k] = (ps_sample_t)ps_low_word_of(scratch->common[k], shift);
    }
}

/* Whether an equaliser is one fast FIR. Its outputs are then combined and split in one step. */
static bool is_one_fast_fir(const ps_design_t *design, const ps_sum_t *sum, const ps_fir_scratch_t *scratch)
{
    return sum->count == 1u && ps_fir_is_split(scratch, design) &&
           ps_fast_fir_pays(&design->firs[sum->first]);
}

/* The same, into the bus that the drivers' FIRs read. */
static void equalise_bus(const ps_design_t *design, uint32_t n, ps_buses_t *buses, ps_fir_scratch_t *scratch,
                         uint32_t frames)
{
    ps_bus_t *bus = &buses->equalised[n];
    ps_sample_t *block = ps_bus_block(bus);

    if (is_one_fast_fir(design, &design->sums[PS_SUMS + n], scratch)) {
        const uint32_t shift = design->equaliser_shifts[n];

        (void)ps_fir_add_fast(design, PS_SUMS + n, PS_FIR_ALL_BUSES, buses, scratch, frames);
        ps_fast_fir_end_in_bus(&scratch->sum, (1LL << shift) >> 1, shift, block, &bus->fast_fir, frames);
        return;
    }
    equalise(design, n, buses, scratch, block, frames);
    ps_fast_fir_split_block(&bus->fast_fir, block, frames);
}

/* The first block of a fade: the outgoing design continues with the samples made so far. */
static void begin_fade(const ps_design_t *design, const ps_design_t *next, ps_buses_t *buses)
{
    const uint32_t kept = kept_for(ps_equalised_history(next));

    for (uint32_t n = 0; n < PS_EQUALISERS; n++) {
        memcpy(buses->outgoing[n].samples, buses->equalised[n].samples, sizeof buses->outgoing[n].samples);
    }
    buses->outgoing_design = design;
    buses->kept = kept > buses->kept ? kept : buses->kept;
}

void ps_equalisers_process(const ps_design_t *design, const ps_design_t *next, ps_buses_t *buses,
                           ps_fir_scratch_t *scratch, uint32_t frames)
{
    if (next != NULL && buses->outgoing_design == NULL) {
        begin_fade(design, next, buses);
    }
    for (uint32_t n = 0; n < PS_EQUALISERS; n++) {
        if (next != NULL) {
            equalise(design, n, buses, scratch, buses->outgoing[n].samples + PS_HISTORY_SAMPLES, frames);
        }
        equalise_bus(next != NULL ? next : design, n, buses, scratch, frames);
    }
}

const ps_sample_t *ps_equalised_block(const ps_design_t *design, const ps_buses_t *buses, uint32_t bus)
{
    const uint32_t n = PS_EQUALISERS_BELOW(bus);

    if ((PS_EQUALISED >> bus & 1u) == 0) {
        return buses->raw[bus].samples + PS_HISTORY_SAMPLES;
    }
    return (buses->outgoing_design == design ? buses->outgoing[n].samples : buses->equalised[n].samples) +
           PS_HISTORY_SAMPLES;
}

/* How far back a FIR's oldest tap lies, without fill. */
static uint32_t look_back(const ps_fir_t *fir)
{
    for (uint32_t k = 0; k < fir->length; k++) {
        if (fir->taps[k] != 0 && fir->start + k <= PS_HISTORY_SAMPLES) {
            return PS_HISTORY_SAMPLES - fir->start - k;
        }
    }
    return 0;
}

uint32_t ps_equalised_history(const ps_design_t *design)
{
    uint32_t history = 0;

    for (uint32_t s = 0; s < PS_SUMS; s++) {
        const ps_sum_t *sum = &design->sums[s];

        for (uint32_t k = sum->first; k < (uint32_t)sum->first + sum->count; k++) {
            const ps_fir_t *fir = &design->firs[k];

            if ((PS_EQUALISED >> fir->bus & 1u) != 0 && look_back(fir) > history) {
                history = look_back(fir);
            }
        }
    }
    return history;
}

#endif
