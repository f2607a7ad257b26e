#include "play/player.h"

#include <string.h>

/* A miss weighs four good blocks: one late block in five is borne for ever, all of them for 16 blocks. */
#define STRAIN_MISS 4u
#define STRAIN_MAX  64u

#define SILENT_TURNS 2u /* both halves */

/* The fade is written in portions, as a whole block more would not fit with the largest designs. */
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
    player->io->mute(player->io->context, state != PS_PLAYER_PLAYING);
}

static void begin(ps_player_t *player)
{
    player->turns = 0;
    player->busy = false;
    player->committing = false;
    player->fade_in = true;
    player->silent_turns = 0;
    player->strain = 0;
    memset(player->tail, 0, sizeof player->tail);
    if (ps_command_begin_playing(player->command) != PS_OK) {
        set_state(player, PS_PLAYER_BAD_TABLES);
        return;
    }
    set_state(player, PS_PLAYER_PLAYING);
    player->io->resume(player->io->context);
}

void ps_player_reset(ps_player_t *player, const ps_player_io_t *io, ps_command_t *command)
{
    memset(player, 0, sizeof *player);
    player->io = io;
    player->command = command;
    begin(player);
}

/* From the last frame that is heard to zero, in a straight line over the block. */
static void fade_out(ps_player_t *player, uint32_t half)
{
    const ps_sample_t *from = player->tail[half ^ 1u];

    player->silent_turns = is_silent(from) ? player->silent_turns + 1u : 0;
    for (uint32_t n = 0; n < PS_BLOCK_SAMPLES; n += FADE_FRAMES) {
        ps_sample_t line[FADE_FRAMES * PS_DRIVERS];

        for (uint32_t k = 0; k < FADE_FRAMES; k++) {
            for (uint32_t d = 0; d < PS_DRIVERS; d++) {
                line[k * PS_DRIVERS + d] = scaled(from[d], PS_BLOCK_SAMPLES - 1u - (n + k));
            }
        }
        player->io->write(player->io->context, half, n, FADE_FRAMES, line);
    }
    memset(player->tail[half], 0, sizeof player->tail[half]);
}

static void count_miss(ps_player_t *player)
{
    player->misses++;
    player->fade_in = true;
    player->strain += STRAIN_MISS;
    if (player->strain >= STRAIN_MAX) {
        player->command->tuning.too_slow = player->command->design;
        set_state(player, PS_PLAYER_OVERLOAD);
    }
}

void ps_player_due(ps_player_t *player, uint32_t half)
{
    const bool late = player->busy && !player->committing;

    player->turns++;
    player->half = half;
    fade_out(player, half);
    if (player->state != PS_PLAYER_PLAYING) {
        if (ps_player_is_silent(player)) {
            player->io->pause(player->io->context);
        }
    } else if (late) {
        count_miss(player); /* and this turn passes, so that the serial side is heard as well */
    } else {
        player->busy = true;
    }
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

/* The block goes out if its turn is not over; a turn that ends from here on finds it ahead of the converters.
 */
static void commit(ps_player_t *player, uint32_t turn, uint32_t half)
{
    ps_sample_t *out = player->command->out;

    if (player->fade_in) {
        fade_in(out);
    }
    player->committing = true;
    BARRIER();
    if (player->turns == turn) {
        memcpy(player->tail[half], out + (PS_BLOCK_SAMPLES - 1u) * PS_DRIVERS, sizeof player->tail[half]);
        player->io->write(player->io->context, half, 0, PS_BLOCK_SAMPLES, out);
        player->fade_in = false;
        player->silent_turns = 0;
        if (player->strain != 0) {
            player->strain--;
        } else {
            player->command->tuning.too_slow = NULL;
        }
    }
    BARRIER();
    player->busy = false;
    player->committing = false;
}

void ps_player_run(ps_player_t *player)
{
    ps_command_t *command = player->command;
    const ps_platform_t *platform = command->platform;
    const uint32_t turn = player->turns;
    const uint32_t half = player->half;

    if (!player->busy || player->state != PS_PLAYER_PLAYING) {
        player->busy = false;
        return;
    }
    const uint64_t begun = platform->ticks(platform->context);

    player->io->read(player->io->context, half, command->in);
    note_peaks(player->peak_in, command->in, 2);
    (void)ps_pipeline_process(&command->pipeline, command->in, command->out, PS_BLOCK_SAMPLES);
    note_peaks(player->peak_out, command->out, PS_DRIVERS);
    commit(player, turn, half);
    player->blocks++;
    player->ticks_last = (uint32_t)(platform->ticks(platform->context) - begun);
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
    return player->state != PS_PLAYER_PLAYING && player->silent_turns >= SILENT_TURNS;
}
