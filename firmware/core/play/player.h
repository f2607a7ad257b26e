/*
 * Plays the board's own input. The audio interface takes turns with two halves of its buffers: while it
 * records and plays the one, the other is ours for the time of one block.
 *
 *   ps_player_due()  at each turn, from the interface's interrupt. Fades the half that is now ours to
 * silence: that is what will be heard if the next step comes too late. ps_player_run()  once after each turn,
 * at a lower priority: input through the pipeline into that half.
 *
 * What the serial side needs of the pipeline it claims first; the output is then silent until it is released.
 */
#ifndef PS_PLAYER_H
#define PS_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "link/command.h"

/* What the player asks of the audio interface; every function gets `context`, `half` is 0 or 1. */
typedef struct {
    void *context;
    void (*read)(void *context, uint32_t half, ps_sample_t *stereo); /* L, R for each frame */
    /* `frames` frames of PS_DRIVERS samples from frame `first` on */
    void (*write)(void *context, uint32_t half, uint32_t first, uint32_t frames, const ps_sample_t *drivers);
    void (*mute)(void *context, bool muted); /* the converters' own mute */
    void (*pause)(void *context);            /* no more turns; what is in the buffers goes on */
    void (*resume)(void *context);           /* turns again */
} ps_player_io_t;

typedef struct {
    const ps_player_io_t *io;
    ps_command_t *command;           /* whose pipeline and buffers are shared */
    ps_sample_t tail[2][PS_DRIVERS]; /* the last frame of each half */
    uint32_t half;                   /* whose turn it is */
    volatile uint32_t turns;
    volatile uint32_t misses; /* blocks that were not ready in time */
    volatile uint8_t state;   /* PS_PLAYER_… */
    volatile bool busy;
    volatile bool committing;
    bool fade_in;
    uint32_t silent_turns;
    uint32_t strain;
    uint32_t blocks;
    uint32_t ticks_last;
    uint32_t ticks_max;
    uint32_t peak_in[2]; /* largest magnitude since it was last read, full scale 2^B */
    uint32_t peak_out[PS_DRIVERS];
} ps_player_t;

/* Starts to play: the pipeline at its program entry, from silence. */
void ps_player_reset(ps_player_t *player, const ps_player_io_t *io, ps_command_t *command);

void ps_player_due(ps_player_t *player, uint32_t half);
void ps_player_run(ps_player_t *player);

/* From the serial side, which ps_player_run() interrupts and never the other way round. */
void ps_player_claim(ps_player_t *player);
void ps_player_release(ps_player_t *player);

/* Silence for good: a fault. */
void ps_player_stop(ps_player_t *player, uint8_t state);

/* Whether two halves of silence are on their way, and no more turns come. */
bool ps_player_is_silent(const ps_player_t *player);

#endif
