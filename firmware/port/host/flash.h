/*
 * Flash in memory, whose power can be cut at any operation: an erasure, or a word that is programmed.
 */
#ifndef HOST_FLASH_H
#define HOST_FLASH_H

#include "tables/slots.h"

#define HOST_SLOT_BYTES     16384u
#define HOST_SLOT_ENDURANCE 10000u

typedef struct {
    ps_flash_t flash; /* what the core is given */
    uint8_t slots[PS_SLOTS][HOST_SLOT_BYTES];
    uint32_t word_bytes;
    uint8_t programs[PS_SLOTS][HOST_SLOT_BYTES / 4u]; /* of each word since it was erased; TORN: half done */
    uint32_t torn_reads;
    uint32_t operations;
    uint32_t cut_after; /* operations: the next one is cut short, and none follows */
    uint32_t weak_word; /* this operation programs nothing and says that it did */
} host_flash_t;

/* The chip that the functions of every `flash` work on from now on. */
void host_flash_use(host_flash_t *flash);

/* Words of 32 bytes have an error code: half programmed, or programmed twice, they cannot be read. */
void host_flash_words(host_flash_t *flash, uint32_t word_bytes);

/* Sets every bit, as in a new chip, with words of four bytes. */
void host_flash_erase(host_flash_t *flash);

/* Gives power for so many operations from now on. The contents of the slots stay. */
void host_flash_power(host_flash_t *flash, uint32_t operations);

#endif
