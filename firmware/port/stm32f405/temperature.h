#ifndef PS_STM32F405_TEMPERATURE_H
#define PS_STM32F405_TEMPERATURE_H

#include <stdint.h>

/* Switches the processor's own sensor on; it settles in 10 us (DS8626). */
void temperature_start(void);

/* In degrees Celsius, or PS_TEMPERATURE_UNKNOWN. `calibration`: counts at 30 and 110 degrees. */
int8_t temperature_read(const volatile uint16_t *calibration);

#endif
