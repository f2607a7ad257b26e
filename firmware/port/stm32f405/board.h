/* What firmware/port/stm32 asks of this board by name. */
#ifndef PS_BOARD_H
#define PS_BOARD_H

#include "chip.h"

#define BOARD_NAME "stm32f405"

/* APB2, RM0090 7.2: half of the core */
#define BOARD_SERIAL_HZ (BOARD_CORE_HZ / 2u)

/* USART1, RM0090 30.6.1: reading SR, then DR clears RXNE and ORE. */
#define SERIAL_STATUS          USART1_SR
#define SERIAL_STATUS_OVERRUN  USART1_SR_ORE
#define SERIAL_STATUS_RECEIVED USART1_SR_RXNE
#define SERIAL_STATUS_CAN_SEND USART1_SR_TXE
#define SERIAL_STATUS_SENT     USART1_SR_TC
#define SERIAL_RECEIVED        USART1_DR
#define SERIAL_SENT            USART1_DR
#define SERIAL_FORGET_OVERRUN()
#define SERIAL_INTERRUPT USART1_INTERRUPT

#endif
