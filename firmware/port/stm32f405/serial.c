/* Serial line on USART1: PA9 transmits, PA10 receives. */
#include "serial.h"

#include "protocol.h"
#include "registers.h"

void serial_start(uint32_t serial_hz)
{
    RCC_AHB1ENR |= RCC_AHB1ENR_GPIOAEN;
    RCC_APB2ENR |= RCC_APB2ENR_USART1EN;
    (void)RCC_APB2ENR; /* RM0090 7.2.18 and errata ES0182: two cycles between enabling and first access */

    /* PA9 and PA10: alternate function 7, high speed, pull-up so that an open line rests (RM0090 8.4) */
    GPIOA_AFRH = (GPIOA_AFRH & ~0x0FF0u) | 0x0770u;
    GPIOA_OSPEEDR |= 0x2u << 18;
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(0xFu << 18)) | (0x5u << 18);
    GPIOA_MODER = (GPIOA_MODER & ~(0xFu << 18)) | (0xAu << 18);

    /* RM0090 30.3.4: USARTDIV in sixteenths is the clock over the baud rate; 0.16 % off at 84 MHz, 2.1 % at
     * 16 */
    USART1_BRR = (serial_hz + PS_BAUD_RATE / 2u) / PS_BAUD_RATE;
    USART1_CR1 = USART1_CR1_UE | USART1_CR1_TE | USART1_CR1_RE | USART1_CR1_RXNEIE;
}
