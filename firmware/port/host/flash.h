/*
 * Flash in memory, whose power can be cut at any operation: an erasure, or a word that is programmed.
 */
#ifndef HOST_FLASH_H
#define HOST_FLASH_H

#include "tables/slots.h"

#define HOST_SLOT_BYTES 16384u

typedef struct {
    ps_flash_t flash; /* what the core is given */
    uint8_t slots[PS_SLOTS][HOST_SLOT_BYTES];
    uint32_t operations;
    uint32_t cut_after; /* operations: the next one is cut short, and none follows */
} host_flash_t;

/* The chip that the functions of every `flash` work on from now on. */
void host_flash_use(host_flash_t *flash);

/* As it leaves the factory: every bit set. */
void host_flash_erase(host_flash_t *flash);

/* Power, for so many operations from now on; what the slots hold stays. */
void host_flash_power(host_flash_t *flash, uint32_t operations);

#endif
