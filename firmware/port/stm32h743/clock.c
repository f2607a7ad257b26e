#include "clock.h"

#include <stddef.h>

#include "board.h"
#include "clock_tree.h"
#include "crystal.h"
#include "pll_settings.h"
#include "wait.h"

/* Crystals that there are settings for; the ST-Link of a NUCLEO gives 8 MHz. */
static const ps_crystal_t crystals[] = {
    {8000000u, PLL_8_MHZ}, {16000000u, PLL_16_MHZ}, {25000000u, PLL_25_MHZ}};

const ps_pll_t pll_internal = PLL_64_MHZ;

/*
 * Polls at the reset clock of 64 MHz, some ten cycles each: 0.1 s for the crystal (DS12110: typically 2 ms),
 * 6 ms for PLL, supply and switch.
 */
#define HSE_POLLS   640000u
#define READY_POLLS 40000u

/* What the supply allows: 0 for the reset clock only, then 400 and 480 MHz. */
static uint8_t speed;

static const struct {
    uint32_t core_hz;
    uint8_t wait_states;
} speeds[] = {{0, 0}, {400000000u, 2}, {480000000u, 4}};

void clock_tree_prepare(void)
{
    speed = 0;
    /* RM0433 6.8.4: the supply is chosen once after power-on, by the write that clears SCUEN; nothing of the
     * supply changes before. The board has no step-down converter: LDO. */
    if (PWR_CR3 & PWR_CR3_SCUEN) {
        PWR_CR3 = (PWR_CR3 & ~(PWR_CR3_SCUEN | PWR_CR3_BYPASS)) | PWR_CR3_LDOEN;
    }
    if (!wait_for(&PWR_CSR1, PWR_CSR1_ACTVOSRDY, PWR_CSR1_ACTVOSRDY, READY_POLLS)) {
        return;
    }
    /* RM0433 6.6.2: scale 1 is what 400 MHz needs */
    PWR_D3CR |= PWR_D3CR_VOS_1;
    if (!wait_for(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY, READY_POLLS)) {
        return;
    }
    speed = 1u;
    /* RM0433 6.6.2: from there the overdrive leads to scale 0, which 480 MHz needs and revision V has first
     */
    if (DBGMCU_IDCODE >> 16 == DBGMCU_IDCODE_REV_ID_V) {
        RCC_APB4ENR |= RCC_APB4ENR_SYSCFGEN;
        (void)RCC_APB4ENR; /* RM0433 8.5.12: two cycles between enabling and first access */
        SYSCFG_PWRCR |= SYSCFG_PWRCR_ODEN;
        if (wait_for(&PWR_D3CR, PWR_D3CR_VOSRDY, PWR_D3CR_VOSRDY, READY_POLLS)) {
            speed = 2u;
        }
    }
}

/*
 * The settings for the crystal that was started; NULL where there is none, or one that there are no settings
 * for.
 */
static const ps_pll_t *start_crystal(uint32_t bypass)
{
    /* RM0433 8.7.2: the bypass is chosen while HSE is off */
    RCC_CR |= bypass;
    RCC_CR |= RCC_CR_HSEON;
    if (wait_for(&RCC_CR, RCC_CR_HSERDY, RCC_CR_HSERDY, HSE_POLLS)) {
        const ps_pll_t *pll = crystal_settings(crystals, sizeof crystals / sizeof crystals[0]);

        if (pll != NULL) {
            return pll;
        }
    }
    RCC_CR &= ~RCC_CR_HSEON;
    (void)wait_for(&RCC_CR, RCC_CR_HSERDY, 0, READY_POLLS);
    RCC_CR &= ~bypass;
    return NULL;
}

const ps_pll_t *clock_tree_start_crystal(void)
{
    /* The ST-Link's clock, as on a NUCLEO; else a crystal of the board's own */
    const ps_pll_t *pll = start_crystal(RCC_CR_HSEBYP);

    return pll != NULL ? pll : start_crystal(0);
}

void crystal_timer_start(void)
{
    /* RM0433 8.7.7: HSE divided as for the RTC; 41.6.17: it reaches channel 1 of TIM17 */
    RCC_CFGR = RCC_CFGR_RTCPRE(CRYSTAL_DIVIDER);
    RCC_APB2ENR |= RCC_APB2ENR_TIM17EN;
    (void)RCC_APB2ENR; /* RM0433 8.5.12 */
    TIM17_TIM17_TISEL = TIM17_TIM17_TISEL_TI1SEL_HSE;
}

static bool start_pll1(const ps_pll_t *pll, bool from_crystal)
{
    /* RM0433 8.7.12, 8.7.13: written while the PLLs are off. PLL1's outputs Q and R stay off, and PLL2's. */
    RCC_PLLCKSELR = (from_crystal ? RCC_PLLCKSELR_PLLSRC_HSE : RCC_PLLCKSELR_PLLSRC_HSI) |
                    RCC_PLLCKSELR_DIVM1((uint32_t)pll->m1) | RCC_PLLCKSELR_DIVM2((uint32_t)pll->m2);
    RCC_PLLCFGR = RCC_PLLCFGR_PLL1RGE((uint32_t)pll->range1) | RCC_PLLCFGR_DIVP1EN | RCC_PLLCFGR_DIVP2EN;
    RCC_PLL1DIVR = RCC_PLL1DIVR_DIVN1(pll->n1[speed - 1u] - 1u) | RCC_PLL1DIVR_DIVP1(2u - 1u);
    RCC_CR |= RCC_CR_PLL1ON;
    if (!wait_for(&RCC_CR, RCC_CR_PLL1RDY, RCC_CR_PLL1RDY, READY_POLLS)) {
        RCC_CR &= ~RCC_CR_PLL1ON;
        return false;
    }
    return true;
}

bool clock_tree_switch_to_pll(ps_clock_t *clock, const ps_pll_t *pll, bool from_crystal)
{
    if (speed == 0 || !start_pll1(pll, from_crystal)) {
        return false;
    }
    /* RM0433 4.3.8, table 17: two wait states for 200 MHz at scale 1, four for 240 MHz at scale 0; set before
     * the switch, and read back until taken over (4.3.8) */
    const uint32_t flash = Flash_ACR_LATENCY((uint32_t)speeds[speed].wait_states) | Flash_ACR_WRHIGHFREQ(2u);

    Flash_ACR = flash;
    if (!wait_for(&Flash_ACR, flash, flash, READY_POLLS)) {
        return false;
    }
    /* RM0433 8.7.8 to 8.7.10: buses at half the core's clock, peripherals at a quarter: 120 MHz at most */
    RCC_D1CFGR = RCC_D1CFGR_HPRE_2 | RCC_D1CFGR_D1PPRE_2;
    RCC_D2CFGR = RCC_D2CFGR_D2PPRE1_2 | RCC_D2CFGR_D2PPRE2_2;
    RCC_D3CFGR = RCC_D3CFGR_D3PPRE_2;
    RCC_CFGR = RCC_CFGR_SW_PLL1;
    if (!wait_for(&RCC_CFGR, RCC_CFGR_SWS_MASK, RCC_CFGR_SWS_PLL1, READY_POLLS)) {
        RCC_CFGR = 0; /* internal oscillator, and no dividers */
        RCC_D1CFGR = 0;
        RCC_D2CFGR = 0;
        RCC_D3CFGR = 0;
        return false;
    }
    clock->core_hz = speeds[speed].core_hz;
    clock->serial_hz = speeds[speed].core_hz / 4u;
    return true;
}

void clock_tree_watch_crystal(void)
{
    RCC_CR |= RCC_CR_HSECSSON; /* RM0433 8.5.3: NMI where the crystal fails */
}

void clock_tree_forget_crystal(void)
{
    /* RM0433 8.5.3: NMI comes again until the flag is cleared. The hardware has switched to HSI, and HSE and
     * the PLLs off; said again, as the dividers may only be written while they are. */
    RCC_CICR = RCC_CICR_HSECSSC;
    RCC_CR &= ~(RCC_CR_HSEON | RCC_CR_PLL1ON | RCC_CR_PLL2ON);
    (void)wait_for(&RCC_CR, RCC_CR_PLL1RDY | RCC_CR_PLL2RDY, 0, READY_POLLS);
}

bool clock_start_audio(const ps_clock_t *clock)
{
    const ps_pll_t *pll = &clock->pll;

    if (pll->mckdiv == 0) {
        return false;
    }
    if (RCC_CR & RCC_CR_PLL2RDY) {
        return true;
    }
    RCC_CR &= ~RCC_CR_PLL2ON; /* it may have lost its lock */
    /* RM0433 8.3.3: the fraction is taken over when FRACEN rises; 8.7.15, 8.7.16: written while PLL2 is off
     */
    RCC_PLLCFGR = (RCC_PLLCFGR & (RCC_PLLCFGR_PLL1RGE(3u) | RCC_PLLCFGR_DIVP1EN | RCC_PLLCFGR_DIVP2EN)) |
                  RCC_PLLCFGR_PLL2RGE((uint32_t)pll->range2) | RCC_PLLCFGR_PLL2VCOSEL((uint32_t)pll->medium2);
    RCC_PLL2DIVR = RCC_PLL2DIVR_DIVN1(pll->n2 - 1u) | RCC_PLL2DIVR_DIVP1(pll->p2 - 1u);
    RCC_PLL2FRACR = RCC_PLL2FRACR_FRACN2((uint32_t)pll->fraction2);
    if (pll->fraction2 != 0) {
        RCC_PLLCFGR |= RCC_PLLCFGR_PLL2FRACEN;
    }
    /* RM0433 8.7.20: PLL2's output P is the kernel clock of SAI1, SAI2 and SAI3 */
    RCC_D2CCIP1R = RCC_D2CCIP1R_SAI1SRC_PLL2_P | RCC_D2CCIP1R_SAI23SRC_PLL2_P;
    RCC_CR |= RCC_CR_PLL2ON;
    if (!wait_for(&RCC_CR, RCC_CR_PLL2RDY, RCC_CR_PLL2RDY, READY_POLLS)) {
        RCC_CR &= ~RCC_CR_PLL2ON;
        return false;
    }
    return true;
}
