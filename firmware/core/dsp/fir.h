/*
 * The filter graph. Buses keep their past and may have equalisers. FIRs add up to sums, and sums make the
 * signals of drivers. docs/arithmetic.md, "FIR matrix", defines the arithmetic. ps_fir_buses() and
 * ps_fir_add() differ between number formats: the build takes fir_q15.c, fir_q31.c or fir_q31x15.c.
 */
#ifndef PS_FIR_H
#define PS_FIR_H

#include <stdbool.h>
#include <stdint.h>

#include "design.h"
#include "dsp/fir_kernels.h"
#include "dsp/fast_fir.h"

/* One bus: the past, oldest sample first, then the block under way, then samples that kernels read in excess.
 */
typedef struct {
    ps_sample_t samples[PS_HISTORY_SAMPLES + PS_BLOCK_SAMPLES + PS_FIR_SLACK];
    ps_fast_fir_bus_t fast_fir; /* empty where the fast FIR is not used */
} __attribute__((aligned(8))) ps_bus_t;

/* All buses. The FIRs of drivers read a bus behind its equaliser, or the bus itself where it has none. */
typedef struct {
    ps_bus_t raw[PS_INPUTS];
#if PS_EQUALISED
    ps_bus_t equalised[PS_EQUALISERS];
    /* The same behind the equalisers of `outgoing_design`, during a fade from it; NULL without a fade. */
    struct {
        ps_sample_t samples[PS_HISTORY_SAMPLES + PS_BLOCK_SAMPLES + PS_FIR_SLACK];
    } __attribute__((aligned(8))) outgoing[PS_EQUALISERS];
    const ps_design_t *outgoing_design;
    uint32_t kept; /* samples of the past behind equalisers that a FIR looks back on, as ps_bus_advance() */
#endif
} ps_buses_t;

/* x, or -x - 1 where x is negative: equal at both ends of full scale. */
static inline ps_magnitude_t ps_magnitude(ps_wide_t x)
{
    return (ps_magnitude_t)(x ^ (x >> (8 * sizeof x - 1)));
}

/* One driver's signal: the samples that the limiter delays, oldest first, then the block under way. */
typedef struct {
    ps_wide_t samples[PS_LIMITER_DELAY + PS_BLOCK_SAMPLES];
    uint32_t reach; /* no magnitude of the block is larger; at most twice the largest, or 2^32 - 1 */
} ps_driver_signal_t;

/* Where this block's first sample belongs. */
static inline ps_wide_t *ps_driver_signal_block(ps_driver_signal_t *signal)
{
    return signal->samples + PS_LIMITER_DELAY;
}

/* Working memory of one group of drivers. Only the split tables outlive a block. */
typedef struct {
    int64_t common[PS_BLOCK_SAMPLES + PS_FIR_EXCESS];
    int64_t difference[PS_BLOCK_SAMPLES + PS_FIR_EXCESS];
    ps_fast_fir_sum_t sum;
    ps_fast_fir_design_t tables;
} ps_fir_scratch_t;

/*
 * To be called before the first block of a design, and whenever its tables have changed. Without it, the
 * result is the same in every bit, but takes longer.
 */
void ps_fir_prepare(ps_fir_scratch_t *scratch, const ps_design_t *design);

/* Where this block's first sample belongs. */
static inline ps_sample_t *ps_bus_block(ps_bus_t *bus)
{
    return bus->samples + PS_HISTORY_SAMPLES;
}

/* Makes room for the next block: the last `kept` samples become the past. `kept` is a multiple of 4, or
 * PS_HISTORY_SAMPLES for all. */
void ps_bus_advance(ps_bus_t *bus, uint32_t kept, uint32_t frames);

/* The same for samples that are not split for the fast FIR. */
void ps_samples_advance(ps_sample_t *samples, uint32_t kept, uint32_t frames);

/*
 * Prepares the block of all three buses for the FIRs. Where the design is shuffled, mid and side replace left
 * and right. Samples lose PS_HEADROOM bits.
 */
void ps_fir_buses(ps_bus_t *buses, uint32_t frames);

/* Adds one FIR of `samples` (of a whole bus) to sums that are as long as those of ps_fir_scratch_t. */
void ps_fir_add(const ps_fir_t *fir, const ps_sample_t *samples, int64_t *sum, uint32_t frames);

#define PS_FIR_ALL_BUSES ((1u << PS_INPUTS) - 1u)

/*
 * Adds to `start` the FIRs of one sum that read the buses whose bits are set in `from`. The result has the
 * scale of the sum's group. `out` is as long as the sums of ps_fir_scratch_t. From PS_SUMS on, a sum is that
 * of an equaliser.
 */
void ps_fir_sum(const ps_design_t *design, uint32_t sum, uint32_t from, int64_t start,
                const ps_buses_t *buses, ps_fir_scratch_t *scratch, int64_t *out, uint32_t frames);

/* Whether those of a design's FIRs for which it pays are computed as fast FIRs. */
static inline bool ps_fir_is_split(const ps_fir_scratch_t *scratch, const ps_design_t *design)
{
    return ps_fast_fir_is_prepared(&scratch->tables, design);
}

/* Adds up the fast FIRs of one sum in scratch->sum, as ps_fir_sum() does. Returns false if it has none. */
bool ps_fir_add_fast(const ps_design_t *design, uint32_t sum, uint32_t from, const ps_buses_t *buses,
                     ps_fir_scratch_t *scratch, uint32_t frames);

/* Filters `frames` (at most PS_BLOCK_SAMPLES) samples of all buses for one group of drivers. */
void ps_fir_process(const ps_design_t *design, const ps_group_t *group, const ps_buses_t *buses,
                    ps_fir_scratch_t *scratch, ps_driver_signal_t *signals, uint32_t frames);

#endif
