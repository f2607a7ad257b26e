/* QEMU has no flash that a program could write: none of these is ever called but the first. */
#include "port.h"

uint32_t port_slot_bytes(void)
{
    return 0;
}

const uint8_t *port_slot(uint32_t slot)
{
    (void)slot;
    return NULL;
}

bool port_slot_erase(uint32_t slot)
{
    (void)slot;
    return false;
}

bool port_slot_program(uint32_t slot, uint32_t offset, uint32_t word)
{
    (void)slot;
    (void)offset;
    (void)word;
    return false;
}
