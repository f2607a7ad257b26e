/* Interrupt handlers that the vector table names. */
#ifndef PS_STM32F405_HANDLERS_H
#define PS_STM32F405_HANDLERS_H

void usart1_handler(void);
void nmi_handler(void);
void dma1_streams_handler(void); /* 3, 4 and 5 */
void pendsv_handler(void);

#endif
