/* Which crystal a board has. */
#ifndef PS_STM32_CRYSTAL_H
#define PS_STM32_CRYSTAL_H

#include <stdint.h>

#include "pll.h"

/* Of HSE, ahead of the timer that measures it */
#define CRYSTAL_DIVIDER 16u

/* A crystal, in Hz, that a board has settings for */
typedef struct {
    uint32_t hz;
    ps_pll_t pll;
} ps_crystal_t;

/*
 * Measures HSE, which must be ready, against HSI, which must be the system clock. Returns the settings for
 * it, or NULL. HSI may be 8 % off (DS8626, table 41; 2 % on the H7); an eighth is allowed, and crystals are a
 * quarter apart.
 */
const ps_pll_t *crystal_settings(const ps_crystal_t *crystals, uint32_t count);

/* Clocks the timer, and leads HSE / CRYSTAL_DIVIDER to its channel 1; each board has its own. */
void crystal_timer_start(void);

#endif
