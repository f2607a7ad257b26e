/*
 * Audio of an STM32 board: its converters (converters.h) where the audio PLL locks. Where it does not,
 * SysTick stands in as the block clock, and the buffers are memory that nobody plays.
 */
#ifndef PS_STM32_AUDIO_PORT_H
#define PS_STM32_AUDIO_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

extern const ps_audio_port_t audio_port;

/* Between the port's resume() and pause() */
bool audio_is_running(void);

/* SysTick, whose period is one block between stand_in_resume() and stand_in_pause(). */
void stand_in_start(uint32_t core_hz, void (*half_complete)(void));
void stand_in_pause(void);
void stand_in_resume(void);

#endif
