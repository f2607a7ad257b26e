#include "tim11.h"

#include <stdbool.h>

#include "registers.h"

#define HSI_HZ      16000000u
#define RTC_DIVIDER 16u
#define EDGES       8u

/* Polls of some ten cycles each for a capture, which comes every 128 periods of HSE: 2048 cycles at 1 MHz. */
#define CAPTURE_POLLS 1000u

static void start_clock(void)
{
    RCC_APB2ENR |= RCC_APB2ENR_TIM11EN;
    (void)RCC_APB2ENR; /* errata ES0182: two cycles between enabling and first access */
}

static bool wait_for_capture(void)
{
    for (uint32_t n = 0; n < CAPTURE_POLLS; n++) {
        if (TIM11_SR & TIM11_SR_CC1IF) {
            return true;
        }
    }
    return false;
}

uint32_t tim11_measure_hse(void)
{
    uint32_t captures[2] = {0, 0};
    bool captured = true;

    /* RM0090 7.2.11: HSE divided as for the RTC reaches channel 1 of TIM11 */
    RCC_CFGR = RCC_CFGR_RTCPRE(RTC_DIVIDER);
    start_clock();
    TIM11_OR = TIM11_OR_TI1_RMP_HSE;
    TIM11_ARR = 0xFFFFu;
    TIM11_CCMR1 = TIM11_CCMR1_CC1S_TI1 | TIM11_CCMR1_IC1PSC_8;
    TIM11_CCER = TIM11_CCER_CC1E;
    TIM11_CR1 = TIM11_CR1_CEN;
    for (uint32_t n = 0; n < 2u; n++) {
        captured = captured && wait_for_capture();
        captures[n] = TIM11_CCR1; /* RM0090 19.5.3: reading it clears CC1IF */
    }
    TIM11_CR1 = 0;

    const uint32_t counts = (captures[1] - captures[0]) & 0xFFFFu;

    return captured && counts != 0 ? HSI_HZ / counts * RTC_DIVIDER * EDGES : 0;
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
