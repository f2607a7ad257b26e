#include "crystal.h"

#include <stdbool.h>
#include <stddef.h>

#include "board.h"

#define EDGES 8u

/* What the timers of all boards have alike: RM0090 19.5, RM0433 41.6 */
#define CR1_CEN   BIT(0)
#define SR_CC1IF  BIT(1)
#define CC1S_TI1  1u
#define IC1PSC_8  (3u << 2)
#define CCER_CC1E BIT(0)

/* Polls of some ten cycles each for a capture, which comes every 128 periods of HSE: 128 periods of HSI to 8
 * MHz and 16, 1024 periods of HSI to 8 MHz and 64. */
#define CAPTURE_POLLS 1000u

static bool wait_for_capture(void)
{
    for (uint32_t n = 0; n < CAPTURE_POLLS; n++) {
        if (CRYSTAL_TIMER_SR & SR_CC1IF) {
            return true;
        }
    }
    return false;
}

/* In Hz, as coarse as HSI is; 0 where nothing was captured. */
static uint32_t measure(void)
{
    uint32_t captures[2] = {0, 0};
    bool captured = true;

    crystal_timer_start();
    CRYSTAL_TIMER_ARR = 0xFFFFu;
    CRYSTAL_TIMER_CCMR1 = CC1S_TI1 | IC1PSC_8;
    CRYSTAL_TIMER_CCER = CCER_CC1E;
    CRYSTAL_TIMER_CR1 = CR1_CEN;
    for (uint32_t n = 0; n < 2u; n++) {
        captured = captured && wait_for_capture();
        captures[n] = CRYSTAL_TIMER_CCR1; /* RM0090 19.5.3, RM0433 41.6.4: reading it clears CC1IF */
    }
    CRYSTAL_TIMER_CR1 = 0;

    const uint32_t counts = (captures[1] - captures[0]) & 0xFFFFu;

    return captured && counts != 0 ? BOARD_HSI_HZ / counts * CRYSTAL_DIVIDER * EDGES : 0;
}

const ps_pll_t *crystal_settings(const ps_crystal_t *crystals, uint32_t count)
{
    const uint32_t hz = measure();

    for (uint32_t n = 0; n < count; n++) {
        if (hz > crystals[n].hz / 8u * 7u && hz < crystals[n].hz / 8u * 9u) {
            return &crystals[n].pll;
        }
    }
    return NULL;
}
