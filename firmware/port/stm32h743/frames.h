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

#define AUDIO_WORDS (AUDIO_FRAMES * 2u) /* of one stereo block */

/* What the stream that plays moves for a frame: words */
#define AUDIO_FRAME_ITEMS 2u

/* Words from one frame of a driver to the next */
#define AUDIO_STRIDE 2u

typedef struct {
    uint32_t played[AUDIO_CHANNELS / 2u][2][AUDIO_WORDS]; /* [converter][half] */
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
    return audio_buffers.played[driver / 2u][half] + driver % 2u;
}

#endif
