/* Which clock a board runs from: the best one that starts. */
#include <stddef.h>

#include "board.h"
#include "clock.h"
#include "clock_tree.h"
#include "protocol.h"

static ps_clock_t in_use;

static ps_clock_t find_clock(void)
{
    clock_tree_prepare();

    const ps_pll_t *crystal = clock_tree_start_crystal();
    const bool from_crystal = crystal != NULL;
    ps_clock_t clock = {
        .source = from_crystal ? PS_CLOCK_HSE_PLL : PS_CLOCK_HSI_PLL,
        .pll = from_crystal ? *crystal : pll_internal,
    };

    if (clock_tree_switch_to_pll(&clock, &clock.pll, from_crystal)) {
        if (from_crystal) {
            clock_tree_watch_crystal();
        }
        return clock;
    }
    /* RM0090 7.3.1, RM0433 8.7.2: HSION is set by reset and never cleared here. QEMU has no RCC, which reads
     * 0, and runs SysTick at the highest frequency in its own time. */
    if (!(RCC_CR & RCC_CR_HSION)) {
        return (ps_clock_t){
            .core_hz = BOARD_CORE_HZ, .serial_hz = BOARD_SERIAL_HZ, .source = PS_CLOCK_SIMULATED};
    }
    return (ps_clock_t){.core_hz = BOARD_HSI_HZ, .serial_hz = BOARD_HSI_HZ, .source = PS_CLOCK_HSI};
}

const ps_clock_t *clock_start(void)
{
    in_use = find_clock();
    return &in_use;
}

const ps_clock_t *clock_in_use(void)
{
    return &in_use;
}

bool clock_replace_crystal(void)
{
    clock_tree_forget_crystal();
    in_use.source = PS_CLOCK_HSI_PLL;
    in_use.pll = pll_internal;
    return clock_tree_switch_to_pll(&in_use, &pll_internal, false);
}
