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

/* After a while in which the core stood still, such as an erasure of its flash: `passed` is how many ticks
 * there were since ticks_now() gave `before`, to half a period. Periods that SysTick could not tell are
 * added. */
void ticks_catch_up(uint64_t before, uint64_t passed);

void systick_handler(void);

#endif
