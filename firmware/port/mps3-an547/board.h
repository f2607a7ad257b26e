/* Arm MPS3 with the FPGA image AN547 (Arm DAI 0547): a Cortex-M55 with Helium. */
#ifndef PS_BOARD_H
#define PS_BOARD_H

#define BOARD_NAME           "mps3-an547"
#define BOARD_CORE_HZ        32000000u
#define BOARD_UART           0x49303000u /* UART 0 */
#define BOARD_UART_INTERRUPT 33          /* UART 0 receive */
#define BOARD_INTERRUPTS     96u

#endif
