#include "link/command.h"

#include <string.h>

#include "tables/bytes.h"
#include "link/command_report.h"
#include "link/command_run.h"

void ps_command_reset(ps_command_t *command, const ps_platform_t *platform, ps_engine_t *engine)
{
    memset(command, 0, sizeof *command);
    command->platform = platform;
    command->engine = engine;
}

static int set_limiter(ps_engine_t *engine, const uint8_t *request)
{
    if (!ps_is_zero(request + PS_SET_LIMITER_RESERVED, PS_SET_LIMITER_LIMIT - PS_SET_LIMITER_RESERVED)) {
        return PS_E_RANGE;
    }
    return ps_engine_set_limiter(engine, request[PS_SET_LIMITER_DRIVER],
                                 ps_get_u32(request + PS_SET_LIMITER_LIMIT),
                                 ps_get_u32(request + PS_SET_LIMITER_RELEASE));
}

static int open_semihosting(const ps_platform_t *platform)
{
    return platform->open_semihosting != NULL && platform->open_semihosting() ? PS_OK : PS_E_NO_SEMIHOSTING;
}

/* Magic and digest: no board leaves its work by accident, nor one that the host takes for another. */
static int leave_for_bootloader(const ps_command_t *command, const uint8_t *request)
{
    if (command->platform->request_bootloader == NULL) {
        return PS_E_NO_BOOTLOADER;
    }
    if (ps_get_u32(request + PS_ENTER_BOOTLOADER_MAGIC) != PS_ENTER_BOOTLOADER_CONFIRMATION ||
        memcmp(request + PS_ENTER_BOOTLOADER_DIGEST, ps_report_digest(command),
               PS_ENTER_BOOTLOADER_BYTES - PS_ENTER_BOOTLOADER_DIGEST) != 0) {
        return PS_E_RANGE;
    }
    command->platform->request_bootloader();
    return PS_OK;
}

static int play(const ps_platform_t *platform)
{
    if (platform->release != NULL) {
        platform->release();
    }
    return PS_OK;
}

static int health(ps_command_t *command, uint8_t *reply, size_t *reply_size)
{
    if (command->platform->health == NULL) {
        return PS_E_TYPE;
    }
    *reply_size = ps_report_health(command, reply);
    return PS_OK;
}

static int tune(ps_command_t *command, const ps_frame_t *request, uint8_t *reply, size_t *reply_size)
{
    const ps_platform_t *platform = command->platform;
    ps_engine_t *engine = command->engine;
    const bool commits = request->type == PS_TUNE_COMMIT;

    if (engine->bad_tables) {
        return PS_E_DESIGN;
    }
    /* Once only: an interrupt may find the tables quick enough later, and the board is not silent then. */
    if (commits && engine->tuning.too_slow == engine->design) {
        return PS_E_OVERLOAD;
    }
    /* A commit silences the board only where flash is going to be written. */
    const bool silent =
        commits && platform->claim != NULL && ps_tuning_commit_writes(&engine->tuning, engine->design);

    if (silent) {
        platform->claim();
    }
    const int result = ps_tuning_handle(&engine->tuning, &engine->pipeline, &engine->design, request->type,
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
    case PS_ENTER_BOOTLOADER:
        return PS_ENTER_BOOTLOADER_BYTES;
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
        return open_semihosting(command->platform);
    case PS_ENTER_BOOTLOADER:
        return leave_for_bootloader(command, request->payload);
    case PS_PLAY:
        return play(command->platform);
    case PS_HEALTH:
        return health(command, reply, reply_size);
    case PS_SET_VOLUME:
        return ps_engine_set_volume(command->engine, ps_get_u32(request->payload + PS_SET_VOLUME_GAIN));
    case PS_SET_LIMITER:
        return set_limiter(command->engine, request->payload);
    case PS_LIMITS:
        *reply_size = ps_report_limits(command, reply);
        return PS_OK;
    default:
        return PS_E_TYPE;
    }
}
