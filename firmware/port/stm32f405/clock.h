#ifndef PS_STM32F405_CLOCK_H
#define PS_STM32F405_CLOCK_H

#include <stdint.h>

typedef struct {
    uint32_t core_hz;
    uint32_t apb2_hz; /* USART1 */
    uint8_t source;   /* PS_CLOCK_… */
} ps_clock_t;

/*
 * 168 MHz from the crystal; where that does not start, 168 MHz from the internal oscillator (1 %); where the
 * PLL does not lock either, the internal oscillator's 16 MHz. Every wait is bounded.
 */
ps_clock_t clock_start(void);

#endif
