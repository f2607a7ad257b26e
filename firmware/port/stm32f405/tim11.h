/* TIM11: tells which crystal a board has, and counts while the core stands still. */
#ifndef PS_STM32F405_TIM11_H
#define PS_STM32F405_TIM11_H

#include <stdint.h>

/*
 * Frequency of HSE, which must be ready, measured against HSI, which must be the system clock: in Hz, as
 * coarse as HSI is (DS8626: -8 to 4.5 %). 0 where nothing was captured.
 */
uint32_t tim11_measure_hse(void);

#define TIM11_COUNTS_HZ 10000u

/* Counts from 0 on, at most 6.5 s. */
void tim11_count(uint32_t core_hz);

/* Counts since tim11_count(). */
uint32_t tim11_counted(void);

#endif
