/*
 * Samples in, driver channels out: upmix, volume, FIR matrix, limiters. The caller owns the state; nothing
 * else is kept.
 */
#ifndef PS_PIPELINE_H
#define PS_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "dsp/fir.h"
#include "dsp/limiter.h"
#include "protocol.h"
#include "dsp/upmix.h"
#include "dsp/volume.h"

/* Where samples enter: L, R ahead of the upmix, or the three buses themselves. */
typedef enum {
    PS_PIPELINE_PROGRAM = PS_INJECTION_POINT_PROGRAM,
    PS_PIPELINE_FILTERS = PS_INJECTION_POINT_FILTERS,
} ps_entry_t;

/*
 * A change of tables while it plays: one group of drivers after the other fades from the old tables to the
 * new ones, so that only one group at a time runs its filters twice. A group's share is whole blocks wherever
 * that keeps all of it within 20 ms.
 */
#define PS_FADE_ALL (PS_SAMPLE_RATE_HZ / 50u / PS_GROUPS)
#define PS_FADE_SAMPLES                                                                                      \
    (PS_FADE_ALL < PS_BLOCK_SAMPLES ? PS_FADE_ALL : PS_FADE_ALL - PS_FADE_ALL % PS_BLOCK_SAMPLES)

/*
 * Where there are equalisers, those of the new tables run beside the old ones first, until all that the new
 * FIRs look back on is theirs: whole blocks. What is left of the 20 ms is the groups'.
 */
typedef struct {
    uint32_t warm_up;
    uint32_t group; /* each of them */
} ps_fade_t;

/* A block of one feed, while its group fades from one design to another. */
typedef struct {
    ps_wide_t samples[PS_BLOCK_SAMPLES];
    uint32_t reach;
} ps_feed_leaving_t;

typedef struct {
    const ps_design_t *design;
    const ps_design_t *volatile next; /* what is faded to, or NULL */
    uint32_t faded;                   /* samples since the fade began */
    ps_fade_t fade;
    ps_entry_t entry;
    uint32_t frames; /* of the last block: it stays in the buses, where tap.h looks at it, until the next */
    ps_upmix_t upmix;
    ps_volume_t volume;
    ps_buses_t buses;
    ps_fir_scratch_t scratch;
    ps_limiter_t limiter;
    ps_feed_leaving_t leaving[2]; /* one group's drivers from the tables that are faded from */
} ps_pipeline_t;

/* Whether every index of a design's graph is within its tables and buses. */
bool ps_pipeline_fits(const ps_design_t *design);

/* Silence in every history, upmix and limiters as at power-on, full volume. Returns PS_OK,
 * PS_E_INJECTION_POINT or PS_E_DESIGN. */
int ps_pipeline_reset(ps_pipeline_t *pipeline, const ps_design_t *design, uint32_t entry);

/*
 * From the next block on, fades to another design of the same layout. The caller has proved it, and keeps
 * both until `next` is NULL again. Returns PS_OK, or PS_E_BUSY while a fade is under way.
 */
int ps_pipeline_tune(ps_pipeline_t *pipeline, const ps_design_t *next);

/* Samples from the first of the last fade to its last, or of one to the design that plays. */
uint32_t ps_pipeline_fade_samples(const ps_pipeline_t *pipeline);

/* Channels of the input at an entry: 2, 3, or 0 where there is no such entry. */
uint32_t ps_pipeline_channels(uint32_t entry);

/*
 * in: interleaved, ps_pipeline_channels() samples a frame; out: interleaved, PS_DRIVERS samples a frame.
 * The output does not depend on how the input is cut into blocks.
 * Returns PS_OK, or PS_E_LENGTH if `frames` exceeds PS_BLOCK_SAMPLES; then nothing has changed.
 */
int ps_pipeline_process(ps_pipeline_t *pipeline, const ps_sample_t *in, ps_sample_t *out, uint32_t frames);

#endif
