/*
 * Equalisers: one FIR ahead of all paths that read a bus, at the bus's own scale. docs/arithmetic.md, "FIR
 * matrix", has the arithmetic.
 */
#ifndef PS_EQUALISER_H
#define PS_EQUALISER_H

#include "dsp/fir.h"

#if PS_EQUALISED

/* Whether every equaliser of a design reads its own bus only, and has a shift within range. */
bool ps_equalisers_fit(const ps_design_t *design);

/* The bus that the n-th equaliser reads. */
static inline uint32_t ps_equalised_bus(uint32_t n)
{
    uint32_t bus = 0;

    while ((PS_EQUALISED >> bus & 1u) == 0 || PS_EQUALISERS_BELOW(bus) != n) {
        bus++;
    }
    return bus;
}

/* Only `design` plays from here on: no fade is under way. */
void ps_equalisers_reset(ps_buses_t *buses, const ps_design_t *design);

/* Makes room for the next block behind all equalisers. */
void ps_equalisers_advance(ps_buses_t *buses, uint32_t frames);

/*
 * Filters the block in the raw buses by the equalisers of `design`. Where `next` is not NULL, a fade from
 * `design` to `next` is under way, and both filter.
 */
void ps_equalisers_process(const ps_design_t *design, const ps_design_t *next, ps_buses_t *buses,
                           ps_fir_scratch_t *scratch, uint32_t frames);

/* The last block of a bus behind its equaliser in `design`, or the bus itself where it has none. */
const ps_sample_t *ps_equalised_block(const ps_design_t *design, const ps_buses_t *buses, uint32_t bus);

/* Samples of the past that the design's drivers look back on behind equalisers. */
uint32_t ps_equalised_history(const ps_design_t *design);

#else

static inline bool ps_equalisers_fit(const ps_design_t *design)
{
    (void)design;
    return true;
}

static inline void ps_equalisers_reset(ps_buses_t *buses, const ps_design_t *design)
{
    (void)buses;
    (void)design;
}

static inline void ps_equalisers_advance(ps_buses_t *buses, uint32_t frames)
{
    (void)buses;
    (void)frames;
}

static inline void ps_equalisers_process(const ps_design_t *design, const ps_design_t *next,
                                         ps_buses_t *buses, ps_fir_scratch_t *scratch, uint32_t frames)
{
    (void)design;
    (void)next;
    (void)buses;
    (void)scratch;
    (void)frames;
}

static inline const ps_sample_t *ps_equalised_block(const ps_design_t *design, const ps_buses_t *buses,
                                                    uint32_t bus)
{
    (void)design;
    return buses->raw[bus].samples + PS_HISTORY_SAMPLES;
}

static inline uint32_t ps_equalised_history(const ps_design_t *design)
{
    (void)design;
    return 0;
}

#endif
#endif
