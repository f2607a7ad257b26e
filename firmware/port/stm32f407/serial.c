/*
 * Serial line on USART3: PB10 transmits, PB11 receives. On the STM32F4DISCOVERY, USART1 has no pins: PA9 and
 * PA10 are those of USB, PB6 is the bus of the audio DAC. PB10 is an input of the microphone, which a byte
 * does not harm.
 */
#include "serial.h"

#include "protocol.h"
#include "registers.h"

void serial_start(uint32_t serial_hz)
{
    RCC_AHB1ENR |= RCC_AHB1ENR_GPIOBEN;
    RCC_APB1ENR |= RCC_APB1ENR_USART3EN;
    (void)RCC_APB1ENR; /* RM0090 7.2.18 and errata ES0182: two cycles between enabling and first access */

    /* PB10 and PB11: alternate function 7, high speed, pull-up so that an open line rests (RM0090 8.4) */
    GPIOB_AFRH = (GPIOB_AFRH & ~0xFF00u) | 0x7700u;
    GPIOB_OSPEEDR |= 0x2u << 20;
    GPIOB_PUPDR = (GPIOB_PUPDR & ~(0xFu << 20)) | (0x5u << 20);
    GPIOB_MODER = (GPIOB_MODER & ~(0xFu << 20)) | (0xAu << 20);

    /* RM0090 30.3.4: USARTDIV in sixteenths is the clock over the baud rate; 0.93 % off at 42 MHz, 2.1 % at
     * 16 */
    USART3_BRR = (serial_hz + PS_BAUD_RATE / 2u) / PS_BAUD_RATE;
    USART3_CR1 = USART3_CR1_UE | USART3_CR1_TE | USART3_CR1_RE | USART3_CR1_RXNEIE;
}
