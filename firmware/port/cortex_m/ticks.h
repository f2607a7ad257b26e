/* A 64-bit count of the core's clock, from SysTick. */
#ifndef PS_TICKS_H
#define PS_TICKS_H

#include <stdint.h>

/* Longest period of SysTick: 24 bits, PM0214 4.5.2. */
#define TICKS_PERIOD_MAX 0x1000000u

void ticks_start(void);
uint64_t ticks_now(void);

/* From now on, an interrupt each `period` ticks that calls `function`, or nothing where that is NULL. */
void ticks_each(uint32_t period, void (*function)(void));

void systick_handler(void);

#endif
