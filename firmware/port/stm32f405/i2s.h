/* I2S2, I2S3 and their DMA streams. */
#ifndef PS_STM32F405_I2S_H
#define PS_STM32F405_I2S_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

/* What i2s_events() tells, together. */
#define I2S_HALF_COMPLETE 1u
#define I2S_INPUT_LOST    2u /* a half-word of the input is lost: all that come are shifted, or none comes */
#define I2S_OUTPUT_LATE   4u /* the same of an output */

/* Pins, I2S and DMA from anew, muted, with silence in the buffers; the audio PLL must run. The converters
 * run, halves complete from i2s_resume() on, not before. */
void i2s_start(const ps_pll_t *pll);
void i2s_stop(void);
void i2s_pause(void);
void i2s_resume(void);
void i2s_mute(bool muted);

/* In the interrupt of the three streams; forgets the halves that it tells of. */
uint32_t i2s_events(void);

/* The half that is not being recorded. */
uint32_t i2s_free_half(void);

/* Half-words that will be fetched for the output before those of a half; 0 where its first one is next. */
uint32_t i2s_items_until(uint32_t half);

#endif
