/*
 * Tables of the upmix, computed by designer/dsp/upmix_tables.py and written into upmix_tables.c.
 */
#ifndef PS_UPMIX_TABLES_H
#define PS_UPMIX_TABLES_H

#include <stdint.h>

#include "upmix/sizes.h"

typedef struct {
    int32_t rate_filter[PS_UPMIX_RATE_TAPS];                  /* Q0.29 */
    int32_t phases[PS_UPMIX_PHASE_TAPS][PS_UPMIX_DECIMATION]; /* the same, newest sample first */
    int16_t prototypes[PS_UPMIX_LOW_HALF][PS_UPMIX_BANDS];    /* Q0.15 */
    uint16_t window[PS_UPMIX_WINDOW];                         /* Q0.15, oldest sample first */
    int32_t twiddles[PS_UPMIX_TWIDDLES][2];                   /* Q1.30: cos, -sin of 2 pi k / 64 */
    uint8_t band_bins[PS_UPMIX_BANDS + 1];                    /* where each band begins */
} ps_upmix_tables_t;

extern const ps_upmix_tables_t ps_upmix_tables;

#endif
