/*
 * Entry point of libFuzzer for all code that reads bytes from outside. The first byte chooses one of four
 * targets: the raw line, whole requests in a session, the graph of a design, or tables from the line. Built
 * with AddressSanitizer and UndefinedBehaviorSanitizer.
 */
#include <stdlib.h>
#include <string.h>

#include "link/cobs.h"
#include "link/link.h"
#include "tables/table_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ps_engine_t engine;
static ps_link_t link;
static uint64_t clock_ticks;
static size_t written;
static uint64_t spare[2048];

static void count_bytes(const uint8_t *data, size_t size)
{
    /* Reads every byte, so that a sanitizer sees bytes that are not written or not owned. */
    for (size_t n = 0; n < size; n++) {
        written += data[n] != 0;
    }
}

static uint64_t look_at_clock(void)
{
    return clock_ticks++;
}

static uint32_t no_overruns(void)
{
    return 0;
}

static const ps_platform_t platform = {
    .write = count_bytes,
    .ticks = look_at_clock,
    .receive_overruns = no_overruns,
    .board_name = "fuzz",
    .tick_hz = 1,
    .clock_source = PS_CLOCK_HOST,
};

static void feed_frame(uint8_t type, uint16_t sequence, uint16_t session, const uint8_t *payload, size_t size)
{
    static uint8_t frame[PS_MAX_FRAME_BYTES];
    static uint8_t encoded[PS_MAX_ENCODED_BYTES];

    memcpy(frame + PS_HEADER_BYTES, payload, size);
    const size_t finished = ps_frame_finish(frame, type, sequence, session, size);

    ps_link_feed(&link, encoded, ps_cobs_encode(frame, finished, encoded));
}

/* A long GENERATE or PROFILE only repeats itself and takes the fuzzer's time. Reserved fields are seldom 0 by
 * chance. */
static void shorten(uint8_t type, uint8_t *payload, size_t size)
{
    if (type == PS_GENERATE && size == PS_GENERATE_BYTES) {
        payload[PS_GENERATE_BLOCKS] &= 3u;
        payload[PS_GENERATE_BLOCKS + 1] = 0;
        /* Every second one gets past this check. */
        payload[PS_GENERATE_RESERVED] &= 1u;
        payload[PS_GENERATE_RESERVED + 1] = 0;
    }
    if (type == PS_SET_LIMITER && size == PS_SET_LIMITER_BYTES) {
        payload[PS_SET_LIMITER_RESERVED] &= 1u;
        memset(payload + PS_SET_LIMITER_RESERVED + 1, 0, 2);
    }
    if (type == PS_PROFILE && size == PS_PROFILE_BYTES) {
        payload[PS_PROFILE_BLOCKS] &= 3u;
    }
}

/* A session, then requests: type, offset of the sequence number, two bytes of size, payload. */
static void requests(const uint8_t *data, size_t size)
{
    static uint8_t payload[PS_MAX_PAYLOAD_BYTES];
    uint16_t sequence = 1;

    feed_frame(PS_HELLO, 0, 1, data, 0);
    while (size >= 4) {
        const uint8_t type = data[0];
        const uint16_t stray = data[1];
        size_t length = (data[2] | (size_t)data[3] << 8) % (PS_MAX_PAYLOAD_BYTES + 1);

        data += 4;
        size -= 4;
        length = length < size ? length : size;
        memcpy(payload, data, length);
        shorten(type, payload, length);
        feed_frame(type, (uint16_t)(sequence + (stray < 16 ? 0 : stray - 128)), 1, payload, length);
        sequence = link.expected;
        data += length;
        size -= length;
    }
}

/* Overwrites single bytes of a valid design. What the validation accepts must run within its memory. */
static void tables(const uint8_t *data, size_t size)
{
    static ps_design_t design;
    static ps_pipeline_t pipeline;
    static ps_sample_t in[PS_BLOCK_SAMPLES * PS_INPUTS];
    static ps_sample_t out[PS_BLOCK_SAMPLES * PS_DRIVERS];
    uint8_t *graph = (uint8_t *)design.sums;
    const size_t graph_bytes = sizeof design - offsetof(ps_design_t, sums);

    memcpy(&design, &ps_design, sizeof design);
    for (; size >= 3; data += 3, size -= 3) {
        ps_fir_t *fir = &design.firs[data[1] % PS_FIRS_ROOM];

        /* Address and length of a table stay: the generator guarantees them. */
        switch (data[0] % 4) {
        case 0:
            graph[data[1] % graph_bytes] = data[2];
            break;
        case 1:
            fir->start = (uint16_t)(fir->start + data[2] - 128);
            break;
        case 2:
            fir->bus = data[2];
            break;
        default:
            fir->shift = data[2];
            break;
        }
    }
    if (ps_pipeline_reset(&pipeline, &design, PS_INJECTION_POINT_FILTERS) == PS_OK) {
        for (uint32_t n = 0; n < 2; n++) {
            (void)ps_pipeline_process(&pipeline, in, out, PS_BLOCK_SAMPLES);
        }
    }
}

/* Tables from the line: their number of FIRs, then their bytes. What the validation accepts must run. */
static void tables_from_the_line(const uint8_t *data, size_t size)
{
    static ps_design_t design;
    static ps_pipeline_t pipeline;
    static ps_sample_t in[PS_BLOCK_SAMPLES * PS_INPUTS];
    static ps_sample_t out[PS_BLOCK_SAMPLES * PS_DRIVERS];

    if (size == 0) {
        return;
    }
    const uint32_t firs = data[0];
    const uint32_t bytes = (uint32_t)size - 1u;
    const size_t needed = ps_table_set_size(bytes, firs);

    if (needed == 0) {
        return;
    }
    /* Exactly as large as needed, so that a sanitizer sees any byte beyond. */
    uint8_t *memory = malloc(needed);

    if (memory == NULL) {
        return;
    }
    memcpy(memory, data + 1, bytes);
    if (ps_table_set_read(memory, bytes, firs, &ps_design, &design) == PS_OK) {
        (void)ps_pipeline_reset(&pipeline, &ps_design, PS_INJECTION_POINT_FILTERS);
        (void)ps_pipeline_tune(&pipeline, &design);
        for (uint32_t n = 0; n < PS_BLOCK_SAMPLES * PS_INPUTS; n++) {
            in[n] = n % 2u == 0 ? PS_SAMPLE_MAX : PS_SAMPLE_MIN;
        }
        for (uint32_t n = 0; n < 2; n++) {
            (void)ps_pipeline_process(&pipeline, in, out, PS_BLOCK_SAMPLES);
        }
        (void)ps_pipeline_reset(&pipeline, &design, PS_INJECTION_POINT_FILTERS);
        (void)ps_pipeline_process(&pipeline, in, out, PS_BLOCK_SAMPLES);
    }
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    ps_engine_reset(&engine, (uint8_t *)spare, sizeof spare, NULL, &ps_design);
    ps_link_reset(&link, &platform, &engine);
    if (data[0] >= 0x80u) {
        tables_from_the_line(data + 1, size - 1);
        return 0;
    }
    switch (data[0] % 3) {
    case 0:
        ps_link_feed(&link, data + 1, size - 1);
        break;
    case 1:
        requests(data + 1, size - 1);
        break;
    default:
        tables(data + 1, size - 1);
        break;
    }
    return 0;
}
