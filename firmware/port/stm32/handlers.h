/* Interrupt handlers that the vector table names. */
#ifndef PS_STM32_HANDLERS_H
#define PS_STM32_HANDLERS_H

void serial_handler(void);
void nmi_handler(void);
void converters_handler(void); /* of every DMA stream that moves samples */
void pendsv_handler(void);

#endif
