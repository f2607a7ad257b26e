/*
 * Written by designer/toolchain/clocks_h743.py, which searches all dividers for the smallest error of the
 * sample rate; a test compares. PLL1: source / M1 * N1 = 800 or 960 MHz. PLL2: source / M2 *
 * (N2 + FRACTION2 / 8192) / P2 / (256 * MCKDIV).
 */
#ifndef PS_STM32H743_PLL_SETTINGS_H
#define PS_STM32H743_PLL_SETTINGS_H

#include "design.h"

/* clang-format off */

#if PS_SAMPLE_RATE_HZ == 44100

/* 8 MHz: 44100.0000 Hz, -0.0011 ppm */
#define PLL_8_MHZ {.m1 = 1, .n1 = {100, 120}, .range1 = 3, \
    .m2 = 3, .n2 = 182, .fraction2 = 367, .p2 = 43, .range2 = 1, .medium2 = 0, .mckdiv = 1}

/* 16 MHz: 44100.0000 Hz, -0.0011 ppm */
#define PLL_16_MHZ {.m1 = 1, .n1 = {50, 60}, .range1 = 3, \
    .m2 = 6, .n2 = 182, .fraction2 = 367, .p2 = 43, .range2 = 1, .medium2 = 0, .mckdiv = 1}

/* 25 MHz: 44100.0000 Hz, -0.0005 ppm */
#define PLL_25_MHZ {.m1 = 5, .n1 = {160, 192}, .range1 = 2, \
    .m2 = 12, .n2 = 401, .fraction2 = 54, .p2 = 74, .range2 = 1, .medium2 = 0, .mckdiv = 1}

/* 64 MHz: 44100.0000 Hz, +0.0000 ppm */
#define PLL_64_MHZ {.m1 = 4, .n1 = {50, 60}, .range1 = 3, \
    .m2 = 25, .n2 = 110, .fraction2 = 2048, .p2 = 25, .range2 = 1, .medium2 = 0, .mckdiv = 1}

#endif

#if PS_SAMPLE_RATE_HZ == 48000

/* 8 MHz: 48000.0000 Hz, +0.0000 ppm */
#define PLL_8_MHZ {.m1 = 1, .n1 = {100, 120}, .range1 = 3, \
    .m2 = 5, .n2 = 192, .fraction2 = 0, .p2 = 25, .range2 = 0, .medium2 = 1, .mckdiv = 1}

/* 16 MHz: 48000.0000 Hz, +0.0000 ppm */
#define PLL_16_MHZ {.m1 = 1, .n1 = {50, 60}, .range1 = 3, \
    .m2 = 5, .n2 = 96, .fraction2 = 0, .p2 = 25, .range2 = 1, .medium2 = 0, .mckdiv = 1}

/* 25 MHz: 48000.0001 Hz, +0.0029 ppm */
#define PLL_25_MHZ {.m1 = 5, .n1 = {160, 192}, .range1 = 2, \
    .m2 = 25, .n2 = 331, .fraction2 = 6357, .p2 = 27, .range2 = 0, .medium2 = 1, .mckdiv = 1}

/* 64 MHz: 48000.0000 Hz, +0.0000 ppm */
#define PLL_64_MHZ {.m1 = 4, .n1 = {50, 60}, .range1 = 3, \
    .m2 = 5, .n2 = 24, .fraction2 = 0, .p2 = 25, .range2 = 3, .medium2 = 0, .mckdiv = 1}

#endif

#if PS_SAMPLE_RATE_HZ == 96000

/* 8 MHz: 96000.0003 Hz, +0.0029 ppm */
#define PLL_8_MHZ {.m1 = 1, .n1 = {100, 120}, .range1 = 3, \
    .m2 = 4, .n2 = 331, .fraction2 = 6357, .p2 = 27, .range2 = 1, .medium2 = 0, .mckdiv = 1}

/* 16 MHz: 96000.0000 Hz, +0.0000 ppm */
#define PLL_16_MHZ {.m1 = 1, .n1 = {50, 60}, .range1 = 3, \
    .m2 = 5, .n2 = 192, .fraction2 = 0, .p2 = 25, .range2 = 1, .medium2 = 0, .mckdiv = 1}

/* 25 MHz: 95999.9995 Hz, -0.0054 ppm */
#define PLL_25_MHZ {.m1 = 5, .n1 = {160, 192}, .range1 = 2, \
    .m2 = 5, .n2 = 108, .fraction2 = 1101, .p2 = 22, .range2 = 2, .medium2 = 0, .mckdiv = 1}

/* 64 MHz: 96000.0000 Hz, +0.0000 ppm */
#define PLL_64_MHZ {.m1 = 4, .n1 = {50, 60}, .range1 = 3, \
    .m2 = 5, .n2 = 48, .fraction2 = 0, .p2 = 25, .range2 = 3, .medium2 = 0, .mckdiv = 1}

#endif

/* clang-format on */

#endif
