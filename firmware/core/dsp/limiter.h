/*
 * The look-ahead limiter of each driver. No driver exceeds its limit, whatever the input. A signal within the
 * limit is only delayed. docs/arithmetic.md, "Limiter and volume", has arithmetic and proof.
 */
#ifndef PS_LIMITER_H
#define PS_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "design.h"
#include "dsp/fir.h"
#include "dsp/gain.h"

#define PS_LIMITER_GAINS (PS_LIMITER_LINKED ? 1 : PS_DRIVERS)

/* The past of one gain, newest first, Q8.24: of one driver, or of all where they are linked. */
typedef struct {
    uint32_t targets[PS_LIMITER_HOPS + 1];
    uint32_t smoothed[PS_LIMITER_HOPS];
    uint32_t before; /* at the start of the hop that is played */
    uint32_t after;  /* at its end */
} ps_limiter_gain_t;

typedef struct {
    bool resting;      /* every gain of every hop is 1 */
    uint32_t position; /* in the hop under way */
    uint32_t release;  /* Q0.31 */
    uint32_t limits[PS_DRIVERS];
    uint32_t least[PS_DRIVERS];      /* gain that any hop has asked for since it was last read */
    ps_magnitude_t peak[PS_DRIVERS]; /* of the hop under way, where it passes the limit; else 0 */
    ps_limiter_gain_t gains[PS_LIMITER_GAINS];
    ps_driver_signal_t driver_signals[PS_DRIVERS];
} ps_limiter_t;

void ps_limiter_reset(ps_limiter_t *limiter, const ps_design_t *design);

/* Makes room for the next block of each driver's signal. */
void ps_limiter_advance(ps_limiter_t *limiter, uint32_t frames);

/* Limits the block of every driver's signal; out: interleaved, PS_DRIVERS samples a frame, PS_LIMITER_DELAY
 * frames late.
 */
void ps_limiter_process(ps_limiter_t *limiter, ps_sample_t *out, uint32_t frames);

#endif
