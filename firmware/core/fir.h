/*
 * The FIR matrix: every driver is the sum of one FIR for each bus; the arithmetic is DESIGN.md's, "FIR
 * matrix".
 */
#ifndef PS_FIR_H
#define PS_FIR_H

#include <stdint.h>

#include "design.h"

/* The past of one bus, oldest sample first, and the block under way behind it. */
typedef struct {
    ps_sample_t samples[PS_HISTORY_SAMPLES + PS_BLOCK_SAMPLES];
} ps_bus_t;

/* Working memory of one driver's sum; nothing in it outlives a block. */
typedef struct {
    int64_t sum[PS_BLOCK_SAMPLES];
#if defined(PS_ARITHMETIC_Q31)
    ps_sample_t state[PS_MAX_TAPS + PS_BLOCK_SAMPLES - 1]; /* what arm_fir_q31 reads and shifts */
    ps_sample_t path[PS_BLOCK_SAMPLES];
#endif
} ps_fir_scratch_t;

/* Where this block's first sample belongs. */
static inline ps_sample_t *ps_bus_block(ps_bus_t *bus)
{
    return bus->samples + PS_HISTORY_SAMPLES;
}

/* Makes room for the next block: the last PS_HISTORY_SAMPLES samples become the past. */
void ps_bus_advance(ps_bus_t *bus, uint32_t frames);

#define PS_FIR_ALL_BUSES ((1u << PS_INPUTS) - 1u)

/*
 * Adds up the paths of one driver from the buses whose bits are set in `from`, into scratch->sum: 34.30 with
 * E more fraction bits for q15, Q1.31 with E more for q31, ahead of any rounding of the sum.
 */
void ps_fir_sum(const ps_driver_t *driver, uint32_t from, const ps_bus_t *buses, ps_fir_scratch_t *scratch,
                uint32_t frames);

/*
 * Filters `frames` (at most PS_BLOCK_SAMPLES) samples of all buses for one driver.
 * out: the driver's first sample; its next ones follow `stride` apart.
 */
void ps_fir_process(const ps_driver_t *driver, const ps_bus_t *buses, ps_fir_scratch_t *scratch,
                    ps_sample_t *out, uint32_t stride, uint32_t frames);

#endif
