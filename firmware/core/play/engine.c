#include "play/engine.h"

#include <string.h>

#define RELEASE_MIN (1u << 15)

void ps_engine_reset(ps_engine_t *engine, uint8_t *spare, size_t spare_bytes, const ps_flash_t *flash,
                     const ps_design_t *image)
{
    memset(engine, 0, sizeof *engine);
    engine->design = ps_tuning_reset(&engine->tuning, spare, spare_bytes, flash, image);
    engine->settings.volume = PS_GAIN_ONE;
    engine->settings.release = image->release;
    memcpy(engine->settings.limits, image->limits, sizeof engine->settings.limits);
}

static void apply_limits(ps_engine_t *engine)
{
    ps_limiter_t *limiter = &engine->pipeline.limiter;

    memcpy(limiter->limits, engine->settings.limits, sizeof limiter->limits);
    limiter->release = engine->settings.release;
}

int ps_engine_restart(ps_engine_t *engine)
{
    const int status = ps_pipeline_reset(&engine->pipeline, engine->design, PS_INJECTION_POINT_PROGRAM);

    engine->injection_point = 0;
    ps_volume_reset(&engine->pipeline.volume, engine->settings.volume);
    apply_limits(engine);
    return status;
}

int ps_engine_start_host(ps_engine_t *engine, uint8_t injection_point)
{
    const int status = engine->bad_tables
                           ? PS_E_DESIGN
                           : ps_pipeline_reset(&engine->pipeline, engine->design, injection_point);

    engine->injection_point = status == PS_OK ? injection_point : 0;
    return status;
}

void ps_engine_note_overload(ps_engine_t *engine, bool overload)
{
    engine->tuning.too_slow = overload ? engine->design : NULL;
}

int ps_engine_set_volume(ps_engine_t *engine, uint32_t gain)
{
    if (gain > PS_GAIN_ONE) {
        return PS_E_RANGE;
    }
    engine->settings.volume = gain;
    engine->pipeline.volume.target = gain;
    return PS_OK;
}

/* A limit above the design's could be more than the driver withstands. */
int ps_engine_set_limiter(ps_engine_t *engine, uint32_t driver, uint32_t limit, uint32_t release)
{
    if (driver >= PS_DRIVERS || limit == 0 || limit > engine->design->limits[driver] ||
        release < RELEASE_MIN || release > INT32_MAX) {
        return PS_E_RANGE;
    }
    engine->settings.limits[driver] = limit;
    engine->settings.release = release;
    engine->pipeline.limiter.limits[driver] = limit;
    engine->pipeline.limiter.release = release;
    return PS_OK;
}

bool ps_engine_check_tables(ps_engine_t *engine, size_t bytes)
{
    return ps_tuning_check(&engine->tuning, engine->design, bytes);
}
