/*
 * The registers that this port touches, by hand, named PERIPHERAL_REGISTER and PERIPHERAL_REGISTER_FIELD; a
 * test compares addresses and fields with the vendor's SVD. Chapters are those of RM0433 (STM32H742,
 * H743/753, H750).
 */
#ifndef PS_STM32H743_REGISTERS_H
#define PS_STM32H743_REGISTERS_H

#include "core_registers.h"

/*
 * RCC, RM0433 8.7: clocks, the three PLLs, kernel clocks, resets and enables
 */
#define RCC_CR                         REGISTER(0x58024400u)
#define RCC_CR_HSION                   BIT(0)
#define RCC_CR_HSEON                   BIT(16)
#define RCC_CR_HSERDY                  BIT(17)
#define RCC_CR_HSEBYP                  BIT(18)
#define RCC_CR_HSECSSON                BIT(19)
#define RCC_CR_PLL1ON                  BIT(24)
#define RCC_CR_PLL1RDY                 BIT(25)
#define RCC_CR_PLL2ON                  BIT(26)
#define RCC_CR_PLL2RDY                 BIT(27)
#define RCC_CFGR                       REGISTER(0x58024410u)
#define RCC_CFGR_SW_PLL1               3u
#define RCC_CFGR_SWS_MASK              (7u << 3)
#define RCC_CFGR_SWS_PLL1              (3u << 3)
#define RCC_CFGR_RTCPRE(divider)       ((divider) << 8)
#define RCC_D1CFGR                     REGISTER(0x58024418u)
#define RCC_D1CFGR_HPRE_2              8u
#define RCC_D1CFGR_D1PPRE_2            (4u << 4)
#define RCC_D2CFGR                     REGISTER(0x5802441Cu)
#define RCC_D2CFGR_D2PPRE1_2           (4u << 4)
#define RCC_D2CFGR_D2PPRE2_2           (4u << 8)
#define RCC_D3CFGR                     REGISTER(0x58024420u)
#define RCC_D3CFGR_D3PPRE_2            (4u << 4)
#define RCC_PLLCKSELR                  REGISTER(0x58024428u)
#define RCC_PLLCKSELR_PLLSRC_HSI       0u
#define RCC_PLLCKSELR_PLLSRC_HSE       2u
#define RCC_PLLCKSELR_DIVM1(m)         ((m) << 4)
#define RCC_PLLCKSELR_DIVM2(m)         ((m) << 12)
#define RCC_PLLCFGR                    REGISTER(0x5802442Cu)
#define RCC_PLLCFGR_PLL1RGE(range)     ((range) << 2)
#define RCC_PLLCFGR_PLL2FRACEN         BIT(4)
#define RCC_PLLCFGR_PLL2VCOSEL(medium) ((medium) << 5)
#define RCC_PLLCFGR_PLL2RGE(range)     ((range) << 6)
#define RCC_PLLCFGR_DIVP1EN            BIT(16)
#define RCC_PLLCFGR_DIVP2EN            BIT(19)
#define RCC_PLL1DIVR                   REGISTER(0x58024430u)
#define RCC_PLL1DIVR_DIVN1(n)          (n)
#define RCC_PLL1DIVR_DIVP1(p)          ((p) << 9)
#define RCC_PLL2DIVR                   REGISTER(0x58024438u)
#define RCC_PLL2DIVR_DIVN1(n)          (n)
#define RCC_PLL2DIVR_DIVP1(p)          ((p) << 9)
#define RCC_PLL2FRACR                  REGISTER(0x5802443Cu)
#define RCC_PLL2FRACR_FRACN2(fraction) ((fraction) << 3)
#define RCC_D2CCIP1R                   REGISTER(0x58024450u)
#define RCC_D2CCIP1R_SAI1SRC_PLL2_P    1u
#define RCC_D2CCIP1R_SAI23SRC_PLL2_P   (1u << 6)
#define RCC_D3CCIPR                    REGISTER(0x58024458u)
#define RCC_D3CCIPR_ADCSRC_PER         (2u << 16)
#define RCC_CICR                       REGISTER(0x58024468u)
#define RCC_CICR_HSECSSC               BIT(10)
#define RCC_APB2RSTR                   REGISTER(0x58024498u)
#define RCC_APB2RSTR_SAI1RST           BIT(22)
#define RCC_APB2RSTR_SAI2RST           BIT(23)
#define RCC_APB2RSTR_SAI3RST           BIT(24)
#define RCC_RSR                        REGISTER(0x580244D0u)
#define RCC_RSR_RMVF                   BIT(16)
#define RCC_RSR_BORRSTF                BIT(21)
#define RCC_RSR_PINRSTF                BIT(22)
#define RCC_RSR_PORRSTF                BIT(23)
#define RCC_RSR_SFTRSTF                BIT(24)
#define RCC_RSR_IWDG1RSTF              BIT(26)
#define RCC_AHB1ENR                    REGISTER(0x580244D8u)
#define RCC_AHB1ENR_DMA1EN             BIT(0)
#define RCC_AHB2ENR                    REGISTER(0x580244DCu)
#define RCC_AHB2ENR_SRAM1EN            BIT(29)
#define RCC_AHB4ENR                    REGISTER(0x580244E0u)
#define RCC_AHB4ENR_GPIOAEN            BIT(0)
#define RCC_AHB4ENR_GPIOBEN            BIT(1)
#define RCC_AHB4ENR_GPIODEN            BIT(3)
#define RCC_AHB4ENR_GPIOEEN            BIT(4)
#define RCC_AHB4ENR_ADC3EN             BIT(24)
#define RCC_APB1LENR                   REGISTER(0x580244E8u)
#define RCC_APB1LENR_USART3EN          BIT(18)
#define RCC_APB1LENR_I2C1EN            BIT(21)
#define RCC_APB2ENR                    REGISTER(0x580244F0u)
#define RCC_APB2ENR_TIM17EN            BIT(18)
#define RCC_APB2ENR_SAI1EN             BIT(22)
#define RCC_APB2ENR_SAI2EN             BIT(23)
#define RCC_APB2ENR_SAI3EN             BIT(24)
#define RCC_APB4ENR                    REGISTER(0x580244F4u)
#define RCC_APB4ENR_SYSCFGEN           BIT(1)

/* PWR, RM0433 6.8: .2 CSR1, .4 CR3, .6 D3CR */
#define PWR_CSR1           REGISTER(0x58024804u)
#define PWR_CSR1_ACTVOSRDY BIT(13)
#define PWR_CR3            REGISTER(0x5802480Cu)
#define PWR_CR3_BYPASS     BIT(0)
#define PWR_CR3_LDOEN      BIT(1)
#define PWR_CR3_SCUEN      BIT(2)
#define PWR_D3CR           REGISTER(0x58024818u)
#define PWR_D3CR_VOSRDY    BIT(13)
#define PWR_D3CR_VOS_1     (3u << 14)

/* SYSCFG, RM0433 12.3: PWRCR, the overdrive that makes VOS0 of VOS1 */
#define SYSCFG_PWRCR      REGISTER(0x5800042Cu)
#define SYSCFG_PWRCR_ODEN BIT(0)

/* DBGMCU, RM0433 60.5.8: IDCODE */
#define DBGMCU_IDCODE          REGISTER(0x5C001000u)
#define DBGMCU_IDCODE_REV_ID_X 0x2001u
#define DBGMCU_IDCODE_REV_ID_V 0x2003u

/* Switch matrix, RM0433 2.2: AXI_TARG7_FN_MOD, of the AXI SRAM */
#define AXI_TARG7_FN_MOD                   REGISTER(0x51008108u)
#define AXI_TARG7_FN_MOD_READ_ISS_OVERRIDE BIT(0)

/* Flash interface, RM0433 4.9: ACR, and of bank 2 KEYR2, CR2, SR2, CCR2 */
#define Flash_ACR                 REGISTER(0x52002000u)
#define Flash_ACR_LATENCY(states) (states)
#define Flash_ACR_WRHIGHFREQ(d)   ((d) << 4)
#define Flash_KEYR2               REGISTER(0x52002104u)
#define Flash_KEYR2_KEY_1         0x45670123u
#define Flash_KEYR2_KEY_2         0xCDEF89ABu
#define Flash_CR2                 REGISTER(0x5200210Cu)
#define Flash_CR2_LOCK2           BIT(0)
#define Flash_CR2_PG2             BIT(1)
#define Flash_CR2_SER2            BIT(2)
#define Flash_CR2_PSIZE2_64       (3u << 4)
#define Flash_CR2_START2          BIT(7)
#define Flash_CR2_SNB2(sector)    ((sector) << 8)
#define Flash_SR2                 REGISTER(0x52002110u)
#define Flash_SR2_BSY2            BIT(0)
#define Flash_SR2_WBNE2           BIT(1)
#define Flash_SR2_QW2             BIT(2)
#define Flash_SR2_WRPERR2         BIT(17)
#define Flash_SR2_PGSERR2         BIT(18)
#define Flash_SR2_STRBERR2        BIT(19)
#define Flash_SR2_INCERR2         BIT(21)
#define Flash_SR2_OPERR2          BIT(22)
#define Flash_SR2_SNECCERR2       BIT(25)
#define Flash_SR2_DBECCERR2       BIT(26)
#define Flash_CCR2                REGISTER(0x52002114u)

/* GPIO, RM0433 11.4: .1 MODER, .2 OTYPER, .3 OSPEEDR, .4 PUPDR, .7 BSRR, .9 AFRL, .10 AFRH; two or four bits
 * for each pin */
#define GPIOA_MODER   REGISTER(0x58020000u)
#define GPIOA_OSPEEDR REGISTER(0x58020008u)
#define GPIOA_AFRL    REGISTER(0x58020020u)
#define GPIOB_MODER   REGISTER(0x58020400u)
#define GPIOB_OTYPER  REGISTER(0x58020404u)
#define GPIOB_PUPDR   REGISTER(0x5802040Cu)
#define GPIOB_AFRH    REGISTER(0x58020424u)
#define GPIOD_MODER   REGISTER(0x58020C00u)
#define GPIOD_OSPEEDR REGISTER(0x58020C08u)
#define GPIOD_PUPDR   REGISTER(0x58020C0Cu)
#define GPIOD_BSRR    REGISTER(0x58020C18u)
#define GPIOD_AFRL    REGISTER(0x58020C20u)
#define GPIOD_AFRH    REGISTER(0x58020C24u)
#define GPIOE_MODER   REGISTER(0x58021000u)
#define GPIOE_OSPEEDR REGISTER(0x58021008u)
#define GPIOE_AFRL    REGISTER(0x58021020u)

/* I2C1, RM0433 47.7: CR1, CR2, TIMINGR, ISR, ICR, TXDR */
#define I2C1_CR1               REGISTER(0x40005400u)
#define I2C1_CR1_PE            BIT(0)
#define I2C1_CR2               REGISTER(0x40005404u)
#define I2C1_CR2_SADD(address) (address)
#define I2C1_CR2_START         BIT(13)
#define I2C1_CR2_NBYTES(n)     ((n) << 16)
#define I2C1_CR2_AUTOEND       BIT(25)
#define I2C1_TIMINGR           REGISTER(0x40005410u)
#define I2C1_TIMINGR_SCLL(t)   (t)
#define I2C1_TIMINGR_SCLH(t)   ((t) << 8)
#define I2C1_TIMINGR_SDADEL(t) ((t) << 16)
#define I2C1_TIMINGR_SCLDEL(t) ((t) << 20)
#define I2C1_TIMINGR_PRESC(p)  ((p) << 28)
#define I2C1_ISR               REGISTER(0x40005418u)
#define I2C1_ISR_TXIS          BIT(1)
#define I2C1_ISR_NACKF         BIT(4)
#define I2C1_ISR_STOPF         BIT(5)
#define I2C1_ISR_BERR          BIT(8)
#define I2C1_ISR_ARLO          BIT(9)
#define I2C1_ICR               REGISTER(0x4000541Cu)
#define I2C1_ICR_NACKCF        BIT(4)
#define I2C1_ICR_STOPCF        BIT(5)
#define I2C1_ICR_BERRCF        BIT(8)
#define I2C1_ICR_ARLOCF        BIT(9)
#define I2C1_TXDR              REGISTER(0x40005428u)

/* USART3, RM0433 48.7: CR1, BRR, ISR, ICR, RDR, TDR */
#define USART3_CR1        REGISTER(0x40004800u)
#define USART3_CR1_UE     BIT(0)
#define USART3_CR1_RE     BIT(2)
#define USART3_CR1_TE     BIT(3)
#define USART3_CR1_RXNEIE BIT(5)
#define USART3_BRR        REGISTER(0x4000480Cu)
#define USART3_ISR        REGISTER(0x4000481Cu)
#define USART3_ISR_ORE    BIT(3)
#define USART3_ISR_RXNE   BIT(5)
#define USART3_ISR_TC     BIT(6)
#define USART3_ISR_TXE    BIT(7)
#define USART3_ICR        REGISTER(0x40004820u)
#define USART3_ICR_ORECF  BIT(3)
#define USART3_RDR        REGISTER(0x40004824u)
#define USART3_TDR        REGISTER(0x40004828u)

/*
 * SAI, RM0433 51.6: GCR of each SAI; CR1, CR2, FRCR, SLOTR, IM, SR, CLRFR and DR of each block, of which
 * there are two, A and B. A block is named by the address of its CR1.
 */
#define SAI1_SAI_GCR                REGISTER(0x40015800u)
#define SAI1_SAI_GCR_SYNCIN(s)      (s)
#define SAI1_SAI_GCR_SYNCOUT_A      (1u << 4)
#define SAI2_SAI_GCR                REGISTER(0x40015C00u)
#define SAI3_SAI_GCR                REGISTER(0x40016000u)
#define SAI1_A                      0x40015804u
#define SAI1_B                      0x40015824u
#define SAI2_A                      0x40015C04u
#define SAI2_B                      0x40015C24u
#define SAI3_A                      0x40016004u
#define SAI_xCR1(block)             REGISTER((block))
#define SAI_xCR1_MODE_MASTER_TX     0u
#define SAI_xCR1_MODE_SLAVE_TX      2u
#define SAI_xCR1_MODE_SLAVE_RX      3u
#define SAI_xCR1_DS_32              (7u << 5)
#define SAI_xCR1_CKSTR              BIT(9)
#define SAI_xCR1_SYNCEN_OTHER_BLOCK (1u << 10)
#define SAI_xCR1_SYNCEN_OTHER_SAI   (2u << 10)
#define SAI_xCR1_SAIEN              BIT(16)
#define SAI_xCR1_DMAEN              BIT(17)
#define SAI_xCR1_MCKDIV(d)          ((d) << 20)
#define SAI_xCR1_MCKEN              BIT(27)
#define SAI_xCR2(block)             REGISTER((block) + 0x04u)
#define SAI_xCR2_FTH(quarters)      (quarters)
#define SAI_xCR2_FFLUSH             BIT(3)
#define SAI_xFRCR(block)            REGISTER((block) + 0x08u)
#define SAI_xFRCR_FRL(bits)         (bits)
#define SAI_xFRCR_FSALL(bits)       ((bits) << 8)
#define SAI_xFRCR_FSDEF             BIT(16)
#define SAI_xFRCR_FSPOL             BIT(17)
#define SAI_xFRCR_FSOFF             BIT(18)
#define SAI_xSLOTR(block)           REGISTER((block) + 0x0Cu)
#define SAI_xSLOTR_SLOTSZ_32        (2u << 6)
#define SAI_xSLOTR_NBSLOT(n)        ((n) << 8)
#define SAI_xSLOTR_SLOTEN(mask)     ((mask) << 16)
#define SAI_xIM(block)              REGISTER((block) + 0x10u)
#define SAI_xIM_OVRUDRIE            BIT(0)
#define SAI_xIM_WCKCFGIE            BIT(2)
#define SAI_xIM_AFSDETIE            BIT(5)
#define SAI_xIM_LFSDETIE            BIT(6)
#define SAI_xSR(block)              REGISTER((block) + 0x14u)
#define SAI_xSR_OVRUDR              BIT(0)
#define SAI_xSR_WCKCFG              BIT(2)
#define SAI_xSR_AFSDET              BIT(5)
#define SAI_xSR_LFSDET              BIT(6)
#define SAI_xSR_FLVL_MASK           (7u << 16)
#define SAI_xDR(block)              REGISTER((block) + 0x1Cu)

/*
 * DMA1, RM0433 15.5: LISR, HISR, LIFCR, HIFCR, and of each stream SxCR, SxNDTR, SxPAR, SxM0AR, SxFCR
 */
#define DMA1_LISR                 REGISTER(0x40020000u)
#define DMA1_LISR_TEIF0           BIT(3)
#define DMA1_LISR_TEIF1           BIT(9)
#define DMA1_LISR_TEIF2           BIT(19)
#define DMA1_LISR_TEIF3           BIT(25)
#define DMA1_HISR                 REGISTER(0x40020004u)
#define DMA1_HISR_TEIF4           BIT(3)
#define DMA1_HISR_HTIF4           BIT(4)
#define DMA1_HISR_TCIF4           BIT(5)
#define DMA1_LIFCR                REGISTER(0x40020008u)
#define DMA1_HIFCR                REGISTER(0x4002000Cu)
#define DMA1_SxCR(x)              REGISTER(0x40020010u + 0x18u * (x))
#define DMA1_SxCR_EN              BIT(0)
#define DMA1_SxCR_TEIE            BIT(2)
#define DMA1_SxCR_HTIE            BIT(3)
#define DMA1_SxCR_TCIE            BIT(4)
#define DMA1_SxCR_DIR_FROM_MEMORY (1u << 6)
#define DMA1_SxCR_CIRC            BIT(8)
#define DMA1_SxCR_MINC            BIT(10)
#define DMA1_SxCR_PSIZE_32        (2u << 11)
#define DMA1_SxCR_MSIZE_32        (2u << 13)
#define DMA1_SxCR_PL_HIGHEST      (3u << 16)
#define DMA1_SxNDTR(x)            REGISTER(0x40020014u + 0x18u * (x))
#define DMA1_SxPAR(x)             REGISTER(0x40020018u + 0x18u * (x))
#define DMA1_SxM0AR(x)            REGISTER(0x4002001Cu + 0x18u * (x))

/* DMAMUX1, RM0433 17.6: CxCR, channel x feeds stream x of DMA1; requests in table 121 */
#define DMAMUX1_CxCR(x)                REGISTER(0x40020800u + 4u * (x))
#define DMAMUX1_CxCR_DMAREQ_ID(source) (source)
#define DMAMUX1_SAI1_A                 87u
#define DMAMUX1_SAI1_B                 88u
#define DMAMUX1_SAI2_A                 89u
#define DMAMUX1_SAI2_B                 90u
#define DMAMUX1_SAI3_A                 113u

/* TIM17, RM0433 41.6: CR1, SR, CCMR1, CCER, ARR, CCR1, TISEL */
#define TIM17_CR1                    REGISTER(0x40014800u)
#define TIM17_CR1_CEN                BIT(0)
#define TIM17_SR                     REGISTER(0x40014810u)
#define TIM17_SR_CC1IF               BIT(1)
#define TIM17_CCMR1_Input            REGISTER(0x40014818u)
#define TIM17_CCMR1_Input_CC1S_TI1   1u
#define TIM17_CCMR1_Input_IC1PSC_8   (3u << 2)
#define TIM17_CCER                   REGISTER(0x40014820u)
#define TIM17_CCER_CC1E              BIT(0)
#define TIM17_ARR                    REGISTER(0x4001482Cu)
#define TIM17_CCR1                   REGISTER(0x40014834u)
#define TIM17_TIM17_TISEL            REGISTER(0x40014868u)
#define TIM17_TIM17_TISEL_TI1SEL_HSE 2u

/* Independent watchdog IWDG1, RM0433 45.4: KR, PR, RLR, SR */
#define IWDG_KR            REGISTER(0x58004800u)
#define IWDG_KR_KEY_FEED   0xAAAAu
#define IWDG_KR_KEY_UNLOCK 0x5555u
#define IWDG_KR_KEY_START  0xCCCCu
#define IWDG_PR            REGISTER(0x58004804u)
#define IWDG_PR_PR_64      4u
#define IWDG_RLR           REGISTER(0x58004808u)
#define IWDG_RLR_RL(count) (count)
#define IWDG_SR            REGISTER(0x5800480Cu)
#define IWDG_SR_PVU        BIT(0)
#define IWDG_SR_RVU        BIT(1)

/* ADC3, RM0433 25.5: ISR, CR, SMPR2, PCSEL, SQR1, DR; its common register CCR, 25.6 */
#define ADC3_ISR                 REGISTER(0x58026000u)
#define ADC3_ISR_ADRDY           BIT(0)
#define ADC3_ISR_EOC             BIT(2)
#define ADC3_CR                  REGISTER(0x58026008u)
#define ADC3_CR_ADEN             BIT(0)
#define ADC3_CR_ADSTART          BIT(2)
#define ADC3_CR_ADVREGEN         BIT(28)
#define ADC3_CR_DEEPPWD          BIT(29)
#define ADC3_CR_ADCAL            BIT(31)
#define ADC3_SMPR2               REGISTER(0x58026018u)
#define ADC3_SMPR2_SMP18(t)      ((t) << 24)
#define ADC3_PCSEL               REGISTER(0x5802601Cu)
#define ADC3_PCSEL_PCSEL_18      BIT(18)
#define ADC3_SQR1                REGISTER(0x58026030u)
#define ADC3_SQR1_SQ1(c)         ((c) << 6)
#define ADC3_DR                  REGISTER(0x58026040u)
#define ADC3_Common_CCR          REGISTER(0x58026308u)
#define ADC3_Common_CCR_PRESC_16 (7u << 18)
#define ADC3_Common_CCR_TSEN     BIT(23)

/* Interrupts, RM0433 19.1.2, table 148 */
#define DMA1_Stream0_INTERRUPT 11
#define DMA1_Stream4_INTERRUPT 15
#define USART3_INTERRUPT       39
#define SAI1_INTERRUPT         87
#define SAI2_INTERRUPT         91
#define SAI3_INTERRUPT         114

#endif
