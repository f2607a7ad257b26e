#include "audio.h"

#include "tables/bytes.h"
#include "fault.h"
#include "play/health.h"
#include "play/player.h"
#include "port.h"
#include "tables/table_crc.h"

/* A host that has the pipeline and is silent for so long counts as gone. */
#define HOST_SILENCE_S 30u

/* After so long without a fault, the next fault counts as the first. */
#define FORGIVE_S 60u

/* After so many blocks without a half that completes, the port is asked to restart the converters. */
#define STALL_BLOCKS 20u

/* Bytes of the tables to check each time that the serial line is idle. */
#define CRC_PORTION 256u

/* Set by sections.ld around the tables. The build writes their CRC-32 beside the mark below
 * (designer/toolchain/table_crc.py). */
extern const uint8_t linker_tables_start[], linker_tables_end[];

typedef struct {
    char magic[12];
    uint32_t crc;
} table_crc_record_t;

static const table_crc_record_t image_crc_record
    __attribute__((section(".table_crc"), used)) = {.magic = "PSCN-TABLES"};

static ps_table_crc_t image_crc;

/* In static memory, where the linker script checks the size. Only this file knows it. */
static ps_player_t player;
static ps_engine_t *engine;
static bool has_audio;

static void on_half_complete(uint32_t half)
{
    ps_player_half_complete(&player, half);
}

static void on_process(void)
{
    ps_player_process(&player);
}

static void on_restarted(void)
{
    ps_player_restarted(&player);
}

static const port_audio_events_t audio_events = {
    .half_complete = on_half_complete,
    .process = on_process,
    .restarted = on_restarted,
};

static void claim_pipeline(void)
{
    /* Both halves have faded to silence after three blocks. Waits for at most ten. */
    const uint64_t wait = (uint64_t)ps_port.tick_hz() * 10u * PS_BLOCK_SAMPLES / PS_SAMPLE_RATE_HZ;
    const uint64_t begun = ps_port.ticks();

    ps_player_claim(&player);
    while (!ps_player_is_silent(&player) && ps_port.ticks() - begun < wait) {
    }
}

static void release_pipeline(void)
{
    ps_player_release(&player);
}

static void write_health(uint8_t *reply)
{
    uint32_t underruns = 0;
    uint32_t overruns = 0;

    ps_health_write(&player, reply);
    reply[PS_HEALTH_REPLY_AUDIO_CLOCK] = PS_AUDIO_CLOCK_NONE;
    if (ps_port.audio != NULL) {
        ps_port.audio->errors(&underruns, &overruns);
        if (has_audio) {
            reply[PS_HEALTH_REPLY_AUDIO_CLOCK] = ps_port.audio->clock();
        }
    }
    reply[PS_HEALTH_REPLY_TEMPERATURE] = (uint8_t)ps_port.temperature();
    ps_put_u32(reply + PS_HEALTH_REPLY_STACK_FREE, fault_stack_free());
    ps_put_u32(reply + PS_HEALTH_REPLY_TABLE_CHECKS, image_crc.passes);
    ps_put_u32(reply + PS_HEALTH_REPLY_UNDERRUNS, underruns);
    ps_put_u32(reply + PS_HEALTH_REPLY_OVERRUNS, overruns);
}

static void stop_for(uint8_t state)
{
    engine->bad_tables = state == PS_PLAYER_BAD_TABLES;
    ps_player_stop(&player, state);
}

void audio_begin(ps_engine_t *shared, ps_platform_t *platform)
{
    const size_t size = (uintptr_t)linker_tables_end - (uintptr_t)linker_tables_start;

    ps_table_crc_reset(&image_crc, linker_tables_start, size,
                       *(const volatile uint32_t *)&image_crc_record.crc);
    platform->health = write_health;
    engine = shared;
    /* Ahead of the check: where flash has an error code, reading a table that is broken is a fault itself. */
    if (platform->reset_report->faults >= FAULTS_MAX) {
        stop_for(PS_PLAYER_FAULTS);
        return;
    }
    if (!ps_table_crc_check(&image_crc, size)) {
        stop_for(PS_PLAYER_BAD_TABLES);
        return;
    }
    if (ps_port.audio == NULL) {
        return;
    }
    has_audio = ps_port.audio->start(&audio_events) != PS_AUDIO_CLOCK_NONE;
    if (has_audio) {
        platform->claim = claim_pipeline;
        platform->release = release_pipeline;
        ps_player_reset(&player, &ps_port.audio->io, ps_port.ticks, engine);
    }
}

void audio_watch(uint64_t heard)
{
    const uint64_t now = ps_port.ticks();

    if (player.state == PS_PLAYER_SERIAL && now - heard > (uint64_t)HOST_SILENCE_S * ps_port.tick_hz()) {
        ps_player_release(&player);
    }
    if (player.state != PS_PLAYER_FAULTS && player.state != PS_PLAYER_BAD_TABLES &&
        !(ps_table_crc_check(&image_crc, CRC_PORTION) && ps_engine_check_tables(engine, CRC_PORTION))) {
        stop_for(PS_PLAYER_BAD_TABLES);
    }
    if (now > (uint64_t)FORGIVE_S * ps_port.tick_hz() && player.state != PS_PLAYER_FAULTS) {
        fault_forgive();
    }
}

bool audio_is_alive(void)
{
    static uint32_t seen;
    static uint64_t seen_at;
    static bool restarted;
    const uint64_t stall = (uint64_t)ps_port.tick_hz() * STALL_BLOCKS * PS_BLOCK_SAMPLES / PS_SAMPLE_RATE_HZ;
    const uint64_t now = ps_port.ticks();

    if (player.state != PS_PLAYER_PLAYING || player.halves != seen) {
        seen = player.halves;
        seen_at = now;
        restarted = false;
    } else if (!restarted && now - seen_at > stall) {
        restarted = true;
        ps_port.audio->restart();
    }
    return now - seen_at < ps_port.tick_hz() / 2u;
}
