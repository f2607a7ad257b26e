/*
 * The last two sectors of the flash as slots, RM0090 3.6. The core stands still while it fetches from flash
 * that is being erased or programmed: nothing plays meanwhile (core/link/command.c).
 */
#include "flash.h"

#include "clock.h"
#include "registers.h"
#include "ticks.h"
#include "tim11.h"
#include "watchdog.h"

/* RM0090 3.3, table 5: sectors 10 and 11 of an STM32F405xG; the linker script leaves them out. */
#define SLOT_SECTOR 10u
#define SLOT_BYTES  0x20000u
#define SLOT_START  0x080C0000u
/* DS8626, "Flash memory endurance and data retention": 10 kcycles at least, of every sector. */
#define SLOT_ENDURANCE 10000u

/* Far beyond the 2 s (DS8626) that erasing a sector of 128 KiB takes at most. */
#define FLASH_POLLS 100000000u

#define FLASH_ERRORS (FLASH_SR_OPERR | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_PGPERR | FLASH_SR_PGSERR)

bool flash_has_slots(void)
{
    /* RM0090 3.9.7: LOCK is 1 after reset and whenever we are done. QEMU has no flash interface and reads 0.
     */
    return (FLASH_CR & FLASH_CR_LOCK) != 0;
}

static const uint8_t *slot_address(uint32_t slot)
{
    return (const uint8_t *)(uintptr_t)(SLOT_START + slot * SLOT_BYTES);
}

static bool wait_until_idle(void)
{
    for (uint32_t n = 0; n < FLASH_POLLS; n++) {
        if (!(FLASH_SR & FLASH_SR_BSY)) {
            return true;
        }
    }
    return false;
}

/* RM0090 3.6.1; and 3.9.5: errors of before are cleared by writing ones */
static bool unlock(void)
{
    if (!wait_until_idle()) {
        return false;
    }
    FLASH_KEYR = FLASH_KEYR_KEY_1;
    FLASH_KEYR = FLASH_KEYR_KEY_2;
    FLASH_SR = FLASH_ERRORS;
    return true;
}

static bool finish(void)
{
    const bool done = wait_until_idle() && !(FLASH_SR & FLASH_ERRORS);

    FLASH_CR = FLASH_CR_LOCK;
    return done;
}

static bool slot_erase(uint32_t slot)
{
    const uint32_t order = FLASH_CR_PSIZE_32 | FLASH_CR_SER | FLASH_CR_SNB(SLOT_SECTOR + slot);
    const uint32_t cached = FLASH_ACR;

    if (!unlock()) {
        return false;
    }
    watchdog_relax(true);
    /* SysTick's interrupt cannot be served as long as the core stands still: its periods are lost. */
    const uint64_t before = ticks_now();

    tim11_count(clock_in_use()->core_hz);
    /* RM0090 3.6.3: sector and SER first, then STRT */
    FLASH_CR = order;
    FLASH_CR = order | FLASH_CR_STRT;
    const bool done = finish();

    ticks_catch_up(before, (uint64_t)tim11_counted() * (clock_in_use()->core_hz / TIM11_COUNTS_HZ));
    watchdog_relax(false);
    /* RM0090 3.6.4: the data cache is flushed while it is off, or it may go on with what was there */
    FLASH_ACR = cached & ~FLASH_ACR_DCEN;
    FLASH_ACR = (cached & ~FLASH_ACR_DCEN) | FLASH_ACR_DCRST;
    FLASH_ACR = cached & ~FLASH_ACR_DCEN;
    FLASH_ACR = cached;
    return done;
}

static bool slot_program(uint32_t slot, uint32_t offset, const uint32_t *words)
{
    if (!unlock()) {
        return false;
    }
    /* RM0090 3.6.4: words at a time, from 2.7 V on (3.6.2) */
    FLASH_CR = FLASH_CR_PSIZE_32 | FLASH_CR_PG;
    *(volatile uint32_t *)(uintptr_t)(SLOT_START + slot * SLOT_BYTES + offset) = words[0];
    watchdog_feed();
    return finish();
}

const ps_flash_t flash_slots = {
    .slot_bytes = SLOT_BYTES,
    .word_bytes = 4u,
    .endurance = SLOT_ENDURANCE,
    .at = slot_address,
    .erase = slot_erase,
    .program = slot_program,
};
