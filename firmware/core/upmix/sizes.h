/*
 * Sizes of the upmix, for C and for the assembler. designer/dsp/upmix_tables.py has the same.
 */
#ifndef PS_UPMIX_SIZES_H
#define PS_UPMIX_SIZES_H

#define PS_UPMIX_HOP        64 /* samples between two updates of the gains, counted from the last reset */
#define PS_UPMIX_DECIMATION 4
#define PS_UPMIX_LOW_HOP    (PS_UPMIX_HOP / PS_UPMIX_DECIMATION)
#define PS_UPMIX_RATE_TAPS  29
#define PS_UPMIX_PHASE_TAPS 8 /* of the rate filter between low-rate samples, rounded up */
#define PS_UPMIX_LOW_TAPS   53
#define PS_UPMIX_LOW_HALF   27 /* up to and with the centre tap */
#define PS_UPMIX_WINDOW     64
#define PS_UPMIX_TWIDDLES   48
#define PS_UPMIX_BANDS      6   /* and above them the top band */
#define PS_UPMIX_DELAY      132 /* samples from stereo to buses */

#endif
