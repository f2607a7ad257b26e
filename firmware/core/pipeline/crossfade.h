/*
 * A fade from the tables that play to others of the same layout, within 20 ms. One group of drivers fades
 * after the other, so that only one group at a time runs its filters twice.
 *
 * Equalisers of the new tables run beside the outgoing ones first. The groups begin once all samples that the
 * new FIRs look back on come from the new equalisers.
 */
#ifndef PS_CROSSFADE_H
#define PS_CROSSFADE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsp/fir.h"

/* Samples of each part: the warm-up is whole blocks, and the groups share the rest. */
typedef struct {
    uint32_t warm_up; /* of the equalisers; 0 without them */
    uint32_t group;   /* each group */
} ps_fade_t;

/* A block of one driver's signal as the outgoing tables make it. */
typedef struct {
    ps_wide_t samples[PS_BLOCK_SAMPLES];
    uint32_t reach; /* as in ps_driver_signal_t */
} ps_outgoing_signal_t;

typedef struct {
    const ps_design_t *volatile next; /* the design that is faded to, or NULL while no fade is under way */
    uint32_t position;                /* samples since the fade began */
    ps_fade_t fade;
    ps_outgoing_signal_t outgoing[2]; /* the drivers of one group */
} ps_crossfade_t;

/* No fade is under way; `design` plays. */
void ps_crossfade_reset(ps_crossfade_t *crossfade, const ps_design_t *design);

/* Begins with the next block. No other fade may be under way. */
void ps_crossfade_begin(ps_crossfade_t *crossfade, const ps_design_t *next);

/* Length of the fade that is under way. If none is: that of the last fade, or of one to the design that
 * plays. */
uint32_t ps_crossfade_samples(const ps_crossfade_t *crossfade);

/* Filters a block for all groups of drivers, as ps_fir_process(), while a fade is under way. */
void ps_crossfade_process(ps_crossfade_t *crossfade, const ps_design_t *outgoing, const ps_buses_t *buses,
                          ps_fir_scratch_t *scratch, ps_driver_signal_t *signals, uint32_t frames);

/* Whether a fade is under way. */
static inline bool ps_crossfade_is_active(const ps_crossfade_t *crossfade)
{
    return crossfade->next != NULL;
}

/* Whether the last block ended the fade: the next design alone plays from here on. */
bool ps_crossfade_is_complete(const ps_crossfade_t *crossfade);

#endif
