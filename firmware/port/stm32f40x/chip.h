/* What firmware/port/stm32 asks by name, and every board with an STM32F405 or STM32F407 has alike. */
#ifndef PS_CHIP_H
#define PS_CHIP_H

#include "registers.h"

/* The core at its fastest, and the internal oscillator */
#define BOARD_CORE_HZ 168000000u
#define BOARD_HSI_HZ  16000000u

#define AUDIO_INTERRUPT DMA1_Stream3_INTERRUPT

/* RM0090 7.3.21 */
#define RESET_FLAGS          RCC_CSR
#define RESET_FLAGS_FORGET   RCC_CSR_RMVF
#define RESET_FLAGS_WATCHDOG RCC_CSR_WDGRSTF
#define RESET_FLAGS_SOFTWARE RCC_CSR_SFTRSTF
#define RESET_FLAGS_POWER    (RCC_CSR_PORRSTF | RCC_CSR_BORRSTF)
#define RESET_FLAGS_PIN      RCC_CSR_PADRSTF

/* DS8626, table 70: counts of the temperature sensor at 30 and 110 degrees */
#define TEMPERATURE_AT_30   0x1FFF7A2Cu
#define TEMPERATURE_AT_HIGH 0x1FFF7A2Eu

/* RM0090 7.2.11: HSE / RTCPRE reaches channel 1 of TIM11. */
#define CRYSTAL_TIMER_SR    TIM11_SR
#define CRYSTAL_TIMER_CCMR1 TIM11_CCMR1
#define CRYSTAL_TIMER_CCER  TIM11_CCER
#define CRYSTAL_TIMER_ARR   TIM11_ARR
#define CRYSTAL_TIMER_CCR1  TIM11_CCR1
#define CRYSTAL_TIMER_CR1   TIM11_CR1

/* Ahead of all else: into the ROM's bootloader, where it was asked for. */
void board_begin(void);

#endif
