/*
 * FIR kernels: one path, or a run of its taps, for a block of outputs; the results are added to 64-bit sums.
 * Each has one definition in plain C and one for each kind of core; they agree in every bit.
 *
 *   sum[n] += (S_k taps[k] * x[n + k]) << shift        n = 0 ... frames - 1, k = 0 ... length - 1
 *
 * `length` is a multiple of PS_FIR_TAPS. A kernel may work on more outputs than it was asked for: `sum` must
 * have room for PS_FIR_EXCESS more, and x for PS_FIR_SLACK samples behind the last one that has a tap.
 */
#ifndef PS_FIR_KERNELS_H
#define PS_FIR_KERNELS_H

#include <stdint.h>

#define PS_FIR_TAPS   8u
#define PS_FIR_EXCESS 8u
#define PS_FIR_SLACK  16u

/*
 * Q1.15 x Q1.15 -> Q34.30, 64-bit accumulator: exact.
 * x at a multiple of 4 bytes; taps_odd: taps one later, taps_odd[0] = 0 and taps[length - 1] = 0.
 */
void ps_fir_q15(const int16_t *taps, const int16_t *taps_odd, uint32_t length, const int16_t *x, int64_t *sum,
                uint32_t shift, uint32_t frames);

/* Q1.31 x Q1.15 -> Q2.46, each product >> 16 (floor) -> Q2.30, 32-bit accumulator: sum |taps| <= 65535 is
 * proved for each table. */
void ps_fir_q31x15(const int16_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                   uint32_t frames);

/* Q1.31 x Q1.31 -> Q2.62, 64-bit accumulator, the whole >> 31 (floor) -> Q1.31; sum |taps| < 2^31. */
void ps_fir_q31(const int32_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                uint32_t frames);

#endif
