/*
 * Number format q31: samples and coefficients of 32 bits. Each format_*.h defines the same names; the
 * generated design.h includes one of them. designer/fixedpoint/number_format.py gives the reasons.
 */
#ifndef PS_FORMAT
#define PS_FORMAT q31

#include <stdint.h>

typedef int32_t ps_sample_t; /* Q0.31 */
#define PS_SAMPLE_MAX INT32_MAX
#define PS_SAMPLE_MIN INT32_MIN

typedef int32_t ps_coefficient_t; /* Q0.31 */

/* A driver signal has the scale of samples and more room. */
typedef int64_t ps_wide_t; /* Q33.31 */
typedef uint64_t ps_magnitude_t;

#define PS_HEADROOM            2 /* bits that samples lose ahead of the FIRs */
#define PS_PRODUCT_SHIFT       0 /* bits that each product loses */
#define PS_FIR_SHIFT_MAX       0 /* of ps_fir_t.shift */
#define PS_SHARED_EXPONENT     1 /* whether all paths of a group share one exponent */
#define PS_ODD_TAPS            0 /* whether outputs of odd number need a table of their own */
#define PS_FORMAT_HAS_FAST_FIR 1 /* samples have the headroom for dsp/fast_fir.h */

/* A gain of 1 has coefficients that add up to 2^(shift of the group + PS_UNITY_BITS). */
#define PS_UNITY_BITS 2u

/* Largest sum of |taps| of one FIR that its kernel adds up exactly, and of all FIRs of a sum. */
#define PS_FIR_TAPS_MAX INT64_MAX
#define PS_SUM_TAPS_MAX INT32_MAX

#else
#error "design.h includes more than one number format"
#endif
