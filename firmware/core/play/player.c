#include "play/player.h"

#include <string.h>

/* A late block weighs as much as four good ones. One late block in five is tolerated for ever; if all are
 * late, 16 blocks. */
#define OVERLOAD_MISS 4u
#define OVERLOAD_MAX  64u

#define SILENT_HALVES 2u

/* The fade is written in portions, because the largest designs leave no RAM for another block. */
#define FADE_FRAMES 16u

_Static_assert(PS_BLOCK_SAMPLES % FADE_FRAMES == 0, "blocks are whole portions");

/* The compiler must not move memory accesses across; one core sees its own accesses in order. */
#define BARRIER() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* x n / PS_BLOCK_SAMPLES: exact in 64 bits, and never beyond |x| */
static ps_sample_t scaled(ps_sample_t x, uint32_t n)
{
    return (ps_sample_t)((int64_t)x * (int64_t)n / (int64_t)PS_BLOCK_SAMPLES);
}

static bool is_silent(const ps_sample_t *frame)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        if (frame[d] != 0) {
            return false;
        }
    }
    return true;
}

static void set_state(ps_player_t *player, uint8_t state)
{
    player->state = state;
    player->io->mute(state != PS_PLAYER_PLAYING);
}

static void begin(ps_player_t *player)
{
    player->halves = 0;
    player->wanted = false;
    player->busy = false;
    player->committing = false;
    player->silenced = false;
    player->fade_in = true;
    player->silent_halves = 0;
    player->overload = 0;
    memset(player->tail, 0, sizeof player->tail);
    if (ps_engine_restart(player->engine) != PS_OK) {
        set_state(player, PS_PLAYER_BAD_TABLES);
        return;
    }
    set_state(player, PS_PLAYER_PLAYING);
    player->io->resume();
}

void ps_player_reset(ps_player_t *player, const ps_player_io_t *io, uint64_t (*ticks)(void),
                     ps_engine_t *engine)
{
    memset(player, 0, sizeof *player);
    player->io = io;
    player->ticks = ticks;
    player->engine = engine;
    begin(player);
}

/* Fades from the last frame of the other half to zero, linearly over the block. */
static void fade_out(ps_player_t *player, uint32_t half)
{
    const ps_sample_t *from = player->tail[half ^ 1u];

    player->silent_halves = is_silent(from) ? player->silent_halves + 1u : 0;
    for (uint32_t n = 0; n < PS_BLOCK_SAMPLES; n += FADE_FRAMES) {
        ps_sample_t line[FADE_FRAMES * PS_DRIVERS];

        for (uint32_t k = 0; k < FADE_FRAMES; k++) {
            for (uint32_t d = 0; d < PS_DRIVERS; d++) {
                line[k * PS_DRIVERS + d] = scaled(from[d], PS_BLOCK_SAMPLES - 1u - (n + k));
            }
        }
        player->io->write(half, n, FADE_FRAMES, line);
    }
    memset(player->tail[half], 0, sizeof player->tail[half]);
}

static void count_miss(ps_player_t *player)
{
    player->misses++;
    player->fade_in = true;
    player->overload += OVERLOAD_MISS;
    if (player->overload >= OVERLOAD_MAX) {
        ps_engine_note_overload(player->engine, true);
        set_state(player, PS_PLAYER_OVERLOAD);
    }
}

void ps_player_half_complete(ps_player_t *player, uint32_t half)
{
    const bool late = (player->wanted || player->busy) && !player->committing;

    player->halves++;
    player->half = half;
    fade_out(player, half);
    if (player->silenced && player->state == PS_PLAYER_PLAYING) {
        player->silenced = false;
        player->io->mute(false);
    }
    if (player->state != PS_PLAYER_PLAYING) {
        if (ps_player_is_silent(player)) {
            player->io->pause();
        }
    } else if (late) {
        player->late = true;
        count_miss(player); /* and skip this block, so that the serial side gets time */
    } else {
        player->wanted = true;
    }
}

void ps_player_restarted(ps_player_t *player)
{
    memset(player->tail, 0, sizeof player->tail);
    player->halves++; /* what is being worked on has no half any more */
    player->late = true;
    player->wanted = false;
    player->fade_in = true;
    player->silenced = true;
}

static uint32_t magnitude(ps_sample_t x)
{
    return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

static void note_peaks(uint32_t *peaks, const ps_sample_t *frames, uint32_t channels)
{
    for (uint32_t n = 0; n < PS_BLOCK_SAMPLES; n++) {
        for (uint32_t c = 0; c < channels; c++) {
            const uint32_t now = magnitude(*frames++);

            peaks[c] = now > peaks[c] ? now : peaks[c];
        }
    }
}

static void fade_in(ps_sample_t *frames)
{
    for (uint32_t n = 0; n < PS_BLOCK_SAMPLES; n++) {
        for (uint32_t d = 0; d < PS_DRIVERS; d++) {
            frames[n * PS_DRIVERS + d] = scaled(frames[n * PS_DRIVERS + d], n + 1u);
        }
    }
}

/*
 * Writes the block if its half is still free. The output runs ahead of the input, and the interrupt tells
 * when a half of the input ends. If it comes from now on, the converters stay behind the writing.
 */
static void commit(ps_player_t *player, uint32_t halves, uint32_t half)
{
    ps_sample_t *out = player->engine->out;

    if (player->fade_in) {
        fade_in(out);
    }
    player->committing = true;
    BARRIER();
    if (player->halves != halves || !player->io->has_time(half)) {
        if (!player->late) {
            count_miss(player);
        }
    } else {
        memcpy(player->tail[half], out + (PS_BLOCK_SAMPLES - 1u) * PS_DRIVERS, sizeof player->tail[half]);
        player->io->write(half, 0, PS_BLOCK_SAMPLES, out);
        player->fade_in = false;
        player->silent_halves = 0;
        if (player->overload != 0) {
            player->overload--;
        } else {
            ps_engine_note_overload(player->engine, false);
        }
    }
    BARRIER();
    player->busy = false;
    BARRIER();
    player->committing = false;
}

void ps_player_process(ps_player_t *player)
{
    ps_engine_t *engine = player->engine;

    if (!player->wanted || player->state != PS_PLAYER_PLAYING) {
        player->wanted = false;
        return;
    }
    player->late = false;
    player->busy = true;
    player->wanted = false;
    BARRIER();
    const uint32_t halves = player->halves;
    const uint32_t half = player->half;
    const uint64_t begun = player->ticks();

    player->io->read(half, engine->in);
    note_peaks(player->peak_in, engine->in, 2);
    (void)ps_pipeline_process(&engine->pipeline, engine->in, engine->out, PS_BLOCK_SAMPLES);
    note_peaks(player->peak_out, engine->out, PS_DRIVERS);
    commit(player, halves, half);
    player->blocks++;
    player->ticks_last = (uint32_t)(player->ticks() - begun);
    player->ticks_max = player->ticks_last > player->ticks_max ? player->ticks_last : player->ticks_max;
}

void ps_player_claim(ps_player_t *player)
{
    if (player->state == PS_PLAYER_PLAYING || player->state == PS_PLAYER_OVERLOAD) {
        set_state(player, PS_PLAYER_SERIAL);
    }
}

void ps_player_release(ps_player_t *player)
{
    if (player->state == PS_PLAYER_SERIAL || player->state == PS_PLAYER_OVERLOAD) {
        begin(player);
    }
}

void ps_player_stop(ps_player_t *player, uint8_t state)
{
    player->state = state;
    if (player->io != NULL) {
        set_state(player, state);
    }
}

bool ps_player_is_silent(const ps_player_t *player)
{
    return player->state != PS_PLAYER_PLAYING && player->silent_halves >= SILENT_HALVES;
}
