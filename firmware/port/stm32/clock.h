#ifndef PS_STM32_CLOCK_H
#define PS_STM32_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "pll.h"

typedef struct {
    uint32_t core_hz;
    uint32_t serial_hz; /* of the USART */
    uint8_t source;     /* PS_CLOCK_… */
    ps_pll_t pll;
} ps_clock_t;

/*
 * The highest frequency from the crystal, which is measured; where none starts, or one that the board has no
 * dividers for, the same from the internal oscillator (1 %); where the PLL does not lock either, the internal
 * oscillator as it is. Every wait is bounded.
 */
const ps_clock_t *clock_start(void);

/* What clock_start() found. */
const ps_clock_t *clock_in_use(void);

/* In NMI, when the crystal has failed: the same frequency from the internal oscillator; false where the PLL
 * does not lock. The audio PLL is off. */
bool clock_replace_crystal(void);

/* Starts the audio PLL, or leaves it as it runs; false where it does not lock. */
bool clock_start_audio(const ps_clock_t *clock);

#endif
