#include "clock.h"

#include <stddef.h>

#include "board.h"
#include "clock_tree.h"
#include "crystal.h"
#include "pll_settings.h"
#include "wait.h"

/* Crystals that there are dividers for. */
static const ps_crystal_t crystals[] = {
    {8000000u, PLL_8_MHZ}, {12000000u, PLL_12_MHZ}, {16000000u, PLL_16_MHZ}};

const ps_pll_t pll_internal = PLL_16_MHZ;

/*
 * Polls at the reset clock of 16 MHz, some ten cycles each: 0.1 s for the crystal (data sheet: typically 2
 * ms), 6 ms for PLL (data sheet: at most 0.3 ms) and switch. QEMU has no RCC: it reads 0 and every wait runs
 * out.
 */
#define HSE_POLLS 160000u
#define PLL_POLLS 10000u

/*
 * The dividers for the crystal that is there; NULL where none starts, or one that there are no dividers for.
 */
const ps_pll_t *clock_tree_start_crystal(void)
{
    RCC_CR |= RCC_CR_HSEON;
    if (wait_for(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY, HSE_POLLS)) {
        const ps_pll_t *pll = crystal_settings(crystals, sizeof crystals / sizeof crystals[0]);

        if (pll != NULL) {
            return pll;
        }
    }
    RCC_CR &= ~RCC_CR_HSEON;
    return NULL;
}

bool clock_tree_switch_to_pll(ps_clock_t *clock, const ps_pll_t *pll, bool from_crystal)
{
    /* 336 MHz / 2 = 168 MHz; / 7 = 48 MHz. Written while the PLL is off (RM0090 7.3.2) */
    RCC_PLLCFGR = RCC_PLLCFGR_PLLM((uint32_t)pll->m) | RCC_PLLCFGR_PLLN((uint32_t)pll->n) |
                  RCC_PLLCFGR_PLLP_2 | RCC_PLLCFGR_PLLQ(7u) | (from_crystal ? RCC_PLLCFGR_PLLSRC : 0u);
    RCC_CR |= RCC_CR_PLLON;
    if (!wait_for(&RCC_CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, PLL_POLLS)) {
        RCC_CR &= ~RCC_CR_PLLON;
        return false;
    }
    /* RM0090 3.5.1: five wait states for 150 to 168 MHz at 2.7 to 3.6 V, set before the switch */
    FLASH_ACR = FLASH_ACR_LATENCY(5u) | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
    (void)FLASH_ACR; /* RM0090 3.5.1: read back, so that the new latency is taken into account */
    /* RM0090 7.3.3: APB1 at most 42 MHz, APB2 at most 84 MHz */
    RCC_CFGR = RCC_CFGR_PPRE1_4 | RCC_CFGR_PPRE2_2;
    RCC_CFGR = RCC_CFGR_PPRE1_4 | RCC_CFGR_PPRE2_2 | RCC_CFGR_SW_PLL;
    if (!wait_for(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_PLL, PLL_POLLS)) {
        RCC_CFGR = 0; /* internal oscillator, undivided */
        return false;
    }
    clock->core_hz = BOARD_CORE_HZ;
    clock->serial_hz = BOARD_SERIAL_HZ;
    return true;
}

void clock_tree_prepare(void)
{
    /* RM0090 5.1.3: voltage scale 1 is what 168 MHz needs; set while the PLL is off */
    RCC_APB1ENR |= RCC_APB1ENR_PWREN;
    PWR_CR |= PWR_CR_VOS;
}

void clock_tree_watch_crystal(void)
{
    RCC_CR |= RCC_CR_CSSON; /* RM0090 7.2.7: NMI where the crystal fails */
}

void clock_tree_forget_crystal(void)
{
    /* RM0090 7.2.7: NMI comes again until the flag is cleared. The hardware has switched to HSI, and both
     * PLLs off; said again, as the dividers may only be written while they are. */
    RCC_CIR = RCC_CIR_CSSC;
    RCC_CR &= ~(RCC_CR_HSEON | RCC_CR_CSSON | RCC_CR_PLLON | RCC_CR_PLLI2SON);
}

bool clock_start_audio(const ps_clock_t *clock)
{
    if (clock->pll.i2s_n == 0) {
        return false;
    }
    if (RCC_CR & RCC_CR_PLLI2SRDY) {
        return true;
    }
    RCC_CR &= ~RCC_CR_PLLI2SON; /* it may have lost its lock */
    /* RM0090 7.3.23: written while PLLI2S is off; 7.3.3: I2SSRC is 0 after reset and chooses it */
    RCC_PLLI2SCFGR = RCC_PLLI2SCFGR_PLLI2SN((uint32_t)clock->pll.i2s_n) |
                     RCC_PLLI2SCFGR_PLLI2SR((uint32_t)clock->pll.i2s_r);
    RCC_CR |= RCC_CR_PLLI2SON;
    if (!wait_for(&RCC_CR, RCC_CR_PLLI2SRDY, RCC_CR_PLLI2SRDY, 10u * PLL_POLLS)) {
        RCC_CR &= ~RCC_CR_PLLI2SON;
        return false;
    }
    return true;
}
