#ifndef PS_STM32_WATCHDOG_H
#define PS_STM32_WATCHDOG_H

#include <stdint.h>

#include "port.h"

/* The independent watchdog: from here on, watchdog_feed() at least once in 1.4 s. It cannot be stopped.
 */
void watchdog_start(void);
void watchdog_feed(void);

/* Four times as long between feeds, while the core has to stand still; and back. Feeds as well. */
void watchdog_relax(bool relaxed);

/* Why the core started, a PS_RESET_…; asked once. */
uint8_t reset_cause(void);

#endif
