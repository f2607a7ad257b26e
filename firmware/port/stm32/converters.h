/* The converters and their DMA streams; each board has its own. */
#ifndef PS_STM32_CONVERTERS_H
#define PS_STM32_CONVERTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"

/* What converters_events() tells, together. */
#define CONVERTERS_HALF_COMPLETE 1u
#define CONVERTERS_INPUT_LOST    2u /* a word of the input is lost: all that come are shifted, or none comes */
#define CONVERTERS_OUTPUT_LATE   4u /* the same of an output */

/* Pins, converters and DMA from anew, muted, with silence in the buffers; the audio PLL must run. The
 * converters run, halves complete from converters_resume() on, not before. False where a codec does not take
 * its settings: nothing can be heard then. */
bool converters_start(const ps_pll_t *pll);
void converters_stop(void);
void converters_pause(void);
void converters_resume(void);
void converters_mute(bool muted);

/* In the interrupt of the three streams; forgets the halves that it tells of. */
uint32_t converters_events(void);

/* The half that is not being recorded. */
uint32_t converters_free_half(void);

/* Items of DMA that will be fetched for the output before those of a half; 0 where its first one is next. */
uint32_t converters_items_until(uint32_t half);

#endif
