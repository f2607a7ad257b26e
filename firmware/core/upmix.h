/*
 * Stereo to left, right and centre after Vickers' orthogonality gain; the arithmetic is DESIGN.md's, "Upmix".
 */
#ifndef PS_UPMIX_H
#define PS_UPMIX_H

#include <stdint.h>

#include "design.h"

/* Samples between two updates of the gain, counted from the last reset. */
#define PS_UPMIX_HOP 64

typedef struct {
    uint64_t mid_power;  /* P_M, smoothed */
    uint64_t side_power; /* P_S, smoothed */
    uint64_t mid_sum;    /* a_M, of the hop under way, < 2^56 */
    uint64_t side_sum;   /* a_S */
    int32_t gain_from;   /* g_prev, Q0.15, 0 to 32768 */
    int32_t gain_to;     /* g_next */
    int32_t position;    /* k, samples into the hop */
} ps_upmix_t;

/* Forgets everything that came before. */
void ps_upmix_reset(ps_upmix_t *upmix);

/*
 * Splits interleaved L, R into the three buses. For every input |L'|, |R'|, |C| stay within full scale, and
 * L' + C = L, R' + C = R to the last bit.
 */
void ps_upmix_process(ps_upmix_t *upmix, const ps_sample_t *stereo, ps_sample_t *left, ps_sample_t *right,
                      ps_sample_t *centre, uint32_t frames);

#endif
