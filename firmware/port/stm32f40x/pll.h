#ifndef PS_STM32F405_PLL_H
#define PS_STM32F405_PLL_H

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

#endif
