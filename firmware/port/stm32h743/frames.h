/* The buffers that the converters' DMA moves, and where in them a sample lies. */
#ifndef PS_STM32H743_FRAMES_H
#define PS_STM32H743_FRAMES_H

#include <stdint.h>

#include "design.h"

#define AUDIO_CHANNELS 8u

/* A design of more drivers runs under HIL only: it is neither flashed for audio nor given buffers. */
#if PS_DRIVERS <= 8
#define AUDIO_FRAMES PS_BLOCK_SAMPLES
#else
#define AUDIO_FRAMES 1u
#endif

/* Slots of a frame on each data line, which are its words: a stereo pair, or all channels */
#if PS_AUDIO_TDM8
#define AUDIO_SLOTS 8u
#else
#define AUDIO_SLOTS 2u
#endif

#define AUDIO_LINES (AUDIO_CHANNELS / AUDIO_SLOTS)
#define AUDIO_WORDS (AUDIO_FRAMES * AUDIO_SLOTS) /* of one block on a line */

/* What the stream that plays moves for a frame: words */
#define AUDIO_FRAME_ITEMS AUDIO_SLOTS

/* Words from one frame of a driver to the next */
#define AUDIO_STRIDE AUDIO_SLOTS

typedef struct {
    uint32_t played[AUDIO_LINES][2][AUDIO_WORDS]; /* [line][half] */
    uint32_t recorded[2][AUDIO_WORDS];
} audio_buffers_t;

/* In the RAM that DMA1 reaches and no cache holds: the linker script and memory.c see to both. */
extern audio_buffers_t audio_buffers;

/* The SAI moves a sample as it is. */
static inline uint32_t audio_word(uint32_t sample)
{
    return sample;
}

/* A driver's first word of a half */
static inline uint32_t *audio_played(uint32_t half, uint32_t driver)
{
    return audio_buffers.played[driver / AUDIO_SLOTS][half] + driver % AUDIO_SLOTS;
}

/* The stereo pair of a frame */
static inline const uint32_t *audio_recorded(uint32_t half, uint32_t frame)
{
    return audio_buffers.recorded[half] + frame * AUDIO_SLOTS;
}

#endif
