/* Interrupt handlers that the vector table names. */
#ifndef PS_STM32F405_HANDLERS_H
#define PS_STM32F405_HANDLERS_H

void usart1_handler(void);
void dma1_stream3_handler(void);
void pendsv_handler(void);

#endif
