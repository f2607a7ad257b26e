/* TIM11: counts while the core stands still; the crystal is measured with it as well (crystal.h). */
#ifndef PS_STM32F405_TIM11_H
#define PS_STM32F405_TIM11_H

#include <stdint.h>

#define TIM11_COUNTS_HZ 10000u

/* Counts from 0 on, at most 6.5 s. */
void tim11_count(uint32_t core_hz);

/* Counts since tim11_count(). */
uint32_t tim11_counted(void);

#endif
