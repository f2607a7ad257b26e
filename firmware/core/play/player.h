/*
 * Plays the board's own input. Each buffer of the audio interface has two halves. While the interface records
 * and plays one of them, the player processes the other. It has the time of one block for that.
 *
 * The interface's interrupt calls ps_player_half_complete() each time that a half is complete. The call
 * writes a fade to silence into the half that is free now. The fade is heard if processing ends too late.
 *
 * ps_player_process() follows each such call, at a lower priority. It runs the input through the pipeline
 * into that half.
 *
 * The serial side claims the pipeline before it uses it. The output is then silent until it releases it.
 */
#ifndef PS_PLAYER_H
#define PS_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "play/engine.h"

/* What the player asks of the audio interface. `half` is 0 or 1. */
typedef struct {
    void (*read)(uint32_t half, ps_sample_t *stereo); /* L, R for each frame */
    /* `frames` frames of PS_DRIVERS samples from frame `first` on */
    void (*write)(uint32_t half, uint32_t first, uint32_t frames, const ps_sample_t *drivers);
    /* Whether a whole block can still be written to a half before it is heard. */
    bool (*has_time)(uint32_t half);
    void (*mute)(bool muted); /* the converters' own mute */
    void (*pause)(void);      /* no half completes any more; the buffers go on playing */
    void (*resume)(void);     /* halves complete again */
} ps_player_io_t;

typedef struct {
    const ps_player_io_t *io;
    uint64_t (*ticks)(void);         /* never going back */
    ps_engine_t *engine;             /* shared with the serial side */
    ps_sample_t tail[2][PS_DRIVERS]; /* the last frame of each half */
    uint32_t half;                   /* that may be written */
    volatile uint32_t halves;        /* completed so far */
    volatile uint32_t misses;        /* blocks that were not ready in time */
    volatile uint8_t state;          /* PS_PLAYER_… */
    volatile bool wanted;            /* a block that process() has to begin */
    volatile bool busy;              /* with one */
    volatile bool committing;
    volatile bool late; /* the block that it is busy with, and counted */
    volatile bool fade_in;
    volatile bool silenced; /* by a restart of the converters */
    uint32_t silent_halves;
    uint32_t overload;
    uint32_t blocks;
    uint32_t ticks_last;
    uint32_t ticks_max;
    uint32_t peak_in[2]; /* largest magnitude since it was last read, full scale 2^B */
    uint32_t peak_out[PS_DRIVERS];
} ps_player_t;

/* Starts to play: the pipeline at its program injection point, from silence. */
void ps_player_reset(ps_player_t *player, const ps_player_io_t *io, uint64_t (*ticks)(void),
                     ps_engine_t *engine);

void ps_player_half_complete(ps_player_t *player, uint32_t half);
void ps_player_process(ps_player_t *player);

/* Called in an interrupt: the converters have been muted and restarted, with silence in their buffers. */
void ps_player_restarted(ps_player_t *player);

/* Called by the serial side, which ps_player_process() interrupts, never the other way round. */
void ps_player_claim(ps_player_t *player);
void ps_player_release(ps_player_t *player);

/* Mutes the board for good, after a fault. */
void ps_player_stop(ps_player_t *player, uint8_t state);

/* Whether two halves of silence are on their way, and no half completes any more. */
bool ps_player_is_silent(const ps_player_t *player);

#endif
