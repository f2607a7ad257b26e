/* Arm MPS2 with the FPGA image AN500 (Arm DAI 0500): a Cortex-M7. */
#ifndef PS_BOARD_H
#define PS_BOARD_H

#define BOARD_NAME           "mps2-an500"
#define BOARD_CORE_HZ        25000000u
#define BOARD_UART           0x40004000u /* UART 0 */
#define BOARD_UART_INTERRUPT 0           /* UART 0 receive */
#define BOARD_INTERRUPTS     32u

#endif
