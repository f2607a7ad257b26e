/*
 * Number format q31x15: samples of 32 bits, coefficients of 16. Each format_*.h defines the same names; the
 * generated design.h includes one of them. designer/fixedpoint/number_format.py gives the reasons.
 */
#ifndef PS_FORMAT
#define PS_FORMAT q31x15

#include <stdint.h>

typedef int32_t ps_sample_t; /* Q0.31 */
#define PS_SAMPLE_MAX INT32_MAX
#define PS_SAMPLE_MIN INT32_MIN

typedef int16_t ps_coefficient_t; /* Q0.15 */

/* A driver signal has the scale of samples and more room. */
typedef int64_t ps_wide_t; /* Q33.31 */
typedef uint64_t ps_magnitude_t;

#define PS_HEADROOM        4  /* bits that samples lose ahead of the FIRs */
#define PS_PRODUCT_SHIFT   16 /* bits that each product loses */
#define PS_FIR_SHIFT_MAX   30 /* of ps_fir_t.shift: with more, the 64-bit sums would have too little room */
#define PS_SHARED_EXPONENT 0  /* whether all paths of a group share one exponent */
#define PS_ODD_TAPS        0  /* whether outputs of odd number need a table of their own */

/* A gain of 1 has coefficients that add up to 2^(shift of the group + PS_UNITY_BITS). */
#define PS_UNITY_BITS 20u

/* Largest sum of |taps| of one FIR that its kernel adds up exactly, and of all FIRs of a sum. */
#define PS_FIR_TAPS_MAX (65535u << PS_HEADROOM)
#define PS_SUM_TAPS_MAX INT64_MAX

#else
#error "design.h includes more than one number format"
#endif
