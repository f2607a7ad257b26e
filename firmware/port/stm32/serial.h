/* The USART of the serial line; each board has its own. */
#ifndef PS_STM32_SERIAL_H
#define PS_STM32_SERIAL_H

#include <stdint.h>

/* Pins and USART at PS_BAUD_RATE, with the interrupt for what comes in; `serial_hz`: the USART's clock. */
void serial_start(uint32_t serial_hz);

#endif
