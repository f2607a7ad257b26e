/* Waiting for a register, with a bound. */
#ifndef PS_STM32_WAIT_H
#define PS_STM32_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the masked bits became `value` within so many polls, of some ten cycles each. */
static inline bool wait_for(volatile uint32_t *address, uint32_t mask, uint32_t value, uint32_t polls)
{
    for (uint32_t n = 0; n < polls; n++) {
        if ((*address & mask) == value) {
            return true;
        }
    }
    return false;
}

#endif
