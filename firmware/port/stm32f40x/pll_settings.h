/*
 * Written by designer/toolchain/clocks.py, which searches all dividers for the smallest error of the sample
 * rate; a test compares. Main PLL: source / M * N = 336 MHz. Audio: source / M * I2S_N / I2S_R / (256 *
 * DIVIDER).
 */
#ifndef PS_STM32F405_PLL_SETTINGS_H
#define PS_STM32F405_PLL_SETTINGS_H

#include "design.h"

/* clang-format off */

#if PS_SAMPLE_RATE_HZ == 44100

/* 8 MHz: 44101.732 Hz, +39.27 ppm */
#define PLL_8_MHZ {.m = 7, .n = 294, .i2s_n = 326, .i2s_r = 3, .divider = 11}

/* 12 MHz: 44097.222 Hz, -62.99 ppm */
#define PLL_12_MHZ {.m = 9, .n = 252, .i2s_n = 254, .i2s_r = 2, .divider = 15}

/* 16 MHz: 44101.732 Hz, +39.27 ppm */
#define PLL_16_MHZ {.m = 11, .n = 231, .i2s_n = 163, .i2s_r = 3, .divider = 7}

#endif

#if PS_SAMPLE_RATE_HZ == 48000

/* 8 MHz: 48000.000 Hz, +0.00 ppm */
#define PLL_8_MHZ {.m = 5, .n = 210, .i2s_n = 192, .i2s_r = 5, .divider = 5}

/* 12 MHz: 48000.000 Hz, +0.00 ppm */
#define PLL_12_MHZ {.m = 10, .n = 280, .i2s_n = 256, .i2s_r = 5, .divider = 5}

/* 16 MHz: 48000.000 Hz, +0.00 ppm */
#define PLL_16_MHZ {.m = 10, .n = 210, .i2s_n = 192, .i2s_r = 5, .divider = 5}

#endif

#if PS_SAMPLE_RATE_HZ == 96000

/* 8 MHz: 95982.143 Hz, -186.01 ppm */
#define PLL_8_MHZ {.m = 4, .n = 168, .i2s_n = 172, .i2s_r = 2, .divider = 7}

/* 12 MHz: 95982.143 Hz, -186.01 ppm */
#define PLL_12_MHZ {.m = 6, .n = 168, .i2s_n = 172, .i2s_r = 2, .divider = 7}

/* 16 MHz: 95982.143 Hz, -186.01 ppm */
#define PLL_16_MHZ {.m = 8, .n = 168, .i2s_n = 172, .i2s_r = 2, .divider = 7}

#endif

/* clang-format on */

#endif
