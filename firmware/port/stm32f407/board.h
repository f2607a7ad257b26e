/* What firmware/port/stm32 asks of this board by name. */
#ifndef PS_BOARD_H
#define PS_BOARD_H

#include "chip.h"

#define BOARD_NAME "stm32f407"

/* APB1, RM0090 7.2: a quarter of the core */
#define BOARD_SERIAL_HZ (BOARD_CORE_HZ / 4u)

/* USART3, RM0090 30.6.1: reading SR, then DR clears RXNE and ORE. */
#define SERIAL_STATUS          USART3_SR
#define SERIAL_STATUS_OVERRUN  USART3_SR_ORE
#define SERIAL_STATUS_RECEIVED USART3_SR_RXNE
#define SERIAL_STATUS_CAN_SEND USART3_SR_TXE
#define SERIAL_STATUS_SENT     USART3_SR_TC
#define SERIAL_RECEIVED        USART3_DR
#define SERIAL_SENT            USART3_DR
#define SERIAL_FORGET_OVERRUN()
#define SERIAL_INTERRUPT USART3_INTERRUPT

#endif
