/*
 * The last two sectors of bank 2 as slots, RM0433 4.3. The program runs from bank 1 and goes on meanwhile. A
 * flash word of 256 bits has an error code of its own and is programmed once, as a whole. One that a power
 * cut left half written has two wrong bits or more: reading it is a bus fault.
 */
#include "flash.h"

#include "board.h"
#include "cpu.h"
#include "wait.h"
#include "watchdog.h"

#define SLOT_SECTOR      6u /* of bank 2 */
#define SLOT_BYTES       0x20000u
#define FLASH_WORD_BYTES 32u
#define TOUCHED_BYTES    (64u * FLASH_WORD_BYTES)
/* DS12110, "Flash memory endurance and data retention": 10 kcycles at least, of every sector. */
#define SLOT_ENDURANCE 10000u

/* Far beyond the 4 s (DS12110) that erasing a sector takes at most. */
#define FLASH_POLLS 200000000u

#define FLASH_BUSY (Flash_SR2_BSY2 | Flash_SR2_WBNE2 | Flash_SR2_QW2)
#define FLASH_ERRORS                                                                                         \
    (Flash_SR2_WRPERR2 | Flash_SR2_PGSERR2 | Flash_SR2_STRBERR2 | Flash_SR2_INCERR2 | Flash_SR2_OPERR2)
#define FLASH_READ_ERRORS (Flash_SR2_SNECCERR2 | Flash_SR2_DBECCERR2)

bool flash_has_slots(void)
{
    /* RM0433 4.9.4: LOCK is 1 after reset and whenever we are done. */
    return (Flash_CR2 & Flash_CR2_LOCK2) != 0;
}

static const uint8_t *slot_address(uint32_t slot)
{
    return (const uint8_t *)(uintptr_t)(MEMORY_SLOTS + slot * SLOT_BYTES);
}

/* PM0253 4.3.7: with faults masked and BFHFNMIGN set, a load that the bus refuses is no fault; its value is
 * void. Interrupts wait meanwhile: 64 words take some 5 us. */
static void touch_run(uint32_t start)
{
    const uint32_t masked = cpu_mask_faults();
    const uint32_t regions = MPU_CTRL;

    /* PM0214 4.2.6: with faults masked, the MPU is off unless HFNMIENA is set. The slots would be cached
     * then, and the next check would read the cache instead of the flash. */
    MPU_CTRL = regions | MPU_CTRL_HFNMIENA;
    SCB_CCR |= SCB_CCR_BFHFNMIGN;
    cpu_synchronise();
    for (uint32_t offset = 0; offset < TOUCHED_BYTES; offset += FLASH_WORD_BYTES) {
        (void)REGISTER(start + offset);
    }
    cpu_synchronise();
    SCB_CCR &= ~SCB_CCR_BFHFNMIGN;
    MPU_CTRL = regions;
    cpu_synchronise();
    cpu_restore_faults(masked);
}

static bool slot_is_readable(uint32_t slot)
{
    const uint32_t start = MEMORY_SLOTS + slot * SLOT_BYTES;

    Flash_CCR2 = FLASH_READ_ERRORS;
    for (uint32_t offset = 0; offset < SLOT_BYTES; offset += TOUCHED_BYTES) {
        touch_run(start + offset);
    }
    /* RM0433 4.7.7: what was found, double errors for what cannot be put right */
    const bool readable = (Flash_SR2 & Flash_SR2_DBECCERR2) == 0;

    Flash_CCR2 = FLASH_READ_ERRORS;
    SCB_CFSR = SCB_CFSR_BUS_FAULTS; /* of the loads that were refused: written 1 to clear */
    return readable;
}

/* The watchdog is fed: an erasure takes longer than it waits. */
static bool wait_until_idle(void)
{
    for (uint32_t n = 0; n < FLASH_POLLS; n++) {
        if (!(Flash_SR2 & FLASH_BUSY)) {
            return true;
        }
        watchdog_feed();
    }
    return false;
}

/* RM0433 4.5.1; and 4.7: errors of before are cleared by writing ones */
static bool unlock(void)
{
    if (!wait_until_idle()) {
        return false;
    }
    Flash_KEYR2 = Flash_KEYR2_KEY_1;
    Flash_KEYR2 = Flash_KEYR2_KEY_2;
    Flash_CCR2 = FLASH_ERRORS;
    return true;
}

static bool finish(void)
{
    const bool done = wait_until_idle() && !(Flash_SR2 & FLASH_ERRORS);

    Flash_CR2 = Flash_CR2_LOCK2;
    return done;
}

static bool slot_erase(uint32_t slot)
{
    const uint32_t order = Flash_CR2_PSIZE2_64 | Flash_CR2_SER2 | Flash_CR2_SNB2(SLOT_SECTOR + slot);

    if (!unlock()) {
        return false;
    }
    /* RM0433 4.3.10: sector and SER first, then START */
    Flash_CR2 = order;
    Flash_CR2 = order | Flash_CR2_START2;
    return finish();
}

static bool slot_program(uint32_t slot, uint32_t offset, const uint32_t *words)
{
    volatile uint32_t *to = (volatile uint32_t *)(uintptr_t)(MEMORY_SLOTS + slot * SLOT_BYTES + offset);

    if (!unlock()) {
        return false;
    }
    /* RM0433 4.3.9: the eighth word starts the programming of all */
    Flash_CR2 = Flash_CR2_PSIZE2_64 | Flash_CR2_PG2;
    cpu_synchronise();
    for (uint32_t n = 0; n < FLASH_WORD_BYTES / 4u; n++) {
        to[n] = words[n];
    }
    cpu_synchronise();
    return finish();
}

const ps_flash_t flash_slots = {
    .slot_bytes = SLOT_BYTES,
    .word_bytes = FLASH_WORD_BYTES,
    .endurance = SLOT_ENDURANCE,
    .at = slot_address,
    .is_readable = slot_is_readable,
    .erase = slot_erase,
    .program = slot_program,
};
