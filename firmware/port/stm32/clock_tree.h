/* What a board's clocks are made of, for clock_choice.c; each board has its own. */
#ifndef PS_STM32_CLOCK_TREE_H
#define PS_STM32_CLOCK_TREE_H

#include <stdbool.h>

#include "clock.h"

/* The PLLs' settings for the internal oscillator */
extern const ps_pll_t pll_internal;

/* The supply that the fastest clock needs */
void clock_tree_prepare(void);

/* The PLLs' settings for the crystal that is there, which then runs; NULL where none starts, or one that
 * there are no settings for. */
const ps_pll_t *clock_tree_start_crystal(void);

/* The core from the PLL; fills in the frequencies. False where the PLL does not lock: the internal oscillator
 * goes on. */
bool clock_tree_switch_to_pll(ps_clock_t *clock, const ps_pll_t *pll, bool from_crystal);

/* From now on NMI comes where the crystal fails. */
void clock_tree_watch_crystal(void);

/* In that NMI: crystal and PLLs off, and no further NMI. */
void clock_tree_forget_crystal(void);

#endif
