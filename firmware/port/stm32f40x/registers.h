/*
 * The registers that this port touches, by hand, named PERIPHERAL_REGISTER and PERIPHERAL_REGISTER_FIELD; a
 * test compares addresses and fields with the vendor's SVD. Chapters are those of RM0090 (STM32F405/415,
 * 407/417, 42x, 43x).
 */
#ifndef PS_STM32F405_REGISTERS_H
#define PS_STM32F405_REGISTERS_H

#include "core_registers.h"

/*
 * RCC, RM0090 7.3: .1 CR, .2 PLLCFGR, .3 CFGR, .4 CIR, .8 APB1RSTR, .10 AHB1ENR, .13 APB1ENR, .14 APB2ENR,
 * .21 CSR, .23 PLLI2SCFGR
 */
#define RCC_CR                    REGISTER(0x40023800u)
#define RCC_CR_HSION              BIT(0)
#define RCC_CR_HSEON              BIT(16)
#define RCC_CR_HSERDY             BIT(17)
#define RCC_CR_CSSON              BIT(19)
#define RCC_CR_PLLON              BIT(24)
#define RCC_CR_PLLRDY             BIT(25)
#define RCC_CR_PLLI2SON           BIT(26)
#define RCC_CR_PLLI2SRDY          BIT(27)
#define RCC_PLLCFGR               REGISTER(0x40023804u)
#define RCC_PLLCFGR_PLLM(m)       (m)
#define RCC_PLLCFGR_PLLN(n)       ((n) << 6)
#define RCC_PLLCFGR_PLLP_2        (0u << 16)
#define RCC_PLLCFGR_PLLSRC        BIT(22)
#define RCC_PLLCFGR_PLLQ(q)       ((q) << 24)
#define RCC_CFGR                  REGISTER(0x40023808u)
#define RCC_CFGR_SW_PLL           2u
#define RCC_CFGR_SWS_MASK         (3u << 2)
#define RCC_CFGR_SWS_PLL          (2u << 2)
#define RCC_CFGR_PPRE1_4          (5u << 10)
#define RCC_CFGR_PPRE2_2          (4u << 13)
#define RCC_CFGR_RTCPRE(divider)  ((divider) << 16)
#define RCC_CIR                   REGISTER(0x4002380Cu)
#define RCC_CIR_CSSC              BIT(23)
#define RCC_APB1RSTR              REGISTER(0x40023820u)
#define RCC_APB1RSTR_SPI2RST      BIT(14)
#define RCC_APB1RSTR_SPI3RST      BIT(15)
#define RCC_AHB1ENR               REGISTER(0x40023830u)
#define RCC_AHB1ENR_GPIOAEN       BIT(0)
#define RCC_AHB1ENR_GPIOBEN       BIT(1)
#define RCC_AHB1ENR_GPIOCEN       BIT(2)
#define RCC_AHB1ENR_DMA1EN        BIT(21)
#define RCC_APB1ENR               REGISTER(0x40023840u)
#define RCC_APB1ENR_SPI2EN        BIT(14)
#define RCC_APB1ENR_SPI3EN        BIT(15)
#define RCC_APB1ENR_USART3EN      BIT(18)
#define RCC_APB1ENR_PWREN         BIT(28)
#define RCC_APB2ENR               REGISTER(0x40023844u)
#define RCC_APB2ENR_USART1EN      BIT(4)
#define RCC_APB2ENR_ADC1EN        BIT(8)
#define RCC_APB2ENR_SYSCFGEN      BIT(14)
#define RCC_APB2ENR_TIM11EN       BIT(18)
#define RCC_CSR                   REGISTER(0x40023874u)
#define RCC_CSR_RMVF              BIT(24)
#define RCC_CSR_BORRSTF           BIT(25)
#define RCC_CSR_PADRSTF           BIT(26)
#define RCC_CSR_PORRSTF           BIT(27)
#define RCC_CSR_SFTRSTF           BIT(28)
#define RCC_CSR_WDGRSTF           BIT(29)
#define RCC_PLLI2SCFGR            REGISTER(0x40023884u)
#define RCC_PLLI2SCFGR_PLLI2SN(n) ((n) << 6)
#define RCC_PLLI2SCFGR_PLLI2SR(r) ((r) << 28)

/* PWR, RM0090 5.4.1 */
#define PWR_CR     REGISTER(0x40007000u)
#define PWR_CR_VOS BIT(14)

/* Flash interface, RM0090 3.9: .1 ACR, .3 KEYR, .5 SR, .7 CR */
#define FLASH_ACR                 REGISTER(0x40023C00u)
#define FLASH_ACR_LATENCY(states) (states)
#define FLASH_ACR_PRFTEN          BIT(8)
#define FLASH_ACR_ICEN            BIT(9)
#define FLASH_ACR_DCEN            BIT(10)
#define FLASH_ACR_DCRST           BIT(12)
#define FLASH_KEYR                REGISTER(0x40023C04u)
#define FLASH_KEYR_KEY_1          0x45670123u
#define FLASH_KEYR_KEY_2          0xCDEF89ABu
#define FLASH_SR                  REGISTER(0x40023C0Cu)
#define FLASH_SR_OPERR            BIT(1)
#define FLASH_SR_WRPERR           BIT(4)
#define FLASH_SR_PGAERR           BIT(5)
#define FLASH_SR_PGPERR           BIT(6)
#define FLASH_SR_PGSERR           BIT(7)
#define FLASH_SR_BSY              BIT(16)
#define FLASH_CR                  REGISTER(0x40023C10u)
#define FLASH_CR_PG               BIT(0)
#define FLASH_CR_SER              BIT(1)
#define FLASH_CR_SNB(sector)      ((sector) << 3)
#define FLASH_CR_PSIZE_32         (2u << 8)
#define FLASH_CR_STRT             BIT(16)
#define FLASH_CR_LOCK             BIT(31)

/* GPIO, RM0090 8.4: .1 MODER, .3 OSPEEDR, .4 PUPDR, .7 BSRR, .9 AFRL, .10 AFRH; two or four bits for each pin
 */
#define GPIOA_MODER   REGISTER(0x40020000u)
#define GPIOA_OSPEEDR REGISTER(0x40020008u)
#define GPIOA_PUPDR   REGISTER(0x4002000Cu)
#define GPIOA_AFRL    REGISTER(0x40020020u)
#define GPIOA_AFRH    REGISTER(0x40020024u)
#define GPIOB_MODER   REGISTER(0x40020400u)
#define GPIOB_OSPEEDR REGISTER(0x40020408u)
#define GPIOB_PUPDR   REGISTER(0x4002040Cu)
#define GPIOB_AFRH    REGISTER(0x40020424u)
#define GPIOC_MODER   REGISTER(0x40020800u)
#define GPIOC_OSPEEDR REGISTER(0x40020808u)
#define GPIOC_BSRR    REGISTER(0x40020818u)
#define GPIOC_AFRL    REGISTER(0x40020820u)
#define GPIOC_AFRH    REGISTER(0x40020824u)

/* USART1, RM0090 30.6: .1 SR, .2 DR, .3 BRR, .4 CR1 */
#define USART1_SR         REGISTER(0x40011000u)
#define USART1_SR_ORE     BIT(3)
#define USART1_SR_RXNE    BIT(5)
#define USART1_SR_TC      BIT(6)
#define USART1_SR_TXE     BIT(7)
#define USART1_DR         REGISTER(0x40011004u)
#define USART1_BRR        REGISTER(0x40011008u)
#define USART1_CR1        REGISTER(0x4001100Cu)
#define USART1_CR1_RE     BIT(2)
#define USART1_CR1_TE     BIT(3)
#define USART1_CR1_RXNEIE BIT(5)
#define USART1_CR1_UE     BIT(13)

/* USART3, RM0090 30.6: alike */
#define USART3_SR         REGISTER(0x40004800u)
#define USART3_SR_ORE     BIT(3)
#define USART3_SR_RXNE    BIT(5)
#define USART3_SR_TC      BIT(6)
#define USART3_SR_TXE     BIT(7)
#define USART3_DR         REGISTER(0x40004804u)
#define USART3_BRR        REGISTER(0x40004808u)
#define USART3_CR1        REGISTER(0x4000480Cu)
#define USART3_CR1_RE     BIT(2)
#define USART3_CR1_TE     BIT(3)
#define USART3_CR1_RXNEIE BIT(5)
#define USART3_CR1_UE     BIT(13)

/*
 * SPI2 and SPI3 as I2S, and I2S2ext for the other direction, RM0090 28.5: .2 CR2, .3 SR, .4 DR, .8
 * I2SCFGR, .9 I2SPR. The fields are alike in all three.
 */
#define SPI2_CR2                      REGISTER(0x40003804u)
#define SPI2_CR2_RXDMAEN              BIT(0)
#define SPI2_CR2_TXDMAEN              BIT(1)
#define SPI2_CR2_ERRIE                BIT(5)
#define SPI2_SR                       REGISTER(0x40003808u)
#define SPI2_SR_OVR                   BIT(6)
#define SPI2_SR_TIFRFE                BIT(8)
#define SPI2_DR                       REGISTER(0x4000380Cu)
#define SPI2_I2SCFGR                  REGISTER(0x4000381Cu)
#define SPI2_I2SCFGR_CHLEN            BIT(0)
#define SPI2_I2SCFGR_DATLEN_32        (2u << 1)
#define SPI2_I2SCFGR_I2SSTD_PHILIPS   (0u << 4)
#define SPI2_I2SCFGR_I2SCFG_SLAVE_RX  (1u << 8)
#define SPI2_I2SCFGR_I2SCFG_MASTER_TX (2u << 8)
#define SPI2_I2SCFGR_I2SE             BIT(10)
#define SPI2_I2SCFGR_I2SMOD           BIT(11)
#define SPI2_I2SPR                    REGISTER(0x40003820u)
#define SPI2_I2SPR_I2SDIV(half)       (half)
#define SPI2_I2SPR_ODD(odd)           ((odd) << 8)
#define SPI2_I2SPR_MCKOE              BIT(9)
#define SPI3_CR2                      REGISTER(0x40003C04u)
#define SPI3_SR                       REGISTER(0x40003C08u)
#define SPI3_DR                       REGISTER(0x40003C0Cu)
#define SPI3_I2SCFGR                  REGISTER(0x40003C1Cu)
#define SPI3_I2SPR                    REGISTER(0x40003C20u)
#define I2S2ext_CR2                   REGISTER(0x40003404u)
#define I2S2ext_SR                    REGISTER(0x40003408u)
#define I2S2ext_DR                    REGISTER(0x4000340Cu)
#define I2S2ext_I2SCFGR               REGISTER(0x4000341Cu)

/*
 * DMA1, RM0090 10.5: .1 LISR, .2 HISR, .3 LIFCR, .4 HIFCR, .5 SxCR, .6 SxNDTR, .7 SxPAR, .8 SxM0AR, .10
 * SxFCR. Requests, 10.3.3: stream 3 channel 3 is I2S2_EXT_RX, stream 4 channel 0 SPI2_TX, stream 5 channel
 * 0 SPI3_TX.
 */
#define DMA1_LISR                 REGISTER(0x40026000u)
#define DMA1_LISR_TEIF3           BIT(25)
#define DMA1_LISR_HTIF3           BIT(26)
#define DMA1_LISR_TCIF3           BIT(27)
#define DMA1_HISR                 REGISTER(0x40026004u)
#define DMA1_HISR_TEIF4           BIT(3)
#define DMA1_HISR_TEIF5           BIT(9)
#define DMA1_LIFCR                REGISTER(0x40026008u)
#define DMA1_HIFCR                REGISTER(0x4002600Cu)
#define DMA1_S3CR                 REGISTER(0x40026058u)
#define DMA1_S3CR_EN              BIT(0)
#define DMA1_S3CR_TEIE            BIT(2)
#define DMA1_S3CR_HTIE            BIT(3)
#define DMA1_S3CR_TCIE            BIT(4)
#define DMA1_S3CR_DIR_FROM_MEMORY (1u << 6)
#define DMA1_S3CR_CIRC            BIT(8)
#define DMA1_S3CR_MINC            BIT(10)
#define DMA1_S3CR_PSIZE_16        (1u << 11)
#define DMA1_S3CR_MSIZE_16        (1u << 13)
#define DMA1_S3CR_PL_HIGHEST      (3u << 16)
#define DMA1_S3CR_CHSEL(c)        ((c) << 25)
#define DMA1_S3NDTR               REGISTER(0x4002605Cu)
#define DMA1_S3PAR                REGISTER(0x40026060u)
#define DMA1_S3M0AR               REGISTER(0x40026064u)
#define DMA1_S3FCR                REGISTER(0x4002606Cu)
#define DMA1_S4CR                 REGISTER(0x40026070u)
#define DMA1_S4NDTR               REGISTER(0x40026074u)
#define DMA1_S4PAR                REGISTER(0x40026078u)
#define DMA1_S4M0AR               REGISTER(0x4002607Cu)
#define DMA1_S4FCR                REGISTER(0x40026084u)
#define DMA1_S5CR                 REGISTER(0x40026088u)
#define DMA1_S5NDTR               REGISTER(0x4002608Cu)
#define DMA1_S5PAR                REGISTER(0x40026090u)
#define DMA1_S5M0AR               REGISTER(0x40026094u)
#define DMA1_S5FCR                REGISTER(0x4002609Cu)

/* TIM11, RM0090 19.5: .1 CR1, .3 SR, .4 EGR, .5 CCMR1, .6 CCER, .7 CNT, .8 PSC, .9 ARR, .10 CCR1, .11 OR */
#define TIM11_CR1            REGISTER(0x40014800u)
#define TIM11_CR1_CEN        BIT(0)
#define TIM11_SR             REGISTER(0x40014810u)
#define TIM11_SR_CC1IF       BIT(1)
#define TIM11_EGR            REGISTER(0x40014814u)
#define TIM11_EGR_UG         BIT(0)
#define TIM11_CCMR1          REGISTER(0x40014818u)
#define TIM11_CCMR1_CC1S_TI1 1u
#define TIM11_CCMR1_IC1PSC_8 (3u << 2)
#define TIM11_CCER           REGISTER(0x40014820u)
#define TIM11_CCER_CC1E      BIT(0)
#define TIM11_CNT            REGISTER(0x40014824u)
#define TIM11_PSC            REGISTER(0x40014828u)
#define TIM11_ARR            REGISTER(0x4001482Cu)
#define TIM11_CCR1           REGISTER(0x40014834u)
#define TIM11_OR             REGISTER(0x40014850u)
#define TIM11_OR_TI1_RMP_HSE 2u

/* Independent watchdog, RM0090 21.4: .1 KR, .2 PR, .3 RLR, .4 SR */
#define IWDG_KR            REGISTER(0x40003000u)
#define IWDG_KR_KEY_FEED   0xAAAAu
#define IWDG_KR_KEY_UNLOCK 0x5555u
#define IWDG_KR_KEY_START  0xCCCCu
#define IWDG_PR            REGISTER(0x40003004u)
#define IWDG_PR_PR_64      4u
#define IWDG_RLR           REGISTER(0x40003008u)
#define IWDG_RLR_RL(count) (count)
#define IWDG_SR            REGISTER(0x4000300Cu)
#define IWDG_SR_PVU        BIT(0)
#define IWDG_SR_RVU        BIT(1)

/* ADC1, and the ADC's common register, RM0090 13.13: .1 SR, .3 CR2, .4 SMPR1, .11 SQR3, .14 DR, .16 CCR */
#define ADC1_SR          REGISTER(0x40012000u)
#define ADC1_SR_EOC      BIT(1)
#define ADC1_CR2         REGISTER(0x40012008u)
#define ADC1_CR2_ADON    BIT(0)
#define ADC1_CR2_SWSTART BIT(30)
#define ADC1_SMPR1       REGISTER(0x4001200Cu)
#define ADC1_SMPR1_SMP16 (7u << 18)
#define ADC1_SQR3        REGISTER(0x40012034u)
#define ADC1_SQR3_SQ1(c) (c)
#define ADC1_DR          REGISTER(0x4001204Cu)
#define ADC_CCR          REGISTER(0x40012304u)
#define ADC_CCR_ADCPRE_4 (1u << 16)
#define ADC_CCR_TSVREFE  BIT(23)

/* Interrupts, RM0090 12.1.3 */
#define DMA1_Stream3_INTERRUPT 14
#define DMA1_Stream4_INTERRUPT 15
#define DMA1_Stream5_INTERRUPT 16
#define SPI2_INTERRUPT         36 /* of I2S2ext, too */
#define USART1_INTERRUPT       37
#define USART3_INTERRUPT       39

/* SYSCFG, RM0090 9.2.1 (MEMRMP there): which memory lies at address 0 */
#define SYSCFG_MEMRM REGISTER(0x40013800u)

#endif
