#include "flash.h"

#include <string.h>

/* Whether there is power for one operation more: 1 whole, 0 half of it, -1 none. */
static int take_power(host_flash_t *flash)
{
    const uint32_t done = flash->operations;

    if (done > flash->cut_after) {
        return -1;
    }
    flash->operations++;
    return done < flash->cut_after;
}

static const uint8_t *slot_at(void *context, uint32_t slot)
{
    host_flash_t *flash = context;

    return flash->slots[slot];
}

/* Cut short, it leaves the first half erased, and every other byte of the rest. */
static bool erase_slot(void *context, uint32_t slot)
{
    host_flash_t *flash = context;
    const int power = take_power(flash);

    for (uint32_t n = 0; n < HOST_SLOT_BYTES; n++) {
        if (power > 0 || (power == 0 && (n < HOST_SLOT_BYTES / 2u || n % 2u == 0))) {
            flash->slots[slot][n] = 0xFF;
        }
    }
    return power > 0;
}

/* Programming only clears bits; cut short, those of two of the bytes. */
static bool program_slot(void *context, uint32_t slot, uint32_t offset, uint32_t word)
{
    host_flash_t *flash = context;
    const int power = take_power(flash);

    for (uint32_t n = 0; power >= 0 && n < (power > 0 ? 4u : 2u); n++) {
        flash->slots[slot][offset + n] &= (uint8_t)(word >> 8u * n);
    }
    return power > 0;
}

void host_flash_erase(host_flash_t *flash)
{
    memset(flash->slots, 0xFF, sizeof flash->slots);
    host_flash_power(flash, UINT32_MAX);
}

void host_flash_power(host_flash_t *flash, uint32_t operations)
{
    flash->operations = 0;
    flash->cut_after = operations;
    flash->flash = (ps_flash_t){
        .context = flash,
        .slot_bytes = HOST_SLOT_BYTES,
        .at = slot_at,
        .erase = erase_slot,
        .program = program_slot,
    };
}
