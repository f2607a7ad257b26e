/*
 * Number format q15: samples and coefficients of 16 bits. Each format_*.h defines the same names; the
 * generated design.h includes one of them. designer/fixedpoint/number_format.py gives the reasons.
 */
#ifndef PS_FORMAT
#define PS_FORMAT q15

#include <stdint.h>

typedef int16_t ps_sample_t; /* Q0.15 */
#define PS_SAMPLE_MAX INT16_MAX
#define PS_SAMPLE_MIN INT16_MIN

typedef int16_t ps_coefficient_t; /* Q0.15 */

/* A driver signal has the scale of samples and more room. It fits 32 bits:
 * designer/fixedpoint/proof/overflow.py, stage 'feed'. */
typedef int32_t ps_wide_t; /* Q17.15 */
typedef uint32_t ps_magnitude_t;

#define PS_HEADROOM        0  /* bits that samples lose ahead of the FIRs */
#define PS_PRODUCT_SHIFT   0  /* bits that each product loses */
#define PS_FIR_SHIFT_MAX   30 /* of ps_fir_t.shift: with more, the 64-bit sums would have too little room */
#define PS_SHARED_EXPONENT 0  /* whether all paths of a group share one exponent */
#define PS_ODD_TAPS        1  /* whether outputs of odd number need a table of their own */

/* A gain of 1 has coefficients that add up to 2^(shift of the group + PS_UNITY_BITS). */
#define PS_UNITY_BITS 0u

/* Largest sum of |taps| of one FIR that its kernel adds up exactly, and of all FIRs of a sum. */
#define PS_FIR_TAPS_MAX INT64_MAX
#define PS_SUM_TAPS_MAX INT64_MAX

#else
#error "design.h includes more than one number format"
#endif
