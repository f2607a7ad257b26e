#include "tim11.h"

#include "crystal.h"
#include "registers.h"

static void start_clock(void)
{
    RCC_APB2ENR |= RCC_APB2ENR_TIM11EN;
    (void)RCC_APB2ENR; /* errata ES0182: two cycles between enabling and first access */
}

void crystal_timer_start(void)
{
    /* RM0090 7.2.11: HSE divided as for the RTC reaches channel 1 of TIM11 */
    RCC_CFGR = RCC_CFGR_RTCPRE(CRYSTAL_DIVIDER);
    start_clock();
    TIM11_OR = TIM11_OR_TI1_RMP_HSE;
}

void tim11_count(uint32_t core_hz)
{
    start_clock();
    TIM11_CR1 = 0;
    TIM11_ARR = 0xFFFFu;
    /* RM0090 7.2: the timers on APB2 run at twice that bus's clock where it is divided, which is the core's
     */
    TIM11_PSC = core_hz / TIM11_COUNTS_HZ - 1u;
    TIM11_EGR = TIM11_EGR_UG; /* RM0090 19.5.4: takes the prescaler over, and counts from 0 */
    TIM11_CR1 = TIM11_CR1_CEN;
}

uint32_t tim11_counted(void)
{
    return TIM11_CNT;
}
