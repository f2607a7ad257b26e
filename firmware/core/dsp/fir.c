#include "dsp/fir.h"

#include <string.h>

#include "dsp/move.h"
#include "dsp/shift.h"

void ps_samples_advance(ps_sample_t *samples, uint32_t kept, uint32_t frames)
{
    ps_sample_t *to = samples + PS_HISTORY_SAMPLES - kept;
    const uint32_t bytes = kept * sizeof samples[0];

    if (frames * sizeof samples[0] % sizeof(ps_word_t) == 0) {
        ps_move_words(to, to + frames, bytes / sizeof(ps_word_t));
    } else {
        memmove(to, to + frames, bytes);
    }
}

void ps_bus_advance(ps_bus_t *bus, uint32_t kept, uint32_t frames)
{
    ps_samples_advance(bus->samples, kept, frames);
    ps_fast_fir_advance(&bus->fast_fir, ps_bus_block(bus), kept, frames);
}

void ps_fir_prepare(ps_fir_scratch_t *scratch, const ps_design_t *design)
{
    ps_fast_fir_prepare(&scratch->tables, design);
}

/* The samples that a FIR reads: behind its bus's equaliser, or the bus itself for the equaliser's own FIRs.
 */
static const ps_sample_t *samples_of(const ps_design_t *design, uint32_t sum, uint32_t b,
                                     const ps_buses_t *buses)
{
#if PS_EQUALISED
    if (sum < PS_SUMS && (PS_EQUALISED >> b & 1u) != 0) {
        const uint32_t n = PS_EQUALISERS_BELOW(b);

        return buses->outgoing_design == design ? buses->outgoing[n].samples : buses->equalised[n].samples;
    }
#else
    (void)design;
    (void)sum;
#endif
    return buses->raw[b].samples;
}

static const ps_fast_fir_bus_t *fast_fir_of(uint32_t sum, uint32_t b, const ps_buses_t *buses)
{
#if PS_EQUALISED
    if (sum < PS_SUMS && (PS_EQUALISED >> b & 1u) != 0) {
        return &buses->equalised[PS_EQUALISERS_BELOW(b)].fast_fir;
    }
#else
    (void)sum;
#endif
    return &buses->raw[b].fast_fir;
}

bool ps_fir_add_fast(const ps_design_t *design, uint32_t sum, uint32_t from, const ps_buses_t *buses,
                     ps_fir_scratch_t *scratch, uint32_t frames)
{
    const uint32_t first = design->sums[sum].first;
    bool begun = false;

    for (uint32_t k = first; k < first + design->sums[sum].count; k++) {
        const ps_fir_t *fir = &design->firs[k];

        if ((from >> fir->bus & 1u) == 0 || !ps_fast_fir_pays(fir)) {
            continue;
        }
        ps_fast_fir_add(&scratch->sum, &scratch->tables, k, fast_fir_of(sum, fir->bus, buses), !begun,
                        frames);
        begun = true;
    }
    return begun;
}

void ps_fir_sum(const ps_design_t *design, uint32_t sum, uint32_t from, int64_t start,
                const ps_buses_t *buses, ps_fir_scratch_t *scratch, int64_t *out, uint32_t frames)
{
    const uint32_t first = design->sums[sum].first;
    const bool fast = ps_fir_is_split(scratch, design);

    if (fast && ps_fir_add_fast(design, sum, from, buses, scratch, frames)) {
        ps_fast_fir_end(&scratch->sum, start, out, frames);
    } else {
        ps_fill_sums(out, start, frames);
    }
    for (uint32_t k = first; k < first + design->sums[sum].count; k++) {
        const ps_fir_t *fir = &design->firs[k];

        if ((from >> fir->bus & 1u) == 0 || (fast && ps_fast_fir_pays(fir))) {
            continue;
        }
        ps_fir_add(fir, samples_of(design, sum, fir->bus, buses), out, frames);
    }
}

void ps_fir_process(const ps_design_t *design, const ps_group_t *group, const ps_buses_t *buses,
                    ps_fir_scratch_t *scratch, ps_driver_signal_t *signals, uint32_t frames)
{
    const uint32_t shift = group->shift;
    ps_driver_signal_t *to_plus = &signals[group->plus];
    ps_wide_t *plus = ps_driver_signal_block(to_plus);
    const int64_t *common = scratch->common;
    const int64_t *difference = scratch->difference;

    /* The sum begins at half a unit of the result, so that the right shift rounds. */
    ps_fir_sum(design, group->common, PS_FIR_ALL_BUSES, (1LL << shift) >> 1, buses, scratch, scratch->common,
               frames);
    if (group->minus == PS_NONE) {
        to_plus->reach = ps_shift_sums(plus, common, shift, frames);
        return;
    }
    ps_fir_sum(design, group->difference, PS_FIR_ALL_BUSES, 0, buses, scratch, scratch->difference, frames);
    ps_driver_signal_t *to_minus = &signals[group->minus];

    ps_shift_pairs(plus, ps_driver_signal_block(to_minus), common, difference, shift, frames, &to_plus->reach,
                   &to_minus->reach);
}
