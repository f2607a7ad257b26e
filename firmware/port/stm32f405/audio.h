/*
 * Audio of the STM32F405: I2S2 and I2S3 as masters of one clock, two DACs, one ADC on I2S2's second half.
 * Where the audio PLL does not lock, SysTick stands in as the block clock, and the buffers are memory that
 * nobody plays.
 */
#ifndef PS_STM32F405_AUDIO_H
#define PS_STM32F405_AUDIO_H

#include "clock.h"
#include "design.h"
#include "port.h"

#define AUDIO_CHANNELS 4u

/* A design of more drivers runs under HIL only: it is neither flashed for audio nor given buffers. */
#if PS_DRIVERS <= 4
#define AUDIO_FRAMES PS_BLOCK_SAMPLES
#else
#define AUDIO_FRAMES 1u
#endif

/* One I2S word is two halfwords, the upper one first (RM0090 28.4.3): a 32-bit sample with its halves
 * swapped. */
#define AUDIO_WORDS (AUDIO_FRAMES * 2u) /* of one stereo block */

/* Of a stereo frame */
#define AUDIO_FRAME_ITEMS 4u

typedef struct {
    uint32_t played[AUDIO_CHANNELS / 2u][2][AUDIO_WORDS]; /* [converter][half] */
    uint32_t recorded[2][AUDIO_WORDS];
} audio_buffers_t;

extern audio_buffers_t audio_buffers;

extern const ps_audio_port_t audio_port;

/* Between the port's resume() and pause() */
bool audio_is_running(void);

/* SysTick, whose period is one block between stand_in_resume() and stand_in_pause(). */
void stand_in_start(uint32_t core_hz, void (*half_complete)(void));
void stand_in_pause(void);
void stand_in_resume(void);

#endif
