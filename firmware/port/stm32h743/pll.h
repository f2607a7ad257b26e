#ifndef PS_STM32H743_PLL_H
#define PS_STM32H743_PLL_H

#include <stdint.h>

/*
 * Settings of PLL1 and PLL2. Core: source / m1 * n1 / 2, where n1 is for 400 MHz and for 480. Converters:
 * source / m2 * (n2 + fraction2 / 8192) / p2 / (256 mckdiv) = sample rate.
 */
typedef struct {
    uint8_t m1;
    uint8_t range1; /* PLL1RGE */
    uint16_t n1[2];
    uint8_t m2;
    uint8_t p2;
    uint16_t n2;
    uint16_t fraction2;
    uint8_t range2;  /* PLL2RGE */
    uint8_t medium2; /* PLL2VCOSEL */
    uint8_t mckdiv;  /* 0: none */
} ps_pll_t;

#endif
