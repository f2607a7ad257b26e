/* Interrupt handlers that the vector table names. */
#ifndef PS_CMSDK_HANDLERS_H
#define PS_CMSDK_HANDLERS_H

void uart_receive_handler(void);

#endif
