/*
 * Fast FIR filtering by parts: four outputs of a FIR at the cost of 9/16 of its products, exactly.
 *
 * Two outputs y[2j], y[2j+1] of a FIR with the taps h0 = h[2k], h1 = h[2k+1] need three filters of half the
 * length at half the rate instead of four (Winograd's F(2,2), Arithmetic Complexity of Computations, SIAM
 * 1980; for FIR filters: Mou & Duhamel, IEEE Trans. Signal Process. 39, 1991, 1322):
 *
 *   a = h0      on x[2j+1] - x[2j]         y[2j+1] = a + b
 *   b = h0 + h1 on x[2j]                   y[2j]   = b - c
 *   c = h1      on x[2j] - x[2j-1]
 *
 * Each of the three is split once more: nine parts at a quarter of the rate, of a quarter of the taps.
 * Integers are added in another order, nothing is rounded, so every bit is that of the direct FIR. What it
 * takes is two bits of headroom in the samples (differences of differences), and sum |taps| < 2^31 (sums of
 * taps): q31 has both. Samples are split once for all FIRs of a bus, outputs are put together once for all
 * FIRs of a sum.
 */
#ifndef PS_FIR_PARTS_H
#define PS_FIR_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "design.h"
#include "dsp/fir_kernels.h"

#define PS_PARTS      9u
#define PS_PART_RATE  4u
#define PS_PART_TURN  3u /* coefficients that a kernel's loop takes at once */
#define PS_PART_PAST  (PS_HISTORY_SAMPLES / PS_PART_RATE)
#define PS_PART_BLOCK ((PS_BLOCK_SAMPLES + PS_PART_RATE - 1u) / PS_PART_RATE)
/* A table may begin and end within a group of four; then whole turns. */
#define PS_PART_TAPS                                                                                         \
    (((PS_MAX_TAPS + 2u * (PS_PART_RATE - 1u)) / PS_PART_RATE + PS_PART_TURN - 1u) / PS_PART_TURN *          \
     PS_PART_TURN)

/* Fewer taps take fewer instructions directly: what nine parts cost at their ends is more than they save. */
#define PS_PARTS_WORTH 48u

/* Split tables lie in RAM: a design that would fill too much of it is filtered directly, in every bit alike.
 */
#define PS_PART_BYTES_MAX 40000u
#define PS_PART_BYTES     ((PS_FIRS + 1u) * PS_PARTS * PS_PART_TAPS * 4u)

/* Helium multiplies four at a time and is quicker without. */
#if defined(PS_FORMAT_HAS_FAST_FIR) && !defined(__ARM_FEATURE_MVE) && PS_PART_BYTES <= PS_PART_BYTES_MAX
#define PS_USES_PARTS 1
#else
#define PS_USES_PARTS 0
#endif

static inline bool ps_parts_pay(const ps_fir_t *fir)
{
    return PS_USES_PARTS && fir->length >= PS_PARTS_WORTH;
}

#if PS_USES_PARTS

/* The samples of one bus, split: groups of four, the oldest first, the block under way behind them. */
typedef struct {
    int32_t samples[PS_PARTS][PS_PART_PAST + PS_PART_BLOCK + PS_FIR_SLACK];
} ps_bus_parts_t;

/* The taps of one FIR, split. */
typedef struct {
    int32_t taps[PS_PARTS][PS_PART_TAPS]; /* time-reversed */
    uint16_t length;
    uint16_t start; /* index in the parts of the bus that meets taps[0] at the block's first group */
} ps_fir_parts_t;

/* Those of a whole design, and whose they are: NULL before the first. */
typedef struct {
    const ps_design_t *of;
    ps_fir_parts_t firs[PS_FIRS + 1];
} ps_design_parts_t;

/* Outputs of the parts of one sum. */
typedef struct {
    int64_t outputs[PS_PARTS][PS_PART_BLOCK + PS_FIR_EXCESS];
} ps_sum_parts_t;

/*
 * Blocks of other designs may be processed meanwhile, in an interrupt. Tables that have come over the line
 * may be too long or too many, or their sums of taps too large: those are not split.
 */
void ps_parts_of_design(ps_design_parts_t *parts, const ps_design_t *design);

/* After the bus itself: the last block becomes the past, of which the last `kept` samples (a multiple of 4)
 * are kept. `frames`: of the last block. */
void ps_parts_advance(ps_bus_parts_t *parts, const ps_sample_t *block, uint32_t kept, uint32_t frames);

/* Splits the block; `block`: its first sample in its bus, with the past ahead of it. */
void ps_parts_of_block(ps_bus_parts_t *parts, const ps_sample_t *block, uint32_t frames);

/* Whether the tables are those of a design. */
static inline bool ps_parts_are_of(const ps_design_parts_t *parts, const ps_design_t *design)
{
    return parts->of == design;
}

/* Adds the FIR of number `k`. `first`: the sum begins with it. */
static inline void ps_parts_add(ps_sum_parts_t *sum, const ps_design_parts_t *design, uint32_t k,
                                const ps_bus_parts_t *bus, bool first, uint32_t frames)
{
    const ps_fir_parts_t *fir = &design->firs[k];

    ps_fir_q31_parts(fir->taps[0], PS_PART_TAPS, fir->length, bus->samples[0] + fir->start,
                     sizeof bus->samples[0] / sizeof(int32_t), sum->outputs[0],
                     sizeof sum->outputs[0] / sizeof(int64_t), PS_PARTS,
                     (frames + PS_PART_RATE - 1u) / PS_PART_RATE, first);
}

/* Puts `frames` outputs together, and up to three more, each on top of `start`. */
void ps_parts_end(const ps_sum_parts_t *sum, int64_t start, int64_t *out, uint32_t frames);

/* The same, shifted right, into the block of a bus, which it splits as ps_parts_of_block() does. */
void ps_parts_end_in_bus(const ps_sum_parts_t *sum, int64_t start, uint32_t shift, ps_sample_t *block,
                         ps_bus_parts_t *parts, uint32_t frames);

#else

/* Empty: they take no memory. */
typedef struct {
} ps_bus_parts_t;
typedef struct {
} ps_design_parts_t;
typedef struct {
} ps_sum_parts_t;

static inline void ps_parts_of_design(ps_design_parts_t *parts, const ps_design_t *design)
{
    (void)parts;
    (void)design;
}

static inline bool ps_parts_are_of(const ps_design_parts_t *parts, const ps_design_t *design)
{
    (void)parts;
    (void)design;
    return false;
}

static inline void ps_parts_advance(ps_bus_parts_t *parts, const ps_sample_t *block, uint32_t kept,
                                    uint32_t frames)
{
    (void)parts;
    (void)block;
    (void)kept;
    (void)frames;
}

static inline void ps_parts_of_block(ps_bus_parts_t *parts, const ps_sample_t *block, uint32_t frames)
{
    (void)parts;
    (void)block;
    (void)frames;
}

static inline void ps_parts_add(ps_sum_parts_t *sum, const ps_design_parts_t *design, uint32_t k,
                                const ps_bus_parts_t *bus, bool first, uint32_t frames)
{
    (void)sum;
    (void)design;
    (void)k;
    (void)bus;
    (void)first;
    (void)frames;
}

static inline void ps_parts_end(const ps_sum_parts_t *sum, int64_t start, int64_t *out, uint32_t frames)
{
    (void)sum;
    (void)start;
    (void)out;
    (void)frames;
}

static inline void ps_parts_end_in_bus(const ps_sum_parts_t *sum, int64_t start, uint32_t shift,
                                       ps_sample_t *block, ps_bus_parts_t *parts, uint32_t frames)
{
    (void)sum;
    (void)start;
    (void)shift;
    (void)block;
    (void)parts;
    (void)frames;
}

#endif
#endif
