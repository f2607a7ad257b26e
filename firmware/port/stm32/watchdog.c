#include "watchdog.h"

#include "board.h"
#include "protocol.h"

/* Some ms: the registers take five periods of the 32 kHz oscillator over. QEMU has no watchdog and reads 0.
 */
#define UPDATE_POLLS 100000u

/* 32 kHz (17 to 47, DS8626; H7: 29.8 to 33.6, DS12110) / 64 = 500 Hz; 1000 counts are 2 s (1.4 to 3.8). */
#define COUNTS         1000u
#define COUNTS_RELAXED 4000u /* 5.4 s at least */

void watchdog_start(void)
{
    IWDG_KR = IWDG_KR_KEY_START;
    watchdog_relax(false);
}

void watchdog_relax(bool relaxed)
{
    /* RM0090 21.3.2, RM0433 45.3: unlock, set, wait until both have been taken over, feed */
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
    const uint32_t flags = RESET_FLAGS;

    RESET_FLAGS |= RESET_FLAGS_FORGET; /* the flags add up until they are cleared */
    if (flags & RESET_FLAGS_WATCHDOG) {
        return PS_RESET_WATCHDOG;
    }
    if (flags & RESET_FLAGS_SOFTWARE) {
        return PS_RESET_SOFTWARE;
    }
    if (flags & RESET_FLAGS_POWER) {
        return PS_RESET_POWER;
    }
    return flags & RESET_FLAGS_PIN ? PS_RESET_PIN : PS_RESET_UNKNOWN;
}
