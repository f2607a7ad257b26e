#ifndef PS_STM32_TEMPERATURE_H
#define PS_STM32_TEMPERATURE_H

#include <stdint.h>

/* Switches the processor's own sensor on; it settles in some 10 us. */
void temperature_start(void);

/* In degrees Celsius, or PS_TEMPERATURE_UNKNOWN. `at_30`, `at_110`: counts at 30 and 110 degrees, which a
 * factory took at 3.3 V. */
int8_t temperature_read(int32_t at_30, int32_t at_110);

/* The straight line through two counts: 30 degrees, and so many more. */
int8_t temperature_of(int32_t counts, int32_t at_30, int32_t at_high, int32_t degrees);

#endif
