#include "link/command_run.h"

#include <string.h>

#include "tables/bytes.h"
#include "tables/crc32.h"
#include "dsp/generator.h"
#include "pipeline/tap.h"

_Static_assert(PS_DRIVERS * sizeof(ps_sample_t) <= PS_MAX_PAYLOAD_BYTES,
               "one frame of audio fits in a reply");

static uint64_t now(const ps_command_t *command)
{
    return command->platform->ticks();
}

int ps_run_start(ps_command_t *command, uint8_t injection_point)
{
    if (command->platform->claim != NULL) {
        command->platform->claim();
    }
    command->block_ticks_last = 0;
    command->block_ticks_max = 0;
    return ps_engine_start_host(command->engine, injection_point);
}

static uint32_t run_block(ps_command_t *command, uint32_t frames)
{
    const uint64_t begin = now(command);

    if (command->platform->alive != NULL) {
        command->platform->alive();
    }
    /* Cannot fail: `frames` is at most a block. */
    (void)ps_pipeline_process(&command->engine->pipeline, command->engine->in, command->engine->out, frames);
    command->blocks++;
    return (uint32_t)(now(command) - begin);
}

/* Only full blocks count, because the load is computed from them. */
static void note_ticks(ps_command_t *command, uint32_t ticks)
{
    command->block_ticks_last = ticks;
    command->block_ticks_max = ticks > command->block_ticks_max ? ticks : command->block_ticks_max;
}

int ps_run_audio(ps_command_t *command, const ps_frame_t *request, uint8_t *reply, size_t *reply_size)
{
    if (command->engine->injection_point == 0) {
        return PS_E_NOT_STARTED;
    }
    const uint32_t frame_bytes =
        ps_pipeline_channels(command->engine->injection_point) * (uint32_t)sizeof(ps_sample_t);
    const uint32_t reply_frame_bytes = PS_DRIVERS * (uint32_t)sizeof(ps_sample_t);
    uint32_t frames = request->length / frame_bytes;

    if (request->length % frame_bytes != 0 || frames > PS_MAX_PAYLOAD_BYTES / reply_frame_bytes) {
        return PS_E_LENGTH;
    }
    *reply_size = frames * reply_frame_bytes;
    for (const uint8_t *from = request->payload; frames != 0;) {
        const uint32_t block = frames < PS_BLOCK_SAMPLES ? frames : PS_BLOCK_SAMPLES;

        memcpy(command->engine->in, from, block * frame_bytes);
        const uint32_t ticks = run_block(command, block);

        memcpy(reply, command->engine->out, block * reply_frame_bytes);
        if (block == PS_BLOCK_SAMPLES) {
            note_ticks(command, ticks);
        }
        from += block * frame_bytes;
        reply += block * reply_frame_bytes;
        frames -= block;
    }
    return PS_OK;
}

/* Large values of both signs, none of which a kernel could skip. */
static void fill_pattern(ps_command_t *command)
{
    for (uint32_t n = 0; n < PS_BLOCK_SAMPLES * PS_INPUTS; n++) {
        command->engine->in[n] = (n % 3u) == 0 ? PS_SAMPLE_MAX : PS_SAMPLE_MIN / 3;
    }
}

int ps_run_profile(ps_command_t *command, uint8_t injection_point, uint32_t blocks, uint8_t *reply,
                   size_t *reply_size)
{
    if (blocks == 0) {
        return PS_E_LENGTH;
    }
    const int result = ps_run_start(command, injection_point);
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
    command->engine->injection_point = 0; /* the pattern's past must not reach other audio */
    ps_put_u32(reply + PS_PROFILE_REPLY_TICKS_MIN, least);
    ps_put_u32(reply + PS_PROFILE_REPLY_TICKS_MAX, most);
    ps_put_u64(reply + PS_PROFILE_REPLY_TICKS_TOTAL, total);
    ps_put_u16(reply + PS_PROFILE_REPLY_BLOCK_SAMPLES, PS_BLOCK_SAMPLES);
    ps_put_u16(reply + PS_PROFILE_REPLY_BLOCKS, blocks);
    *reply_size = PS_PROFILE_REPLY_BYTES;
    return PS_OK;
}

/* Processes one block of the signal. Returns the CRC-32, continued over its output. */
static uint32_t play_block(ps_command_t *command, const ps_generator_t *generator, uint32_t position,
                           uint32_t crc)
{
    ps_generator_fill(generator, position, command->engine->in,
                      ps_pipeline_channels(command->engine->injection_point), PS_BLOCK_SAMPLES);
    note_ticks(command, run_block(command, PS_BLOCK_SAMPLES));
    return ps_crc32(crc, (const uint8_t *)command->engine->out, sizeof command->engine->out);
}

int ps_run_generate(ps_command_t *command, const uint8_t *request, uint8_t *reply, size_t *reply_size)
{
    const ps_generator_t generator = {
        .seed = ps_get_u32(request + PS_GENERATE_SEED),
        .signal = request[PS_GENERATE_SIGNAL],
        .attenuation = request[PS_GENERATE_ATTENUATION],
    };
    const uint32_t blocks = ps_get_u16(request + PS_GENERATE_BLOCKS);
    const uint32_t blocks_per_crc = ps_get_u16(request + PS_GENERATE_BLOCKS_PER_CRC);
    uint32_t position = ps_get_u32(request + PS_GENERATE_POSITION);
    uint32_t crc = 0;

    if (command->engine->injection_point == 0) {
        return PS_E_NOT_STARTED;
    }
    if (ps_get_u16(request + PS_GENERATE_RESERVED) != 0 || blocks == 0 || blocks_per_crc == 0 ||
        (blocks - 1u) / blocks_per_crc >= PS_MAX_PAYLOAD_BYTES / sizeof crc) {
        return PS_E_RANGE;
    }
    if (ps_generator_check(&generator) != PS_OK) {
        return PS_E_RANGE;
    }
    for (uint32_t n = 1; n <= blocks; n++) {
        crc = play_block(command, &generator, position, crc);
        position += PS_BLOCK_SAMPLES;
        if (n % blocks_per_crc == 0 || n == blocks) {
            ps_put_u32(reply + *reply_size, crc);
            *reply_size += sizeof crc;
            crc = 0;
        }
    }
    return PS_OK;
}

#define TAP_VALUES ((PS_MAX_PAYLOAD_BYTES - PS_TAP_REPLY_BYTES) / (uint32_t)sizeof(int64_t))

int ps_run_tap(ps_command_t *command, const uint8_t *request, uint8_t *reply, size_t *reply_size)
{
    const uint32_t frames = command->engine->injection_point == 0 ? 0 : command->engine->pipeline.frames;
    const uint32_t first = ps_get_u16(request + PS_TAP_FIRST);

    if (command->engine->injection_point == 0) {
        return PS_E_NOT_STARTED;
    }
    if (first > frames) {
        return PS_E_RANGE;
    }
    const uint32_t count = frames - first < TAP_VALUES ? frames - first : TAP_VALUES;
    int64_t values[TAP_VALUES];
    const int status = ps_tap_read(&command->engine->pipeline, command->engine->out, request[PS_TAP_STAGE],
                                   request[PS_TAP_INDEX], first, count, values);

    if (status != PS_OK) {
        return status;
    }
    ps_put_u16(reply + PS_TAP_REPLY_FRAMES, frames);
    ps_put_u16(reply + PS_TAP_REPLY_FIRST, first);
    ps_put_u32(reply + PS_TAP_REPLY_BLOCKS, command->blocks);
    for (uint32_t n = 0; n < count; n++) {
        ps_put_u64(reply + PS_TAP_REPLY_BYTES + n * sizeof values[0], (uint64_t)values[n]);
    }
    *reply_size = PS_TAP_REPLY_BYTES + count * sizeof values[0];
    return PS_OK;
}
