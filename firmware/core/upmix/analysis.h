/*
 * The analysis of the upmix: powers of mid and side in each band, and the gains that follow.
 * docs/arithmetic.md, "Upmix".
 */
#ifndef PS_UPMIX_ANALYSIS_H
#define PS_UPMIX_ANALYSIS_H

#include <stdint.h>

#include "upmix/kernels.h"

/* Bands from low to high, then the top band; Q0.15: 0 to 32768 for mid, -32768 to 32768 for side. */
typedef struct {
    int32_t mid[PS_UPMIX_BANDS + 1];
    int32_t side[PS_UPMIX_BANDS + 1];
} ps_upmix_gains_t;

/* Powers of mid and of side, and their product: below 2^62. */
typedef struct {
    int64_t mid;
    int64_t side;
    int64_t cross;
} ps_upmix_powers_t;

typedef struct {
    ps_upmix_powers_t smoothed[PS_UPMIX_BANDS + 1];
    ps_upmix_powers_t top; /* of the hop under way */
    /* At the low rate, Q3.28: past first, then the hop under way. */
    ps_upmix_pair_t low[PS_UPMIX_WINDOW + PS_UPMIX_LOW_HOP];
    ps_upmix_complex_t spectrum[PS_UPMIX_WINDOW]; /* working memory of one decision */
} ps_upmix_analysis_t;

/* Adds the difference between a low-rate pair and the full-rate one (both Q3.28) to the powers of the top
 * band. */
void ps_upmix_hear_top(ps_upmix_analysis_t *analysis, int32_t mid, int32_t side);

/* Computes the gains after a hop from the gains before it. `newest` points one past the hop's last low-rate
 * sample. */
void ps_upmix_decide(ps_upmix_analysis_t *analysis, uint32_t newest, const ps_upmix_gains_t *so_far,
                     ps_upmix_gains_t *gains);

#endif
