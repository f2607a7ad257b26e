/* What firmware/port/stm32 asks of this board by name. */
#ifndef PS_BOARD_H
#define PS_BOARD_H

#include "memory.h"
#include "registers.h"

#define BOARD_NAME "stm32h743"

/* The core and the USART as slow as they are with a PLL (silicon before revision V), and the internal
 * oscillator */
#define BOARD_CORE_HZ   400000000u
#define BOARD_SERIAL_HZ (BOARD_CORE_HZ / 4u)
#define BOARD_HSI_HZ    64000000u

/* The stream that receives (sai.c) */
#define AUDIO_INTERRUPT DMA1_Stream4_INTERRUPT

/* USART3, RM0433 48.7 */
#define SERIAL_STATUS           USART3_ISR
#define SERIAL_STATUS_OVERRUN   USART3_ISR_ORE
#define SERIAL_STATUS_RECEIVED  USART3_ISR_RXNE
#define SERIAL_STATUS_CAN_SEND  USART3_ISR_TXE
#define SERIAL_STATUS_SENT      USART3_ISR_TC
#define SERIAL_RECEIVED         USART3_RDR
#define SERIAL_SENT             USART3_TDR
#define SERIAL_FORGET_OVERRUN() (USART3_ICR = USART3_ICR_ORECF)
#define SERIAL_INTERRUPT        USART3_INTERRUPT

/* RM0433 8.7.39 */
#define RESET_FLAGS          RCC_RSR
#define RESET_FLAGS_FORGET   RCC_RSR_RMVF
#define RESET_FLAGS_WATCHDOG RCC_RSR_IWDG1RSTF
#define RESET_FLAGS_SOFTWARE RCC_RSR_SFTRSTF
#define RESET_FLAGS_POWER    (RCC_RSR_PORRSTF | RCC_RSR_BORRSTF)
#define RESET_FLAGS_PIN      RCC_RSR_PINRSTF

/* DS12110, "temperature sensor calibration values": counts at 30 degrees, and at 110 or, from revision V on,
 * 130 */
#define TEMPERATURE_AT_30   0x1FF1E820u
#define TEMPERATURE_AT_HIGH 0x1FF1E840u

/* RM0433 8.7: HSE / RTCPRE reaches channel 1 of TIM17. */
#define CRYSTAL_TIMER_SR    TIM17_SR
#define CRYSTAL_TIMER_CCMR1 TIM17_CCMR1_Input
#define CRYSTAL_TIMER_CCER  TIM17_CCER
#define CRYSTAL_TIMER_ARR   TIM17_ARR
#define CRYSTAL_TIMER_CCR1  TIM17_CCR1
#define CRYSTAL_TIMER_CR1   TIM17_CR1

/* Ahead of all else: into the ROM's bootloader, where it was asked for; then memories and caches (memory.c).
 */
void board_begin(void);

#endif
