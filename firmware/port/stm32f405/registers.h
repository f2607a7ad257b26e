/* The registers that this port touches, by hand. Chapters are those of RM0090 (STM32F405/415, 407/417, 42x,
 * 43x). */
#ifndef PS_STM32F405_REGISTERS_H
#define PS_STM32F405_REGISTERS_H

#include "core_registers.h"

/* RCC, RM0090 7.3 (7.3.1 CR, 7.3.2 PLLCFGR, 7.3.3 CFGR, 7.3.10 AHB1ENR, 7.3.13 APB1ENR, 7.3.14 APB2ENR) */
#define RCC_CR              REGISTER(0x40023800u)
#define RCC_CR_HSION        BIT(0)
#define RCC_CR_HSEON        BIT(16)
#define RCC_CR_HSERDY       BIT(17)
#define RCC_CR_PLLON        BIT(24)
#define RCC_CR_PLLRDY       BIT(25)
#define RCC_PLLCFGR         REGISTER(0x40023804u)
#define RCC_PLLCFGR_M(m)    (m)
#define RCC_PLLCFGR_N(n)    ((n) << 6)
#define RCC_PLLCFGR_P_2     (0u << 16)
#define RCC_PLLCFGR_SRC_HSE BIT(22)
#define RCC_PLLCFGR_Q(q)    ((q) << 24)
#define RCC_CFGR            REGISTER(0x40023808u)
#define RCC_CFGR_SW_PLL     2u
#define RCC_CFGR_SWS_MASK   (3u << 2)
#define RCC_CFGR_SWS_PLL    (2u << 2)
#define RCC_CFGR_PPRE1_4    (5u << 10)
#define RCC_CFGR_PPRE2_2    (4u << 13)
#define RCC_AHB1ENR         REGISTER(0x40023830u)
#define RCC_AHB1ENR_GPIOA   BIT(0)
#define RCC_APB1ENR         REGISTER(0x40023840u)
#define RCC_APB1ENR_PWR     BIT(28)
#define RCC_APB2ENR         REGISTER(0x40023844u)
#define RCC_APB2ENR_USART1  BIT(4)

/* PWR, RM0090 5.4.1 */
#define PWR_CR             REGISTER(0x40007000u)
#define PWR_CR_VOS_SCALE_1 BIT(14)

/* Flash interface, RM0090 3.9.1 */
#define FLASH_ACR                   REGISTER(0x40023C00u)
#define FLASH_ACR_LATENCY(states)   (states)
#define FLASH_ACR_PREFETCH          BIT(8)
#define FLASH_ACR_INSTRUCTION_CACHE BIT(9)
#define FLASH_ACR_DATA_CACHE        BIT(10)

/* GPIOA, RM0090 8.4 (8.4.1 MODER, 8.4.3 OSPEEDR, 8.4.4 PUPDR, 8.4.10 AFRH) */
#define GPIOA_MODER   REGISTER(0x40020000u)
#define GPIOA_OSPEEDR REGISTER(0x40020008u)
#define GPIOA_PUPDR   REGISTER(0x4002000Cu)
#define GPIOA_AFRH    REGISTER(0x40020024u)

/* USART1, RM0090 30.6 (30.6.1 SR, 30.6.2 DR, 30.6.3 BRR, 30.6.4 CR1) */
#define USART1_SR        REGISTER(0x40011000u)
#define USART_SR_ORE     BIT(3)
#define USART_SR_RXNE    BIT(5)
#define USART_SR_TXE     BIT(7)
#define USART1_DR        REGISTER(0x40011004u)
#define USART1_BRR       REGISTER(0x40011008u)
#define USART1_CR1       REGISTER(0x4001100Cu)
#define USART_CR1_RE     BIT(2)
#define USART_CR1_TE     BIT(3)
#define USART_CR1_RXNEIE BIT(5)
#define USART_CR1_UE     BIT(13)
#define USART1_INTERRUPT 37u /* RM0090 12.2, table 61 */

#endif
