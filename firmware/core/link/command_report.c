#include "link/command_report.h"

#include <string.h>

#include "tables/bytes.h"

_Static_assert(PS_DRIVERS * 4u <= 64u, "STATUS_REPLY and HEALTH_REPLY have room for every driver's gain");

/* The least gain that each driver's limiter has asked for. */
static void put_limiter_gains(const ps_limiter_t *limiter, uint8_t *to)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        ps_put_u32(to + 4u * d, limiter->least[d]);
    }
}

static void put_text(uint8_t *to, const char *text)
{
    memset(to, 0, PS_NAME_BYTES);
    memcpy(to, text, strnlen(text, PS_NAME_BYTES));
}

static void put_reset_report(const ps_reset_report_t *report, uint8_t *reply)
{
    static const ps_reset_report_t unknown = {.cause = PS_RESET_UNKNOWN};
    const ps_reset_report_t *told = report != NULL ? report : &unknown;

    reply[PS_HELLO_REPLY_RESET_CAUSE] = told->cause;
    reply[PS_HELLO_REPLY_FAULT_EXCEPTION] = told->exception;
    ps_put_u16(reply + PS_HELLO_REPLY_FAULTS, told->faults);
    ps_put_u32(reply + PS_HELLO_REPLY_FAULT_PC, told->pc);
    ps_put_u32(reply + PS_HELLO_REPLY_FAULT_LR, told->lr);
    ps_put_u32(reply + PS_HELLO_REPLY_FAULT_STATUS, told->status);
    ps_put_u32(reply + PS_HELLO_REPLY_FAULT_ADDRESS, told->address);
}

const uint8_t *ps_report_digest(const ps_command_t *command)
{
    return ps_tuning_playing(&command->engine->tuning, &command->engine->pipeline, command->engine->design);
}

size_t ps_report_hello(const ps_command_t *command, uint8_t *reply)
{
    put_text(reply + PS_HELLO_REPLY_BOARD_NAME, command->platform->board_name);
    put_text(reply + PS_HELLO_REPLY_LAYOUT_NAME, ps_identity.layout_name);
    memcpy(reply + PS_HELLO_REPLY_DIGEST, ps_report_digest(command), sizeof ps_identity.digest);
    ps_put_u32(reply + PS_HELLO_REPLY_SAMPLE_RATE_HZ, PS_SAMPLE_RATE_HZ);
    ps_put_u16(reply + PS_HELLO_REPLY_BLOCK_SAMPLES, PS_BLOCK_SAMPLES);
    ps_put_u16(reply + PS_HELLO_REPLY_MAX_PAYLOAD_BYTES, PS_MAX_PAYLOAD_BYTES);
    ps_put_u16(reply + PS_HELLO_REPLY_DESIGN_ABI, PS_DESIGN_ABI);
    reply[PS_HELLO_REPLY_NUMBER_FORMAT] = ps_identity.number_format;
    reply[PS_HELLO_REPLY_DRIVERS] = PS_DRIVERS;
    reply[PS_HELLO_REPLY_INPUTS] = PS_INPUTS;
    reply[PS_HELLO_REPLY_CREDITS] = PS_CREDITS;
    reply[PS_HELLO_REPLY_CLOCK_SOURCE] = command->platform->clock_source;
    reply[PS_HELLO_REPLY_RESERVED] = 0;
    put_reset_report(command->platform->reset_report, reply);
    return PS_HELLO_REPLY_BYTES;
}

size_t ps_report_status(const ps_command_t *command, const ps_link_counters_t *counters, uint8_t *reply)
{
    const ps_platform_t *platform = command->platform;

    ps_put_u64(reply + PS_STATUS_REPLY_UPTIME_TICKS, platform->ticks());
    ps_put_u32(reply + PS_STATUS_REPLY_TICK_HZ, platform->tick_hz);
    ps_put_u32(reply + PS_STATUS_REPLY_BLOCKS, command->blocks);
    ps_put_u32(reply + PS_STATUS_REPLY_BLOCK_TICKS_LAST, command->block_ticks_last);
    ps_put_u32(reply + PS_STATUS_REPLY_BLOCK_TICKS_MAX, command->block_ticks_max);
    ps_put_u32(reply + PS_STATUS_REPLY_BAD_COBS, counters->bad_cobs);
    ps_put_u32(reply + PS_STATUS_REPLY_BAD_CRC, counters->bad_crc);
    ps_put_u32(reply + PS_STATUS_REPLY_BAD_HEADER, counters->bad_header);
    ps_put_u32(reply + PS_STATUS_REPLY_BAD_SESSION, counters->bad_session);
    ps_put_u32(reply + PS_STATUS_REPLY_BAD_SEQUENCE, counters->bad_sequence);
    ps_put_u32(reply + PS_STATUS_REPLY_DUPLICATES, counters->duplicates);
    ps_put_u32(reply + PS_STATUS_REPLY_RECEIVE_OVERRUNS, platform->receive_overruns());
    reply[PS_STATUS_REPLY_CLOCK_SOURCE] = platform->clock_source;
    reply[PS_STATUS_REPLY_INJECTION_POINT] = command->engine->injection_point;
    ps_put_u16(reply + PS_STATUS_REPLY_RESERVED, 0);
    memset(reply + PS_STATUS_REPLY_LIMITER_GAINS, 0, PS_STATUS_REPLY_BYTES - PS_STATUS_REPLY_LIMITER_GAINS);
    put_limiter_gains(&command->engine->pipeline.limiter, reply + PS_STATUS_REPLY_LIMITER_GAINS);
    return PS_STATUS_REPLY_BYTES;
}

size_t ps_report_health(const ps_command_t *command, uint8_t *reply)
{
    const ps_platform_t *platform = command->platform;
    ps_limiter_t *limiter = &command->engine->pipeline.limiter;

    memset(reply, 0, PS_HEALTH_REPLY_BYTES);
    ps_put_u64(reply + PS_HEALTH_REPLY_UPTIME_MS, platform->ticks() / (platform->tick_hz / 1000u));
    reply[PS_HEALTH_REPLY_CLOCK_SOURCE] = platform->clock_source;
    ps_put_u32(reply + PS_HEALTH_REPLY_BLOCK_TICKS_BUDGET,
               (uint32_t)((uint64_t)platform->tick_hz * PS_BLOCK_SAMPLES / PS_SAMPLE_RATE_HZ));
    ps_put_u32(reply + PS_HEALTH_REPLY_VOLUME, command->engine->settings.volume);
    put_limiter_gains(limiter, reply + PS_HEALTH_REPLY_LIMITER_GAINS);
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        limiter->least[d] = PS_GAIN_ONE;
    }
    platform->health(reply);
    return PS_HEALTH_REPLY_BYTES;
}

size_t ps_report_limits(const ps_command_t *command, uint8_t *reply)
{
    memset(reply, 0, PS_LIMITS_REPLY_BYTES);
    ps_put_u32(reply + PS_LIMITS_REPLY_RELEASE, command->engine->settings.release);
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        ps_put_u32(reply + PS_LIMITS_REPLY_LIMITS + 4u * d, command->engine->settings.limits[d]);
        ps_put_u32(reply + PS_LIMITS_REPLY_DESIGN_LIMITS + 4u * d, command->engine->design->limits[d]);
    }
    return PS_LIMITS_REPLY_BYTES;
}
