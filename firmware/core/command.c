#include "command.h"

#include <string.h>

#include "bytes.h"

_Static_assert(PS_DRIVERS * sizeof(ps_sample_t) <= PS_MAX_PAYLOAD_BYTES,
               "one frame of audio fits in a reply");

void ps_command_reset(ps_command_t *command, const ps_platform_t *platform, const ps_design_t *design)
{
    memset(command, 0, sizeof *command);
    command->platform = platform;
    command->design = design;
}

static uint64_t now(const ps_command_t *command)
{
    return command->platform->ticks(command->platform->context);
}

static void put_text(uint8_t *to, const char *text)
{
    memset(to, 0, PS_NAME_BYTES);
    memcpy(to, text, strnlen(text, PS_NAME_BYTES));
}

static size_t hello(const ps_command_t *command, uint8_t *reply)
{
    put_text(reply + PS_HELLO_REPLY_BOARD_NAME, command->platform->board_name);
    put_text(reply + PS_HELLO_REPLY_LAYOUT_NAME, ps_identity.layout_name);
    memcpy(reply + PS_HELLO_REPLY_DIGEST, ps_identity.digest, sizeof ps_identity.digest);
    ps_put_u32(reply + PS_HELLO_REPLY_SAMPLE_RATE_HZ, PS_SAMPLE_RATE_HZ);
    ps_put_u16(reply + PS_HELLO_REPLY_BLOCK_SAMPLES, PS_BLOCK_SAMPLES);
    ps_put_u16(reply + PS_HELLO_REPLY_MAX_PAYLOAD_BYTES, PS_MAX_PAYLOAD_BYTES);
    ps_put_u16(reply + PS_HELLO_REPLY_DESIGN_ABI, PS_DESIGN_ABI);
    reply[PS_HELLO_REPLY_ARITHMETIC] = ps_identity.arithmetic;
    reply[PS_HELLO_REPLY_DRIVERS] = PS_DRIVERS;
    reply[PS_HELLO_REPLY_INPUTS] = PS_INPUTS;
    reply[PS_HELLO_REPLY_CREDITS] = PS_CREDITS;
    reply[PS_HELLO_REPLY_CLOCK_SOURCE] = command->platform->clock_source;
    reply[PS_HELLO_REPLY_RESERVED] = 0;
    return PS_HELLO_REPLY_BYTES;
}

static int start(ps_command_t *command, uint8_t entry)
{
    const int status = ps_pipeline_reset(&command->pipeline, command->design, entry);

    command->entry = status == PS_OK ? entry : 0;
    command->block_ticks_last = 0;
    command->block_ticks_max = 0;
    return status;
}

static uint32_t run_block(ps_command_t *command, uint32_t frames)
{
    const uint64_t begin = now(command);

    /* Cannot fail: `frames` is at most a block. */
    (void)ps_pipeline_process(&command->pipeline, command->in, command->out, frames);
    command->blocks++;
    return (uint32_t)(now(command) - begin);
}

static int audio(ps_command_t *command, const ps_frame_t *request, uint8_t *reply, size_t *reply_size)
{
    if (command->entry == 0) {
        return PS_E_NOT_STARTED;
    }
    const uint32_t frame_bytes = ps_pipeline_channels(command->entry) * (uint32_t)sizeof(ps_sample_t);
    const uint32_t reply_frame_bytes = PS_DRIVERS * (uint32_t)sizeof(ps_sample_t);
    uint32_t frames = request->length / frame_bytes;

    if (request->length % frame_bytes != 0 || frames > PS_MAX_PAYLOAD_BYTES / reply_frame_bytes) {
        return PS_E_LENGTH;
    }
    *reply_size = frames * reply_frame_bytes;
    for (const uint8_t *from = request->payload; frames != 0;) {
        const uint32_t block = frames < PS_BLOCK_SAMPLES ? frames : PS_BLOCK_SAMPLES;

        memcpy(command->in, from, block * frame_bytes);
        const uint32_t ticks = run_block(command, block);

        memcpy(reply, command->out, block * reply_frame_bytes);
        if (block == PS_BLOCK_SAMPLES) {
            command->block_ticks_last = ticks;
            command->block_ticks_max = ticks > command->block_ticks_max ? ticks : command->block_ticks_max;
        }
        from += block * frame_bytes;
        reply += block * reply_frame_bytes;
        frames -= block;
    }
    return PS_OK;
}

static size_t status(const ps_command_t *command, const ps_link_counters_t *counters, uint8_t *reply)
{
    const ps_platform_t *platform = command->platform;

    ps_put_u64(reply + PS_STATUS_REPLY_UPTIME_TICKS, now(command));
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
    ps_put_u32(reply + PS_STATUS_REPLY_RECEIVE_OVERRUNS, platform->receive_overruns(platform->context));
    reply[PS_STATUS_REPLY_CLOCK_SOURCE] = platform->clock_source;
    reply[PS_STATUS_REPLY_ENTRY] = command->entry;
    ps_put_u16(reply + PS_STATUS_REPLY_RESERVED, 0);
    return PS_STATUS_REPLY_BYTES;
}

/* Alternating full scale with a slow change of sign between the channels: no value that a kernel could skip.
 */
static void fill_pattern(ps_command_t *command)
{
    for (uint32_t n = 0; n < PS_BLOCK_SAMPLES * PS_INPUTS; n++) {
        command->in[n] = (n % 3u) == 0 ? PS_SAMPLE_MAX : PS_SAMPLE_MIN / 3;
    }
}

static int profile(ps_command_t *command, uint8_t entry, uint32_t blocks, uint8_t *reply, size_t *reply_size)
{
    if (blocks == 0) {
        return PS_E_LENGTH;
    }
    const int result = start(command, entry);
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    uint64_t total = 0;

    if (result != PS_OK) {
        return result;
    }
    fill_pattern(command);
    for (uint32_t n = 0; n < blocks; n++) {
        const uint32_t ticks = run_block(command, PS_BLOCK_SAMPLES);

        least = ticks < least ? ticks : least;
        most = ticks > most ? ticks : most;
        total += ticks;
    }
    command->entry = 0; /* what the pattern left behind must not reach anybody's audio */
    ps_put_u32(reply + PS_PROFILE_REPLY_TICKS_MIN, least);
    ps_put_u32(reply + PS_PROFILE_REPLY_TICKS_MAX, most);
    ps_put_u64(reply + PS_PROFILE_REPLY_TICKS_TOTAL, total);
    ps_put_u16(reply + PS_PROFILE_REPLY_BLOCK_SAMPLES, PS_BLOCK_SAMPLES);
    ps_put_u16(reply + PS_PROFILE_REPLY_BLOCKS, blocks);
    *reply_size = PS_PROFILE_REPLY_BYTES;
    return PS_OK;
}

/* Bytes of payload that a request must have; AUDIO checks its own. */
static int length_of(uint8_t type)
{
    switch (type) {
    case PS_START:
        return PS_START_BYTES;
    case PS_PROFILE:
        return PS_PROFILE_BYTES;
    default:
        return 0;
    }
}

int ps_command_handle(ps_command_t *command, const ps_frame_t *request, const ps_link_counters_t *counters,
                      uint8_t *reply, size_t *reply_size)
{
    *reply_size = 0;
    if (request->type == PS_AUDIO) {
        return audio(command, request, reply, reply_size);
    }
    if (request->length != length_of(request->type)) {
        return PS_E_LENGTH;
    }
    switch (request->type) {
    case PS_HELLO:
        *reply_size = hello(command, reply);
        return PS_OK;
    case PS_START:
        return start(command, request->payload[PS_START_ENTRY]);
    case PS_STATUS:
        *reply_size = status(command, counters, reply);
        return PS_OK;
    case PS_PROFILE:
        return profile(command, request->payload[PS_PROFILE_ENTRY], request->payload[PS_PROFILE_BLOCKS],
                       reply, reply_size);
    default:
        return PS_E_TYPE;
    }
}
