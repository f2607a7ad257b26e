/*
 * The core as a shared library, for tests: the pipeline by itself, and the link over memory.
 */
#include <stddef.h>
#include <string.h>

#include "link/cobs.h"
#include "tables/crc32.h"
#include "flash.h"
#include "dsp/generator.h"
#include "link/link.h"
#include "pipeline/tap.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT size_t host_pipeline_bytes(void);
EXPORT int host_pipeline_reset(ps_pipeline_t *pipeline, uint32_t injection_point);
EXPORT int host_pipeline_process(ps_pipeline_t *pipeline, const ps_sample_t *in, ps_sample_t *out,
                                 uint32_t frames);
EXPORT const ps_identity_t *host_identity(void);
EXPORT void host_generate(uint32_t signal, uint32_t attenuation, uint32_t seed, uint32_t position,
                          ps_sample_t *out, uint32_t channels, uint32_t frames);
EXPORT uint32_t host_crc32(uint32_t crc, const uint8_t *data, size_t size);
EXPORT size_t host_cobs_encode(const uint8_t *data, size_t size, uint8_t *out);
EXPORT size_t host_parser_bytes(void);
EXPORT void host_parser_reset(ps_parser_t *parser);
EXPORT int host_parser_feed(ps_parser_t *parser, uint8_t byte, ps_frame_t *frame);

#define HOST_SPARE_BYTES 65536u

typedef struct {
    ps_engine_t engine;
    ps_link_t link;
    ps_platform_t platform;
    uint64_t ticks;
    uint8_t *out; /* where replies go, until it is full */
    size_t out_capacity;
    size_t out_size;
    uint64_t spare[HOST_SPARE_BYTES / sizeof(uint64_t)];
    host_flash_t flash; /* last, because it outlives power */
} host_board_t;

EXPORT size_t host_board_bytes(void);
EXPORT void host_board_reset(host_board_t *board);
EXPORT void host_board_power_cycle(host_board_t *board);
EXPORT void host_board_cut_after(host_board_t *board, uint32_t operations);
EXPORT void host_board_weaken(host_board_t *board, uint32_t operation);
EXPORT uint32_t host_board_flash_operations(const host_board_t *board);
EXPORT void host_board_flash_words(host_board_t *board, uint32_t bytes);
EXPORT uint32_t host_board_torn_reads(const host_board_t *board);
EXPORT uint8_t *host_board_slot(host_board_t *board, uint32_t slot);
EXPORT size_t host_board_feed(host_board_t *board, const uint8_t *data, size_t size, uint8_t *out,
                              size_t out_capacity);

size_t host_pipeline_bytes(void)
{
    return sizeof(ps_pipeline_t);
}

int host_pipeline_reset(ps_pipeline_t *pipeline, uint32_t injection_point)
{
    return ps_pipeline_reset(pipeline, &ps_design, injection_point);
}

int host_pipeline_process(ps_pipeline_t *pipeline, const ps_sample_t *in, ps_sample_t *out, uint32_t frames)
{
    return ps_pipeline_process(pipeline, in, out, frames);
}

const ps_identity_t *host_identity(void)
{
    return &ps_identity;
}

void host_generate(uint32_t signal, uint32_t attenuation, uint32_t seed, uint32_t position, ps_sample_t *out,
                   uint32_t channels, uint32_t frames)
{
    const ps_generator_t generator = {
        .seed = seed, .signal = (uint8_t)signal, .attenuation = (uint8_t)attenuation};

    ps_generator_fill(&generator, position, out, channels, frames);
}

uint32_t host_crc32(uint32_t crc, const uint8_t *data, size_t size)
{
    return ps_crc32(crc, data, size);
}

size_t host_cobs_encode(const uint8_t *data, size_t size, uint8_t *out)
{
    return ps_cobs_encode(data, size, out);
}

size_t host_parser_bytes(void)
{
    return sizeof(ps_parser_t);
}

void host_parser_reset(ps_parser_t *parser)
{
    ps_parser_reset(parser);
}

int host_parser_feed(ps_parser_t *parser, uint8_t byte, ps_frame_t *frame)
{
    return ps_parser_feed(parser, byte, frame);
}

/* The board in use: as on a board, the platform's functions know only one. */
static host_board_t *bench;

static void select_board(host_board_t *board)
{
    bench = board;
    host_flash_use(&board->flash);
}

static void write_memory(const uint8_t *data, size_t size)
{
    if (size <= bench->out_capacity - bench->out_size) {
        memcpy(bench->out + bench->out_size, data, size);
        bench->out_size += size;
    }
}

/* A clock that each reading advances by one. It shows whether times are read and sent. */
static uint64_t count_looks(void)
{
    return bench->ticks++;
}

static uint32_t no_overruns(void)
{
    return 0;
}

size_t host_board_bytes(void)
{
    return sizeof(host_board_t);
}

uint8_t *host_board_slot(host_board_t *board, uint32_t slot)
{
    return board->flash.slots[slot];
}

void host_board_cut_after(host_board_t *board, uint32_t operations)
{
    host_flash_power(&board->flash, operations);
}

void host_board_weaken(host_board_t *board, uint32_t operation)
{
    host_flash_power(&board->flash, UINT32_MAX);
    board->flash.weak_word = operation;
}

void host_board_flash_words(host_board_t *board, uint32_t bytes)
{
    host_flash_words(&board->flash, bytes);
}

uint32_t host_board_torn_reads(const host_board_t *board)
{
    return board->flash.torn_reads;
}

uint32_t host_board_flash_operations(const host_board_t *board)
{
    return board->flash.operations;
}

void host_board_reset(host_board_t *board)
{
    host_flash_erase(&board->flash);
    host_board_power_cycle(board);
}

/* Everything but the flash is reset. */
void host_board_power_cycle(host_board_t *board)
{
    select_board(board);
    memset(board, 0, offsetof(host_board_t, flash));
    host_board_cut_after(board, UINT32_MAX);
    board->platform = (ps_platform_t){
        .write = write_memory,
        .ticks = count_looks,
        .receive_overruns = no_overruns,
        .board_name = "host",
        .tick_hz = 1,
        .clock_source = PS_CLOCK_HOST,
    };
    ps_engine_reset(&board->engine, (uint8_t *)board->spare, sizeof board->spare, &board->flash.flash,
                    &ps_design);
    ps_link_reset(&board->link, &board->platform, &board->engine);
}

size_t host_board_feed(host_board_t *board, const uint8_t *data, size_t size, uint8_t *out,
                       size_t out_capacity)
{
    select_board(board);
    board->out = out;
    board->out_capacity = out_capacity;
    board->out_size = 0;
    ps_link_feed(&board->link, data, size);
    return board->out_size;
}
