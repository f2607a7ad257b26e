/* Serial line on USART3, which the NUCLEO's ST-Link has as its virtual COM port: PD8 transmits, PD9 receives.
 */
#include "serial.h"

#include "protocol.h"
#include "registers.h"

void serial_start(uint32_t serial_hz)
{
    RCC_AHB4ENR |= RCC_AHB4ENR_GPIODEN;
    RCC_APB1LENR |= RCC_APB1LENR_USART3EN;
    (void)RCC_APB1LENR; /* RM0433 8.5.12: two cycles between enabling and first access */

    /* PD8 and PD9: alternate function 7, high speed, pull-up so that an open line rests (RM0433 11.4) */
    GPIOD_AFRH = (GPIOD_AFRH & ~0xFFu) | 0x77u;
    GPIOD_OSPEEDR |= 0x2u << 16;
    GPIOD_PUPDR = (GPIOD_PUPDR & ~(0xFu << 16)) | (0x5u << 16);
    GPIOD_MODER = (GPIOD_MODER & ~(0xFu << 16)) | (0xAu << 16);

    /* RM0433 48.5.7: the clock over the baud rate; 0.16 % off at 120 MHz, 0.45 % at 100 and 0.64 % at 64 */
    USART3_BRR = (serial_hz + PS_BAUD_RATE / 2u) / PS_BAUD_RATE;
    USART3_CR1 = USART3_CR1_UE | USART3_CR1_TE | USART3_CR1_RE | USART3_CR1_RXNEIE;
}
