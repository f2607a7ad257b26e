/*
 * The volume: a gain of at most 1 ahead of the filters that changes without a click. At full volume no sample
 * changes.
 */
#ifndef PS_VOLUME_H
#define PS_VOLUME_H

#include <stdint.h>

#include "design.h"

typedef struct {
    volatile uint32_t target; /* Q8.24; the serial side sets it at any time */
    uint32_t before;          /* at the start of the hop under way */
    uint32_t after;           /* at its end */
    uint32_t position;
} ps_volume_t;

/* Starts at rest at `gain`, at most PS_GAIN_ONE. */
void ps_volume_reset(ps_volume_t *volume, uint32_t gain);

/*
 * Scales the blocks of `count` buses in place. From hop to hop the gain moves to its target by at most 1/64:
 * by 2^-10 a sample.
 */
void ps_volume_process(ps_volume_t *volume, ps_sample_t *const *blocks, uint32_t count, uint32_t frames);

#endif
