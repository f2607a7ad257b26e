/*
 * Gains that move in straight lines from hop to hop: volume and limiter. docs/arithmetic.md, "Limiter and
 * volume".
 */
#ifndef PS_GAIN_H
#define PS_GAIN_H

#include <stdint.h>

#define PS_HOP       16u
#define PS_GAIN_BITS 24u
#define PS_GAIN_ONE  (1u << PS_GAIN_BITS) /* Q8.24 */
#define PS_RAMP_BITS 28u                  /* steps between two gains: PS_HOP */

/* The gain between `before` and `after`, `position` samples into the hop: Q4.28 */
static inline int32_t ps_gain_at(uint32_t before, uint32_t after, uint32_t position)
{
    return (int32_t)before * (int32_t)PS_HOP + ((int32_t)after - (int32_t)before) * (int32_t)position;
}

/* x * gain, rounded. The caller knows that the product fits 64 bits. */
static inline int64_t ps_gain_scale(int64_t x, int32_t gain)
{
    return (x * gain + (1LL << (PS_RAMP_BITS - 1u))) >> PS_RAMP_BITS;
}

#endif
