/*
 * What the player and the serial side share: the pipeline with its tables, the host's settings, and a block
 * of input and output. Only one of the two processes blocks at a time: see ps_player_claim().
 */
#ifndef PS_ENGINE_H
#define PS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/pipeline.h"
#include "tables/tuning.h"

/* What the host may set. It holds until the next reset, while the board plays its own input. */
typedef struct {
    uint32_t volume;             /* Q8.24 */
    uint32_t release;            /* Q0.31 */
    uint32_t limits[PS_DRIVERS]; /* at most the design's */
} ps_settings_t;

typedef struct {
    const ps_design_t *design; /* the image's tables, or tables that came later */
    ps_settings_t settings;
    ps_pipeline_t pipeline;
    ps_tuning_t tuning;
    ps_sample_t in[PS_BLOCK_SAMPLES * PS_INPUTS];
    ps_sample_t out[PS_BLOCK_SAMPLES * PS_DRIVERS];
    bool bad_tables;         /* the tables have changed in memory, and must not play */
    uint8_t injection_point; /* of the host's samples; 0 until START, and again when the player has the
                                pipeline */
} ps_engine_t;

/* Full volume, the limits of the design, and the tables that ps_tuning_reset() returns. */
void ps_engine_reset(ps_engine_t *engine, uint8_t *spare, size_t spare_bytes, const ps_flash_t *flash,
                     const ps_design_t *image);

/* Prepares for the board's own input: silence in the pipeline, and what the host has set. Returns as
 * ps_pipeline_reset(). */
int ps_engine_restart(ps_engine_t *engine);

/* Prepares for the host's samples: silence in the pipeline, full volume, and the limits of the design.
 * Returns as ps_pipeline_reset(), and PS_E_DESIGN for bad tables. */
int ps_engine_start_host(ps_engine_t *engine, uint8_t injection_point);

/* Whether the design that plays keeps missing its deadlines; see ps_tuning_t. */
void ps_engine_note_overload(ps_engine_t *engine, bool overload);

/* Both change what plays and what will play. They return PS_OK, or PS_E_RANGE: then nothing has changed. */
int ps_engine_set_volume(ps_engine_t *engine, uint32_t gain);
int ps_engine_set_limiter(ps_engine_t *engine, uint32_t driver, uint32_t limit, uint32_t release);

/* Checks the next bytes of tables in RAM, as ps_tuning_check(). */
bool ps_engine_check_tables(ps_engine_t *engine, size_t bytes);

#endif
