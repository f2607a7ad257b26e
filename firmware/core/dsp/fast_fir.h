/*
 * Fast FIR filtering: four outputs of a FIR with 9/16 of its products, exactly. Sources: Winograd, Arithmetic
 * Complexity of Computations, SIAM 1980, F(2,2); Mou & Duhamel, IEEE Trans. Signal Process. 39, 1991, 1322.
 *
 * Take the taps h0 = h[2k] and h1 = h[2k+1] of a FIR. Its outputs y[2j] and y[2j+1] then need three filters,
 * instead of four, of half the length at half the rate:
 *
 *   a = h0      on x[2j+1] - x[2j]         y[2j+1] = a + b
 *   b = h0 + h1 on x[2j]                   y[2j]   = b - c
 *   c = h1      on x[2j] - x[2j-1]
 *
 * Each of the three is split once more. This makes nine subfilters with a quarter of the taps, at a quarter
 * of the rate. Only the order of integer additions changes, so every bit is that of the direct FIR.
 *
 * Differences of differences need two bits of headroom in the samples. Sums of taps need sum |taps| < 2^31.
 * Number format q31 has both. Samples are split once for all FIRs of a bus. Outputs are combined once for all
 * FIRs of a sum.
 */
#ifndef PS_FAST_FIR_H
#define PS_FAST_FIR_H

#include <stdbool.h>
#include <stdint.h>

#include "design.h"
#include "dsp/fir_kernels.h"

#define PS_FAST_FIR_SUBFILTERS 9u
#define PS_FAST_FIR_RATE       4u
#define PS_FAST_FIR_STEP       3u /* coefficients that a kernel's loop takes at once */
#define PS_FAST_FIR_PAST       (PS_HISTORY_SAMPLES / PS_FAST_FIR_RATE)
#define PS_FAST_FIR_BLOCK      ((PS_BLOCK_SAMPLES + PS_FAST_FIR_RATE - 1u) / PS_FAST_FIR_RATE)
/* A table may begin and end within a group of four. It is filled up to whole iterations of the loop. */
#define PS_FAST_FIR_TAPS                                                                                     \
    (((PS_MAX_TAPS + 2u * (PS_FAST_FIR_RATE - 1u)) / PS_FAST_FIR_RATE + PS_FAST_FIR_STEP - 1u) /             \
     PS_FAST_FIR_STEP * PS_FAST_FIR_STEP)

/* Shorter FIRs take fewer instructions directly: the ends of nine subfilters cost more than they save. */
#define PS_FAST_FIR_MIN_TAPS 48u

/* Split tables lie in RAM. A design that would need more is filtered directly, with the same result in every
 * bit. */
#define PS_FAST_FIR_BYTES_MAX 40000u
#define PS_FAST_FIR_BYTES     ((PS_FIRS + 1u) * PS_FAST_FIR_SUBFILTERS * PS_FAST_FIR_TAPS * 4u)

/* Helium multiplies four at a time and is quicker without. */
#if defined(PS_FORMAT_HAS_FAST_FIR) && !defined(__ARM_FEATURE_MVE) &&                                        \
    PS_FAST_FIR_BYTES <= PS_FAST_FIR_BYTES_MAX
#define PS_USES_FAST_FIR 1
#else
#define PS_USES_FAST_FIR 0
#endif

static inline bool ps_fast_fir_pays(const ps_fir_t *fir)
{
    return PS_USES_FAST_FIR && fir->length >= PS_FAST_FIR_MIN_TAPS;
}

#if PS_USES_FAST_FIR

/* The samples of one bus, split into groups of four: the past, oldest first, then the block under way. */
typedef struct {
    int32_t samples[PS_FAST_FIR_SUBFILTERS][PS_FAST_FIR_PAST + PS_FAST_FIR_BLOCK + PS_FIR_SLACK];
} ps_fast_fir_bus_t;

/* The taps of one FIR, split. */
typedef struct {
    int32_t taps[PS_FAST_FIR_SUBFILTERS][PS_FAST_FIR_TAPS]; /* time-reversed */
    uint16_t length;
    uint16_t start; /* index in the split samples of the bus that meets taps[0] at the block's first group */
} ps_fast_fir_taps_t;

/* The split taps of a whole design. */
typedef struct {
    const ps_design_t *of;
    ps_fast_fir_taps_t firs[PS_FIRS + 1];
} ps_fast_fir_design_t;

/* Outputs of the subfilters of one sum. */
typedef struct {
    int64_t outputs[PS_FAST_FIR_SUBFILTERS][PS_FAST_FIR_BLOCK + PS_FIR_EXCESS];
} ps_fast_fir_sum_t;

/*
 * Splits a design's taps. An interrupt may process blocks of other designs meanwhile. Tables from the line
 * that are too long, too many or too large in their sums of taps are not split.
 */
void ps_fast_fir_prepare(ps_fast_fir_design_t *split, const ps_design_t *design);

/* Call it after the bus itself has advanced. The last block, of `frames` samples, becomes the past. The last
 * `kept` samples of the past stay, a multiple of 4. */
void ps_fast_fir_advance(ps_fast_fir_bus_t *split, const ps_sample_t *block, uint32_t kept, uint32_t frames);

/* Splits a block. `block` is its first sample in its bus, with the past ahead of it. */
void ps_fast_fir_split_block(ps_fast_fir_bus_t *split, const ps_sample_t *block, uint32_t frames);

/* Whether the tables are those of a design. */
static inline bool ps_fast_fir_is_prepared(const ps_fast_fir_design_t *split, const ps_design_t *design)
{
    return split->of == design;
}

/* Adds FIR number `k`. `first`: sets the sum instead. */
static inline void ps_fast_fir_add(ps_fast_fir_sum_t *sum, const ps_fast_fir_design_t *design, uint32_t k,
                                   const ps_fast_fir_bus_t *bus, bool first, uint32_t frames)
{
    const ps_fast_fir_taps_t *fir = &design->firs[k];

    ps_fir_q31_subfilters(fir->taps[0], PS_FAST_FIR_TAPS, fir->length, bus->samples[0] + fir->start,
                          sizeof bus->samples[0] / sizeof(int32_t), sum->outputs[0],
                          sizeof sum->outputs[0] / sizeof(int64_t), PS_FAST_FIR_SUBFILTERS,
                          (frames + PS_FAST_FIR_RATE - 1u) / PS_FAST_FIR_RATE, first);
}

/* Combines `frames` outputs, and up to three more, and adds `start` to each. */
void ps_fast_fir_end(const ps_fast_fir_sum_t *sum, int64_t start, int64_t *out, uint32_t frames);

/* The same, shifted right, into the block of a bus. Also splits that block, as ps_fast_fir_split_block()
 * does. */
void ps_fast_fir_end_in_bus(const ps_fast_fir_sum_t *sum, int64_t start, uint32_t shift, ps_sample_t *block,
                            ps_fast_fir_bus_t *split, uint32_t frames);

#else

/* Empty: they take no memory. */
typedef struct {
} ps_fast_fir_bus_t;
typedef struct {
} ps_fast_fir_design_t;
typedef struct {
} ps_fast_fir_sum_t;

static inline void ps_fast_fir_prepare(ps_fast_fir_design_t *split, const ps_design_t *design)
{
    (void)split;
    (void)design;
}

static inline bool ps_fast_fir_is_prepared(const ps_fast_fir_design_t *split, const ps_design_t *design)
{
    (void)split;
    (void)design;
    return false;
}

static inline void ps_fast_fir_advance(ps_fast_fir_bus_t *split, const ps_sample_t *block, uint32_t kept,
                                       uint32_t frames)
{
    (void)split;
    (void)block;
    (void)kept;
    (void)frames;
}

static inline void ps_fast_fir_split_block(ps_fast_fir_bus_t *split, const ps_sample_t *block,
                                           uint32_t frames)
{
    (void)split;
    (void)block;
    (void)frames;
}

static inline void ps_fast_fir_add(ps_fast_fir_sum_t *sum, const ps_fast_fir_design_t *design, uint32_t k,
                                   const ps_fast_fir_bus_t *bus, bool first, uint32_t frames)
{
    (void)sum;
    (void)design;
    (void)k;
    (void)bus;
    (void)first;
    (void)frames;
}

static inline void ps_fast_fir_end(const ps_fast_fir_sum_t *sum, int64_t start, int64_t *out, uint32_t frames)
{
    (void)sum;
    (void)start;
    (void)out;
    (void)frames;
}

static inline void ps_fast_fir_end_in_bus(const ps_fast_fir_sum_t *sum, int64_t start, uint32_t shift,
                                          ps_sample_t *block, ps_fast_fir_bus_t *split, uint32_t frames)
{
    (void)sum;
    (void)start;
    (void)shift;
    (void)block;
    (void)split;
    (void)frames;
}

#endif
#endif
