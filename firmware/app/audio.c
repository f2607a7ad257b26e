#include "audio.h"

#include "bytes.h"
#include "health.h"
#include "player.h"
#include "port.h"

/* A host that took the pipeline and then fell silent for so long has gone. */
#define HOST_SILENCE_S 30u

/* In static memory, where the linker script checks the size; only this file knows it. */
static ps_player_t player;
static uint8_t audio_clock;

static void read_audio(void *context, uint32_t half, ps_sample_t *stereo)
{
    (void)context;
    port_audio_read(half, stereo);
}

static void write_audio(void *context, uint32_t half, uint32_t first, uint32_t frames,
                        const ps_sample_t *drivers)
{
    (void)context;
    port_audio_write(half, first, frames, drivers);
}

static void mute_audio(void *context, bool muted)
{
    (void)context;
    port_mute(muted);
}

static void pause_audio(void *context)
{
    (void)context;
    port_audio_pause();
}

static void resume_audio(void *context)
{
    (void)context;
    port_audio_resume();
}

static const ps_player_io_t player_io = {
    .read = read_audio,
    .write = write_audio,
    .mute = mute_audio,
    .pause = pause_audio,
    .resume = resume_audio,
};

static void turn_due(uint32_t half)
{
    ps_player_due(&player, half);
}

static void turn_run(void)
{
    ps_player_run(&player);
}

static void claim_pipeline(void *context)
{
    /* Until both halves have faded to silence: three turns, waited for at most ten. */
    const uint64_t wait = (uint64_t)port_tick_hz() * 10u * PS_BLOCK_SAMPLES / PS_SAMPLE_RATE_HZ;
    const uint64_t begun = port_ticks();

    (void)context;
    ps_player_claim(&player);
    while (!ps_player_is_silent(&player) && port_ticks() - begun < wait) {
    }
}

static void release_pipeline(void *context)
{
    (void)context;
    ps_player_release(&player);
}

static void write_health(void *context, uint8_t *reply)
{
    uint32_t underruns;
    uint32_t overruns;

    (void)context;
    ps_health_write(&player, reply);
    port_audio_errors(&underruns, &overruns);
    reply[PS_HEALTH_REPLY_AUDIO_CLOCK] = audio_clock;
    ps_put_u32(reply + PS_HEALTH_REPLY_UNDERRUNS, underruns);
    ps_put_u32(reply + PS_HEALTH_REPLY_OVERRUNS, overruns);
}

void audio_begin(ps_command_t *command, ps_platform_t *platform)
{
    platform->health = write_health;
    player.command = command;
    audio_clock = port_audio_start(turn_due, turn_run);
    if (audio_clock != PS_AUDIO_CLOCK_NONE) {
        platform->claim = claim_pipeline;
        platform->release = release_pipeline;
        ps_player_reset(&player, &player_io, command);
    }
}

void audio_watch_host(uint64_t heard)
{
    if (player.state == PS_PLAYER_SERIAL &&
        port_ticks() - heard > (uint64_t)HOST_SILENCE_S * port_tick_hz()) {
        ps_player_release(&player);
    }
}
