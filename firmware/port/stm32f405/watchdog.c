#include "watchdog.h"

#include "protocol.h"
#include "registers.h"

/* Some ms: the registers take five periods of the 32 kHz oscillator over. QEMU has no watchdog and reads 0.
 */
#define UPDATE_POLLS 100000u

/* 32 kHz (17 to 47, DS8626) / 64 = 500 Hz; 1000 counts are 2 s (1.4 to 3.8). */
#define COUNTS         1000u
#define COUNTS_RELAXED 4000u /* 5.4 s at least */

void watchdog_start(void)
{
    IWDG_KR = IWDG_KR_KEY_START;
    watchdog_relax(false);
}

void watchdog_relax(bool relaxed)
{
    /* RM0090 21.3.2: unlock, set, wait until both have been taken over, feed */
    IWDG_KR = IWDG_KR_KEY_UNLOCK;
    IWDG_PR = IWDG_PR_PR_64;
    IWDG_RLR = IWDG_RLR_RL(relaxed ? COUNTS_RELAXED : COUNTS);
    for (uint32_t n = 0; n < UPDATE_POLLS && (IWDG_SR & (IWDG_SR_PVU | IWDG_SR_RVU)); n++) {
    }
    IWDG_KR = IWDG_KR_KEY_FEED;
}

void watchdog_feed(void)
{
    IWDG_KR = IWDG_KR_KEY_FEED;
}

uint8_t reset_cause(void)
{
    const uint32_t flags = RCC_CSR;

    RCC_CSR |= RCC_CSR_RMVF; /* RM0090 7.3.21: the flags add up until they are cleared */
    if (flags & RCC_CSR_WDGRSTF) {
        return PS_RESET_WATCHDOG;
    }
    if (flags & RCC_CSR_SFTRSTF) {
        return PS_RESET_SOFTWARE;
    }
    if (flags & (RCC_CSR_PORRSTF | RCC_CSR_BORRSTF)) {
        return PS_RESET_POWER;
    }
    return flags & RCC_CSR_PADRSTF ? PS_RESET_PIN : PS_RESET_UNKNOWN;
}
