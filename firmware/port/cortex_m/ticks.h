/* A 64-bit count of the core's clock, from SysTick. */
#ifndef PS_TICKS_H
#define PS_TICKS_H

#include <stdint.h>

void ticks_start(void);
uint64_t ticks_now(void);
void systick_handler(void);

#endif
