#include "link/command.h"

#include <string.h>

#include "tables/bytes.h"
#include "link/command_report.h"
#include "link/command_run.h"

void ps_command_reset(ps_command_t *command, const ps_platform_t *platform, const ps_design_t *design)
{
    memset(command, 0, sizeof *command);
    command->platform = platform;
    command->design =
        ps_tuning_reset(&command->tuning, platform->spare, platform->spare_bytes, platform->flash, design);
    command->settings.volume = PS_GAIN_ONE;
    command->settings.release = design->release;
    memcpy(command->settings.limits, design->limits, sizeof command->settings.limits);
}

static void apply_limits(ps_command_t *command)
{
    ps_limiter_t *limiter = &command->pipeline.limiter;

    memcpy(limiter->limits, command->settings.limits, sizeof limiter->limits);
    limiter->release = command->settings.release;
}

int ps_command_begin_playing(ps_command_t *command)
{
    const int status = ps_pipeline_reset(&command->pipeline, command->design, PS_INJECTION_POINT_PROGRAM);

    command->entry = 0; /* AUDIO needs a START before it */
    ps_volume_reset(&command->pipeline.volume, command->settings.volume);
    apply_limits(command);
    return status;
}

void ps_command_note_overload(ps_command_t *command, bool overload)
{
    command->tuning.too_slow = overload ? command->design : NULL;
}

static int set_volume(ps_command_t *command, uint32_t gain)
{
    if (gain > PS_GAIN_ONE) {
        return PS_E_RANGE;
    }
    command->settings.volume = gain;
    command->pipeline.volume.target = gain;
    return PS_OK;
}

#define RELEASE_MIN (1u << 15)

/* A limit above the design's would no longer be what the driver was said to stand. */
static int set_limiter(ps_command_t *command, const uint8_t *request)
{
    const uint32_t driver = request[PS_SET_LIMITER_DRIVER];
    const uint32_t limit = ps_get_u32(request + PS_SET_LIMITER_LIMIT);
    const uint32_t release = ps_get_u32(request + PS_SET_LIMITER_RELEASE);

    if (!ps_is_zero(request + PS_SET_LIMITER_RESERVED, PS_SET_LIMITER_LIMIT - PS_SET_LIMITER_RESERVED) ||
        driver >= PS_DRIVERS || limit == 0 || limit > command->design->limits[driver] ||
        release < RELEASE_MIN || release > INT32_MAX) {
        return PS_E_RANGE;
    }
    command->settings.limits[driver] = limit;
    command->settings.release = release;
    command->pipeline.limiter.limits[driver] = limit;
    command->pipeline.limiter.release = release;
    return PS_OK;
}

static int fast_lane(const ps_platform_t *platform)
{
    return platform->open_lane != NULL && platform->open_lane() ? PS_OK : PS_E_NO_SEMIHOSTING;
}

static int play(const ps_platform_t *platform)
{
    if (platform->release != NULL) {
        platform->release();
    }
    return PS_OK;
}

static int health(const ps_platform_t *platform, uint8_t *reply, size_t *reply_size)
{
    if (platform->health == NULL) {
        return PS_E_TYPE;
    }
    memset(reply, 0, PS_HEALTH_REPLY_BYTES);
    platform->health(reply);
    *reply_size = PS_HEALTH_REPLY_BYTES;
    return PS_OK;
}

static int tune(ps_command_t *command, const ps_frame_t *request, uint8_t *reply, size_t *reply_size)
{
    const ps_platform_t *platform = command->platform;
    /* An overload goes on, where nothing is going to be written. */
    const bool silent = request->type == PS_TUNE_COMMIT && platform->flash != NULL &&
                        platform->claim != NULL && command->tuning.too_slow != command->design;

    if (command->bad_tables) {
        return PS_E_DESIGN;
    }
    if (silent) {
        platform->claim();
    }
    const int result = ps_tuning_handle(&command->tuning, &command->pipeline, &command->design, request->type,
                                        request->payload, request->length, reply, reply_size);

    if (silent) {
        platform->release();
    }
    return result;
}

/* Bytes of payload that a request must have; AUDIO checks its own. */
static int length_of(uint8_t type)
{
    switch (type) {
    case PS_START:
        return PS_START_BYTES;
    case PS_PROFILE:
        return PS_PROFILE_BYTES;
    case PS_GENERATE:
        return PS_GENERATE_BYTES;
    case PS_TAP:
        return PS_TAP_BYTES;
    case PS_SET_VOLUME:
        return PS_SET_VOLUME_BYTES;
    case PS_SET_LIMITER:
        return PS_SET_LIMITER_BYTES;
    default:
        return 0;
    }
}

int ps_command_handle(ps_command_t *command, const ps_frame_t *request, const ps_link_counters_t *counters,
                      uint8_t *reply, size_t *reply_size)
{
    *reply_size = 0;
    if (request->type == PS_AUDIO) {
        return ps_run_audio(command, request, reply, reply_size);
    }
    if (ps_tuning_takes(request->type)) {
        return tune(command, request, reply, reply_size);
    }
    if (request->length != length_of(request->type)) {
        return PS_E_LENGTH;
    }
    switch (request->type) {
    case PS_HELLO:
        *reply_size = ps_report_hello(command, reply);
        return PS_OK;
    case PS_START:
        return ps_run_start(command, request->payload[PS_START_INJECTION_POINT]);
    case PS_STATUS:
        *reply_size = ps_report_status(command, counters, reply);
        return PS_OK;
    case PS_PROFILE:
        return ps_run_profile(command, request->payload[PS_PROFILE_INJECTION_POINT],
                              request->payload[PS_PROFILE_BLOCKS], reply, reply_size);
    case PS_GENERATE:
        return ps_run_generate(command, request->payload, reply, reply_size);
    case PS_TAP:
        return ps_run_tap(command, request->payload, reply, reply_size);
    case PS_SEMIHOSTING:
        return fast_lane(command->platform);
    case PS_PLAY:
        return play(command->platform);
    case PS_HEALTH:
        return health(command->platform, reply, reply_size);
    case PS_SET_VOLUME:
        return set_volume(command, ps_get_u32(request->payload + PS_SET_VOLUME_GAIN));
    case PS_SET_LIMITER:
        return set_limiter(command, request->payload);
    case PS_LIMITS:
        *reply_size = ps_report_limits(command, reply);
        return PS_OK;
    default:
        return PS_E_TYPE;
    }
}
