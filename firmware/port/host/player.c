/* The player over memory: a test is the audio interface. */
#include <string.h>

#include "flash.h"
#include "link/command.h"
#include "play/health.h"
#include "play/player.h"

#define EXPORT __attribute__((visibility("default")))

#define HEARD_MAX   8u
#define SPARE_BYTES 65536u

typedef struct {
    ps_player_t player;
    ps_engine_t engine;
    ps_command_t command;
    ps_platform_t platform;
    ps_player_io_t io;
    uint64_t ticks;
    ps_sample_t input[PS_BLOCK_SAMPLES * 2u];
    ps_sample_t output[2][PS_BLOCK_SAMPLES * PS_DRIVERS];
    ps_sample_t heard[HEARD_MAX][PS_BLOCK_SAMPLES * PS_DRIVERS]; /* in the blocks since the last call */
    uint32_t heard_blocks;
    uint32_t half;
    uint32_t late_halves; /* halves that complete while this block is processed */
    bool has_time;        /* to write this block before it is heard */
    bool muted;
    bool paused;
    uint64_t spare[SPARE_BYTES / sizeof(uint64_t)];
    host_flash_t flash;
} host_player_t;

EXPORT size_t host_player_bytes(void);
EXPORT void host_player_reset(host_player_t *host);
EXPORT const ps_sample_t *host_player_half_complete(host_player_t *host, const ps_sample_t *input,
                                                    int process, uint32_t late_halves);
EXPORT uint32_t host_player_heard(const host_player_t *host);
EXPORT void host_player_set_time(host_player_t *host, int has_time);
EXPORT void host_player_restarted(host_player_t *host);
EXPORT void host_player_claim(host_player_t *host);
EXPORT void host_player_release(host_player_t *host);
EXPORT int host_player_request(host_player_t *host, uint32_t type, const uint8_t *payload, uint32_t length,
                               uint8_t *reply, size_t *reply_size);
EXPORT uint32_t host_player_flash_operations(const host_player_t *host);
EXPORT uint32_t host_player_state(const host_player_t *host);
EXPORT uint32_t host_player_misses(const host_player_t *host);
EXPORT uint32_t host_player_peak(const host_player_t *host, uint32_t driver);
EXPORT int host_player_is_muted(const host_player_t *host);
EXPORT int host_player_is_paused(const host_player_t *host);

/* The player in use: as on a board, the functions that the core calls know only one. */
static host_player_t *bench;

static void select_player(host_player_t *host)
{
    bench = host;
    host_flash_use(&host->flash);
}

static uint64_t count_looks(void)
{
    return bench->ticks++;
}

/* The half that was processed is heard from here on, and the other one is free. */
static void complete_half(host_player_t *host)
{
    host->half ^= 1u;
    memcpy(host->heard[host->heard_blocks++ % HEARD_MAX], host->output[host->half ^ 1u],
           sizeof host->heard[0]);
    ps_player_half_complete(&host->player, host->half);
}

static void read_input(uint32_t half, ps_sample_t *stereo)
{
    (void)half;
    memcpy(stereo, bench->input, sizeof bench->input);
    for (uint32_t n = 0; n < bench->late_halves; n++) {
        complete_half(bench);
    }
}

static void write_output(uint32_t half, uint32_t first, uint32_t frames, const ps_sample_t *drivers)
{
    memcpy(bench->output[half] + first * PS_DRIVERS, drivers, frames * PS_DRIVERS * sizeof *drivers);
}

static void claim(void)
{
    ps_player_claim(&bench->player);
}

static void release(void)
{
    ps_player_release(&bench->player);
}

static void write_health(uint8_t *reply)
{
    ps_health_write(&bench->player, reply);
}

static bool has_time(uint32_t half)
{
    (void)half;
    return bench->has_time;
}

static void mute(bool muted)
{
    bench->muted = muted;
}

static void pause_audio(void)
{
    bench->paused = true;
}

static void resume_audio(void)
{
    bench->paused = false;
}

size_t host_player_bytes(void)
{
    return sizeof(host_player_t);
}

void host_player_reset(host_player_t *host)
{
    memset(host, 0, sizeof *host);
    select_player(host);
    host->half = 1;
    host->has_time = true;
    host_flash_erase(&host->flash);
    host->platform = (ps_platform_t){
        .ticks = count_looks,
        .tick_hz = 1000000,
        .claim = claim,
        .release = release,
        .health = write_health,
    };
    host->io = (ps_player_io_t){
        .read = read_input,
        .write = write_output,
        .has_time = has_time,
        .mute = mute,
        .pause = pause_audio,
        .resume = resume_audio,
    };
    ps_engine_reset(&host->engine, (uint8_t *)host->spare, sizeof host->spare, &host->flash.flash,
                    &ps_design);
    ps_command_reset(&host->command, &host->platform, &host->engine);
    ps_player_reset(&host->player, &host->io, count_looks, &host->engine);
}

const ps_sample_t *host_player_half_complete(host_player_t *host, const ps_sample_t *input, int process,
                                             uint32_t late_halves)
{
    select_player(host);
    memcpy(host->input, input, sizeof host->input);
    host->late_halves = late_halves;
    host->heard_blocks = 0;
    complete_half(host);
    if (process) {
        ps_player_process(&host->player);
    }
    return host->heard[0];
}

uint32_t host_player_heard(const host_player_t *host)
{
    return host->heard_blocks;
}

void host_player_set_time(host_player_t *host, int has_time_left)
{
    host->has_time = has_time_left != 0;
}

void host_player_restarted(host_player_t *host)
{
    select_player(host);
    memset(host->output, 0, sizeof host->output);
    bench->muted = true;
    ps_player_restarted(&host->player);
}

void host_player_claim(host_player_t *host)
{
    select_player(host);
    ps_player_claim(&host->player);
}

void host_player_release(host_player_t *host)
{
    select_player(host);
    ps_player_release(&host->player);
}

/* Handles a request as from the line. `reply` has room for PS_MAX_PAYLOAD_BYTES. */
int host_player_request(host_player_t *host, uint32_t type, const uint8_t *payload, uint32_t length,
                        uint8_t *reply, size_t *reply_size)
{
    const ps_frame_t request = {.type = (uint8_t)type, .length = (uint16_t)length, .payload = payload};
    const ps_link_counters_t counters = {0};

    select_player(host);
    return ps_command_handle(&host->command, &request, &counters, reply, reply_size);
}

uint32_t host_player_flash_operations(const host_player_t *host)
{
    return host->flash.operations;
}

uint32_t host_player_state(const host_player_t *host)
{
    return host->player.state;
}

uint32_t host_player_misses(const host_player_t *host)
{
    return host->player.misses;
}

uint32_t host_player_peak(const host_player_t *host, uint32_t driver)
{
    return host->player.peak_out[driver];
}

int host_player_is_muted(const host_player_t *host)
{
    return host->muted;
}

int host_player_is_paused(const host_player_t *host)
{
    return host->paused;
}
