/*
 * The registers that every Cortex-M has, by hand. Chapters are those of PM0214 (Cortex-M4 programming
 * manual); the Armv7-M and Armv8-M architecture manuals have them at the same addresses.
 */
#ifndef PS_CORE_REGISTERS_H
#define PS_CORE_REGISTERS_H

#include <stdint.h>

#ifndef REGISTER /* a test puts its own here, which records */
#define REGISTER(address) (*(volatile uint32_t *)(address))
#endif
#define BIT(n) (1u << (n))

/* SysTick, PM0214 4.5 */
#define SYSTICK_CTRL            REGISTER(0xE000E010u)
#define SYSTICK_CTRL_ENABLE     BIT(0)
#define SYSTICK_CTRL_INTERRUPT  BIT(1)
#define SYSTICK_CTRL_CORE_CLOCK BIT(2)
#define SYSTICK_LOAD            REGISTER(0xE000E014u)
#define SYSTICK_VAL             REGISTER(0xE000E018u)

/* NVIC, PM0214 4.3.2 (ISER), 4.3.4 (ISPR), 4.3.7 (IPR: one byte for each interrupt) */
#define NVIC_ISER(n) REGISTER(0xE000E100u + 4u * (n))
#define NVIC_ISPR(n) REGISTER(0xE000E200u + 4u * (n))
#ifndef REGISTER_BYTE
#define REGISTER_BYTE(address) (*(volatile uint8_t *)(address))
#endif
#define NVIC_IPR(n) REGISTER_BYTE(0xE000E400u + (n))

/* Lower is more urgent: a byte on the line waits 11 us at most, the audio's interrupt a block, its work comes
 * last. */
#define PRIORITY_SERIAL 0x40u
#define PRIORITY_AUDIO  0x80u

/* System control, PM0214 4.4.3 (ICSR), 4.6.1 (CPACR) */
#define SCB_ICSR                    REGISTER(0xE000ED04u)
#define SCB_ICSR_PENDSTSET          BIT(26)
#define SCB_ICSR_PENDSTCLR          BIT(25)
#define SCB_ICSR_PENDSVSET          BIT(28)
#define SCB_VTOR                    REGISTER(0xE000ED08u) /* PM0214 4.4.4 */
#define SCB_SHPR3                   REGISTER(0xE000ED20u) /* PM0214 4.4.8 */
#define SCB_SHPR3_SYSTICK(priority) ((priority) << 24)
#define SCB_SHPR3_PENDSV_LOWEST     (0xFFu << 16)
/* PM0214 4.4: .5 AIRCR, .9 SHCSR, .10 CFSR, .15 MMFAR, .16 BFAR */
#define SCB_AIRCR             REGISTER(0xE000ED0Cu)
#define SCB_AIRCR_SYSRESETREQ BIT(2)
#define SCB_AIRCR_KEY         (0x05FAu << 16)
#define SCB_SHCSR             REGISTER(0xE000ED24u)
#define SCB_SHCSR_MEMFAULTENA BIT(16)
#define SCB_SHCSR_BUSFAULTENA BIT(17)
#define SCB_SHCSR_USGFAULTENA BIT(18)
#define SCB_CFSR              REGISTER(0xE000ED28u)
#define SCB_CFSR_MSTKERR      BIT(4)
#define SCB_CFSR_MMARVALID    BIT(7)
#define SCB_CFSR_STKERR       BIT(12)
#define SCB_CFSR_BFARVALID    BIT(15)
#define SCB_CFSR_BUS_FAULTS   (0xBFu << 8) /* bit 14 is reserved */
#define SCB_MMFAR             REGISTER(0xE000ED34u)
#define SCB_BFAR              REGISTER(0xE000ED38u)

/* Memory protection unit of Armv7-M, PM0214 4.2: .6 CTRL, .7 RNR, .8 RBAR, .9 RASR */
#define MPU_CTRL             REGISTER(0xE000ED94u)
#define MPU_CTRL_ENABLE      BIT(0)
#define MPU_CTRL_HFNMIENA    BIT(1)
#define MPU_CTRL_PRIVDEFENA  BIT(2)
#define MPU_RNR              REGISTER(0xE000ED98u)
#define MPU_RBAR             REGISTER(0xE000ED9Cu)
#define MPU_RASR             REGISTER(0xE000EDA0u)
#define MPU_RASR_ENABLE      BIT(0)
#define MPU_RASR_SIZE_256    (7u << 1)
#define MPU_RASR_SIZE_128K   (16u << 1)
#define MPU_RASR_SIZE_256K   (17u << 1)
#define MPU_RASR_TEX(type)   ((type) << 19)
#define MPU_RASR_NO_ACCESS   (0u << 24)
#define MPU_RASR_FULL_ACCESS (3u << 24)
#define MPU_RASR_XN          BIT(28)

/* Caches of a Cortex-M7, PM0253 4.3.7 (CCR), 4.7 (identification), 4.8 (maintenance) */
#define SCB_CCR             REGISTER(0xE000ED14u)
#define SCB_CCR_BFHFNMIGN   BIT(8)
#define SCB_CCR_DC          BIT(16)
#define SCB_CCR_IC          BIT(17)
#define SCB_CCSIDR          REGISTER(0xE000ED80u)
#define SCB_CCSIDR_WAYS(id) ((id) >> 3 & 0x3FFu)
#define SCB_CCSIDR_SETS(id) ((id) >> 13 & 0x7FFFu)
#define SCB_CSSELR          REGISTER(0xE000ED84u)
#define SCB_ICIALLU         REGISTER(0xE000EF50u)
#define SCB_DCISW           REGISTER(0xE000EF60u)
#define SCB_DCISW_SET(set)  ((set) << 5)
#define SCB_DCISW_WAY(way)  ((way) << 30)

#define SCB_CPACR          REGISTER(0xE000ED88u)
#define SCB_CPACR_FPU_FULL (0xFu << 20)

#endif
