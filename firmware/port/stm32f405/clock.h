#ifndef PS_STM32F405_CLOCK_H
#define PS_STM32F405_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Dividers of both PLLs: source / m * n = 336 MHz; source / m * i2s_n / i2s_r / (256 divider) = sample rate.
 */
typedef struct {
    uint16_t m;
    uint16_t n;
    uint16_t i2s_n;
    uint16_t i2s_r;
    uint16_t divider; /* 2 I2SDIV + ODD */
} ps_pll_t;

typedef struct {
    uint32_t core_hz;
    uint32_t apb2_hz; /* USART1 */
    uint8_t source;   /* PS_CLOCK_… */
    ps_pll_t pll;
} ps_clock_t;

/*
 * 168 MHz from the crystal, of 8, 12 or 16 MHz, which is measured; where none starts, or another, 168 MHz
 * from the internal oscillator (1 %); where the PLL does not lock either, the internal oscillator's 16 MHz.
 * Every wait is bounded.
 */
const ps_clock_t *clock_start(void);

/* What clock_start() found. */
const ps_clock_t *clock_in_use(void);

/* In NMI, when the crystal has failed: 168 MHz from the internal oscillator; false where the PLL does not
 * lock. The audio PLL is off. */
bool clock_replace_crystal(void);

/* Starts the audio PLL, or leaves it as it runs; false where it does not lock. */
bool clock_start_i2s(const ps_clock_t *clock);

#endif
