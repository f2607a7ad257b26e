/* The buffers that the converters' DMA moves, and where in them a sample lies. */
#ifndef PS_STM32F405_FRAMES_H
#define PS_STM32F405_FRAMES_H

#include <stdint.h>

#include "design.h"

#define AUDIO_CHANNELS 4u

/* A design of more drivers runs under HIL only: it is neither flashed for audio nor given buffers. */
#if PS_DRIVERS <= 4
#define AUDIO_FRAMES PS_BLOCK_SAMPLES
#else
#define AUDIO_FRAMES 1u
#endif

#define AUDIO_WORDS (AUDIO_FRAMES * 2u) /* of one stereo block */

/* What the stream that plays moves for a frame: half-words */
#define AUDIO_FRAME_ITEMS 4u

/* Words from one frame of a driver to the next */
#define AUDIO_STRIDE 2u

typedef struct {
    uint32_t played[AUDIO_CHANNELS / 2u][2][AUDIO_WORDS]; /* [converter][half] */
    uint32_t recorded[2][AUDIO_WORDS];
} audio_buffers_t;

extern audio_buffers_t audio_buffers;

/* One I2S word is two halfwords, the upper one first (RM0090 28.4.3): a 32-bit sample with its halves
 * swapped. */
static inline uint32_t audio_word(uint32_t sample)
{
    return sample << 16 | sample >> 16;
}

/* The stereo pair of a frame */
static inline const uint32_t *audio_recorded(uint32_t half, uint32_t frame)
{
    return audio_buffers.recorded[half] + 2u * frame;
}

/* A driver's first word of a half */
static inline uint32_t *audio_played(uint32_t half, uint32_t driver)
{
    return audio_buffers.played[driver / 2u][half] + driver % 2u;
}

#endif
