/* UART of Arm's Cortex-M System Design Kit (DDI 0479, 4.3 "APB UART"), at the base that board.h gives. */
#ifndef PS_UART_REGISTERS_H
#define PS_UART_REGISTERS_H

#include "board.h"
#include "core_registers.h"

#define UART_DATA               REGISTER(BOARD_UART + 0x00u)
#define UART_STATE              REGISTER(BOARD_UART + 0x04u)
#define UART_STATE_TX_FULL      BIT(0)
#define UART_STATE_RX_FULL      BIT(1)
#define UART_STATE_RX_OVERRUN   BIT(3)
#define UART_CTRL               REGISTER(BOARD_UART + 0x08u)
#define UART_CTRL_TX            BIT(0)
#define UART_CTRL_RX            BIT(1)
#define UART_CTRL_RX_INTERRUPT  BIT(3)
#define UART_CLEAR              REGISTER(BOARD_UART + 0x0Cu)
#define UART_CLEAR_RX_INTERRUPT BIT(1)
#define UART_BAUD_DIVIDER       REGISTER(BOARD_UART + 0x10u)

#endif
