#include "command.h"

#include <string.h>

#include "bytes.h"
#include "crc32.h"
#include "generator.h"
#include "tap.h"

_Static_assert(PS_DRIVERS * sizeof(ps_sample_t) <= PS_MAX_PAYLOAD_BYTES,
               "one frame of audio fits in a reply");

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
    const int status = ps_pipeline_reset(&command->pipeline, command->design, PS_ENTRY_PROGRAM);

    command->entry = 0; /* AUDIO needs a START before it */
    ps_volume_reset(&command->pipeline.volume, command->settings.volume);
    apply_limits(command);
    return status;
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

    if (driver >= PS_DRIVERS || limit == 0 || limit > command->design->limits[driver] ||
        release < RELEASE_MIN || release > INT32_MAX) {
        return PS_E_RANGE;
    }
    command->settings.limits[driver] = limit;
    command->settings.release = release;
    command->pipeline.limiter.limits[driver] = limit;
    command->pipeline.limiter.release = release;
    return PS_OK;
}

void ps_command_put_limiter_gains(const ps_command_t *command, uint8_t *to)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        ps_put_u32(to + 4u * d, command->pipeline.limiter.least[d]);
    }
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

static size_t hello(const ps_command_t *command, uint8_t *reply)
{
    put_text(reply + PS_HELLO_REPLY_BOARD_NAME, command->platform->board_name);
    put_text(reply + PS_HELLO_REPLY_LAYOUT_NAME, ps_identity.layout_name);
    memcpy(reply + PS_HELLO_REPLY_DIGEST,
           ps_tuning_playing(&command->tuning, &command->pipeline, command->design),
           sizeof ps_identity.digest);
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
    put_reset_report(command->platform->reset_report, reply);
    return PS_HELLO_REPLY_BYTES;
}

static int start(ps_command_t *command, uint8_t entry)
{
    if (command->platform->claim != NULL) {
        command->platform->claim(command->platform->context);
    }
    const int status =
        command->bad_tables ? PS_E_DESIGN : ps_pipeline_reset(&command->pipeline, command->design, entry);

    command->entry = status == PS_OK ? entry : 0;
    command->block_ticks_last = 0;
    command->block_ticks_max = 0;
    return status;
}

static uint32_t run_block(ps_command_t *command, uint32_t frames)
{
    const uint64_t begin = now(command);

    if (command->platform->alive != NULL) {
        command->platform->alive(command->platform->context);
    }
    /* Cannot fail: `frames` is at most a block. */
    (void)ps_pipeline_process(&command->pipeline, command->in, command->out, frames);
    command->blocks++;
    return (uint32_t)(now(command) - begin);
}

/* Only full blocks count: their time is what the load is made of. */
static void note_ticks(ps_command_t *command, uint32_t ticks)
{
    command->block_ticks_last = ticks;
    command->block_ticks_max = ticks > command->block_ticks_max ? ticks : command->block_ticks_max;
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
            note_ticks(command, ticks);
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
    memset(reply + PS_STATUS_REPLY_LIMITER_GAINS, 0, PS_STATUS_REPLY_BYTES - PS_STATUS_REPLY_LIMITER_GAINS);
    ps_command_put_limiter_gains(command, reply + PS_STATUS_REPLY_LIMITER_GAINS);
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

/* One block of the signal through the pipeline; returns the CRC-32 continued over its output. */
static uint32_t play_block(ps_command_t *command, const ps_generator_t *generator, uint32_t position,
                           uint32_t crc)
{
    ps_generator_fill(generator, position, command->in, ps_pipeline_channels(command->entry),
                      PS_BLOCK_SAMPLES);
    note_ticks(command, run_block(command, PS_BLOCK_SAMPLES));
    return ps_crc32(crc, (const uint8_t *)command->out, sizeof command->out);
}

static int generate(ps_command_t *command, const uint8_t *request, uint8_t *reply, size_t *reply_size)
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

    if (command->entry == 0) {
        return PS_E_NOT_STARTED;
    }
    if (blocks == 0 || blocks_per_crc == 0 ||
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

static int tap(ps_command_t *command, const uint8_t *request, uint8_t *reply, size_t *reply_size)
{
    const uint32_t frames = command->entry == 0 ? 0 : command->pipeline.frames;
    const uint32_t first = ps_get_u16(request + PS_TAP_FIRST);

    if (command->entry == 0) {
        return PS_E_NOT_STARTED;
    }
    if (first > frames) {
        return PS_E_RANGE;
    }
    const uint32_t count = frames - first < TAP_VALUES ? frames - first : TAP_VALUES;
    int64_t values[TAP_VALUES];
    const int status = ps_tap_read(&command->pipeline, command->out, request[PS_TAP_STAGE],
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

static int fast_lane(const ps_platform_t *platform)
{
    return platform->open_lane != NULL && platform->open_lane(platform->context) ? PS_OK : PS_E_NO_LANE;
}

static int play(const ps_platform_t *platform)
{
    if (platform->release != NULL) {
        platform->release(platform->context);
    }
    return PS_OK;
}

static int health(const ps_platform_t *platform, uint8_t *reply, size_t *reply_size)
{
    if (platform->health == NULL) {
        return PS_E_TYPE;
    }
    memset(reply, 0, PS_HEALTH_REPLY_BYTES);
    platform->health(platform->context, reply);
    *reply_size = PS_HEALTH_REPLY_BYTES;
    return PS_OK;
}

static int tune(ps_command_t *command, const ps_frame_t *request, uint8_t *reply, size_t *reply_size)
{
    const ps_platform_t *platform = command->platform;
    const bool silent = request->type == PS_TUNE_COMMIT && platform->flash != NULL && platform->claim != NULL;

    if (command->bad_tables) {
        return PS_E_DESIGN;
    }
    if (silent) {
        platform->claim(platform->context);
    }
    const int result = ps_tuning_handle(&command->tuning, &command->pipeline, &command->design, request->type,
                                        request->payload, request->length, reply, reply_size);

    if (silent) {
        platform->release(platform->context);
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
        return audio(command, request, reply, reply_size);
    }
    if (ps_tuning_takes(request->type)) {
        return tune(command, request, reply, reply_size);
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
    case PS_GENERATE:
        return generate(command, request->payload, reply, reply_size);
    case PS_TAP:
        return tap(command, request->payload, reply, reply_size);
    case PS_FAST_LANE:
        return fast_lane(command->platform);
    case PS_PLAY:
        return play(command->platform);
    case PS_HEALTH:
        return health(command->platform, reply, reply_size);
    case PS_SET_VOLUME:
        return set_volume(command, ps_get_u32(request->payload + PS_SET_VOLUME_GAIN));
    case PS_SET_LIMITER:
        return set_limiter(command, request->payload);
    default:
        return PS_E_TYPE;
    }
}
