/*
 * The last step of the FIR matrix: sums become signals of drivers. There is one definition in plain C and one
 * for Helium. They agree in every bit.
 */
#ifndef PS_SHIFT_H
#define PS_SHIFT_H

#include <stdint.h>

#include "design.h"

/* Writes sum >> shift, 0 <= shift <= 31, for one driver. Returns a bound on the magnitudes: at most twice the
 * largest, or UINT32_MAX where one exceeds 32 bits. */
uint32_t ps_shift_sums(ps_wide_t *to, const int64_t *sum, uint32_t shift, uint32_t frames);

/* The same for a pair of drivers: (common + difference) >> shift, and (common - difference) >> shift. */
void ps_shift_pairs(ps_wide_t *plus, ps_wide_t *minus, const int64_t *common, const int64_t *difference,
                    uint32_t shift, uint32_t frames, uint32_t *plus_reach, uint32_t *minus_reach);

#endif
