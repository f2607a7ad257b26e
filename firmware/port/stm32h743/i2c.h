/* I2C1 as a controller that writes registers of a codec: PB8 SCL, PB9 SDA, 100 kHz. */
#ifndef PS_STM32H743_I2C_H
#define PS_STM32H743_I2C_H

#include <stdbool.h>
#include <stdint.h>

/* `bus_hz`: of APB1 */
void i2c_start(uint32_t bus_hz);

/* One register of the device with that address of seven bits. False where nothing answers; bounded. */
bool i2c_write(uint8_t address, uint8_t reg, uint8_t value);

#endif
