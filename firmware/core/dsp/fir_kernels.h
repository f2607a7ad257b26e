/*
 * FIR kernels: one path, or a run of its taps, for a block of outputs. The results are added to 64-bit sums.
 * Each has one definition in plain C and one for each kind of core. They agree in every bit.
 *
 *   sum[n] += (S_k taps[k] * x[n + k]) << shift        n = 0 ... frames - 1, k = 0 ... length - 1
 *
 * Behind its `length` coefficients, a table has zeros up to a multiple of PS_FIR_FILL, because each kernel
 * runs whole iterations of its own loop. A kernel may compute more outputs than it was asked for. So `sum`
 * must have room for PS_FIR_EXCESS more, and x for PS_FIR_SLACK samples behind the last one that has a tap.
 */
#ifndef PS_FIR_KERNELS_H
#define PS_FIR_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#define PS_FIR_FILL   24u
#define PS_FIR_EXCESS 8u
#define PS_FIR_SLACK  16u

/*
 * Q0.15 x Q0.15 -> Q.30, 64-bit accumulator: exact. x is aligned to 4 bytes, and length is even. taps_odd is
 * taps one later: taps_odd[0] = 0 and taps[length - 1] = 0.
 */
void ps_fir_q15(const int16_t *taps, const int16_t *taps_odd, uint32_t length, const int16_t *x, int64_t *sum,
                uint32_t shift, uint32_t frames);

/* Q4.27 x Q0.15 -> Q.42, each product >> 16 (floor) -> Q.26, 32-bit accumulator. It holds every sum: |x| <
 * 2^27, and sum |taps| <= 65535 * 16 for each table. */
void ps_fir_q31x15(const int16_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                   uint32_t frames);

/* 32-bit samples and coefficients, 64-bit accumulator: exact. There is no shift, because the paths of a group
 * share an exponent. */
void ps_fir_q31(const int32_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t frames);

/* Several FIRs of the same length, whose tables, samples and sums lie so far apart. Not for Helium, which has
 * no need of it. `begin`: sets the sums instead of adding to them. */
void ps_fir_q31_subfilters(const int32_t *taps, uint32_t taps_apart, uint32_t length, const int32_t *x,
                           uint32_t x_apart, int64_t *sum, uint32_t sums_apart, uint32_t subfilters,
                           uint32_t frames, bool begin);

#endif
