/*
 * Tables that outlive power, in two slots of flash that are written alternately. The newer slot has the
 * higher sequence number. A slot counts only if it has its mark, which is written after all else has been
 * read back. Whenever the power fails, the slot that was not being written stays as it was.
 */
#ifndef PS_SLOTS_H
#define PS_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

#define PS_SLOTS 2u

/* The largest flash word */
#define PS_FLASH_WORD_BYTES 32u

/* Flash. An erased word is all ones, and is programmed once. */
typedef struct {
    uint32_t slot_bytes;
    uint32_t word_bytes;                 /* programmed at once: 4 to PS_FLASH_WORD_BYTES, a power of two */
    uint32_t endurance;                  /* erasures of one slot that the chip's maker promises */
    const uint8_t *(*at)(uint32_t slot); /* to read */
    /* Whether every byte can be read without a fault. NULL: always. */
    bool (*is_readable)(uint32_t slot);
    bool (*erase)(uint32_t slot);
    bool (*program)(uint32_t slot, uint32_t offset, const uint32_t *words); /* offset: times word_bytes */
} ps_flash_t;

/* A slot that is whole and belongs to this image. */
typedef struct {
    uint32_t slot;
    uint32_t sequence;
    const uint8_t *begin; /* PS_TUNE_BEGIN_BYTES */
    const uint8_t *tables;
    uint32_t bytes;
} ps_slot_t;

/* Finds such slots, the newest first, and returns their number. The caller validates their tables. */
uint32_t ps_slots_find(const ps_flash_t *flash, ps_slot_t found[PS_SLOTS]);

/*
 * Erasures of all slots that the slots know of. One is missing for each time that the power failed during a
 * write. All are missing after both slots have been erased from outside.
 */
uint32_t ps_slots_erasures(const ps_flash_t *flash);

/* Whether a slot is still whole, marked, and holds exactly these tables. */
bool ps_slots_hold(const ps_flash_t *flash, const ps_slot_t *slot, const uint8_t *begin,
                   const uint8_t *tables);

/*
 * Writes a slot, reads it back, and makes it the newest. It never writes the slot `stays`, which holds the
 * tables to go back to, or is NULL. Returns PS_OK with *written filled, PS_E_ROOM or PS_E_FLASH.
 */
int ps_slots_write(const ps_flash_t *flash, const ps_slot_t *stays, const uint8_t *begin,
                   const uint8_t *tables, uint32_t bytes, ps_slot_t *written);

#endif
