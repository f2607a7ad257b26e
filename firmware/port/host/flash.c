#include "flash.h"

#include <string.h>

/* The chip in use: as on a board, the functions know only one. */
static host_flash_t *chip;

/* Power for the next operation: 1 for all of it, 0 for half of it, -1 for none. */
static int take_power(host_flash_t *flash)
{
    const uint32_t done = flash->operations;

    if (done > flash->cut_after) {
        return -1;
    }
    flash->operations++;
    return done < flash->cut_after;
}

#define TORN 2u

/* A word of four bytes has no error code. */
static bool slot_is_readable(uint32_t slot)
{
    for (uint32_t n = 0; chip->word_bytes > 4u && n < HOST_SLOT_BYTES / chip->word_bytes; n++) {
        if (chip->programs[slot][n] >= TORN) {
            return false;
        }
    }
    return true;
}

static const uint8_t *slot_at(uint32_t slot)
{
    chip->torn_reads += !slot_is_readable(slot);
    return chip->slots[slot];
}

/* If cut short, the first half is erased, and every other byte of the rest. */
static bool erase_slot(uint32_t slot)
{
    const int power = take_power(chip);

    if (power >= 0) {
        memset(chip->programs[slot], power > 0 ? 0 : (int)TORN, sizeof chip->programs[slot]);
    }
    for (uint32_t n = 0; n < HOST_SLOT_BYTES; n++) {
        if (power > 0 || (power == 0 && (n < HOST_SLOT_BYTES / 2u || n % 2u == 0))) {
            chip->slots[slot][n] = 0xFF;
        }
    }
    return power > 0;
}

/* Programming only clears bits. If cut short, it does so in the first half of the bytes. */
static bool program_slot(uint32_t slot, uint32_t offset, const uint32_t *words)
{
    const bool weak = chip->operations == chip->weak_word;
    const int power = take_power(chip);
    uint8_t *programs = &chip->programs[slot][offset / chip->word_bytes];

    if (weak) {
        return true;
    }
    if (power >= 0) {
        *programs = power > 0 && *programs == 0 ? 1u : TORN;
    }
    for (uint32_t n = 0; power >= 0 && n < (power > 0 ? chip->word_bytes : chip->word_bytes / 2u); n++) {
        chip->slots[slot][offset + n] &= (uint8_t)(words[n / 4u] >> 8u * (n % 4u));
    }
    return power > 0;
}

void host_flash_use(host_flash_t *flash)
{
    chip = flash;
}

void host_flash_erase(host_flash_t *flash)
{
    memset(flash->slots, 0xFF, sizeof flash->slots);
    memset(flash->programs, 0, sizeof flash->programs);
    flash->torn_reads = 0;
    flash->word_bytes = 4u;
    host_flash_power(flash, UINT32_MAX);
}

void host_flash_words(host_flash_t *flash, uint32_t word_bytes)
{
    flash->word_bytes = word_bytes;
    flash->flash.word_bytes = word_bytes;
}

void host_flash_power(host_flash_t *flash, uint32_t operations)
{
    flash->operations = 0;
    flash->cut_after = operations;
    flash->weak_word = UINT32_MAX;
    flash->flash = (ps_flash_t){
        .slot_bytes = HOST_SLOT_BYTES,
        .word_bytes = flash->word_bytes,
        .endurance = HOST_SLOT_ENDURANCE,
        .at = slot_at,
        .is_readable = slot_is_readable,
        .erase = erase_slot,
        .program = program_slot,
    };
}
