/* The last two sectors of the flash, as slots for tables. */
#ifndef PS_STM32_FLASH_H
#define PS_STM32_FLASH_H

#include "tables/slots.h"

extern const ps_flash_t flash_slots;

/* Whether the flash interface is there; QEMU has none. */
bool flash_has_slots(void);

#endif
