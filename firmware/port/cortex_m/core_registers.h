/*
 * The registers that every Cortex-M has, by hand. Chapters are those of PM0214 (Cortex-M4 programming
 * manual); the Armv7-M and Armv8-M architecture manuals have them at the same addresses.
 */
#ifndef PS_CORE_REGISTERS_H
#define PS_CORE_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define BIT(n)            (1u << (n))

/* SysTick, PM0214 4.5 */
#define SYSTICK_CTRL            REGISTER(0xE000E010u)
#define SYSTICK_CTRL_ENABLE     BIT(0)
#define SYSTICK_CTRL_INTERRUPT  BIT(1)
#define SYSTICK_CTRL_CORE_CLOCK BIT(2)
#define SYSTICK_LOAD            REGISTER(0xE000E014u)
#define SYSTICK_VAL             REGISTER(0xE000E018u)

/* NVIC, PM0214 4.3.2 */
#define NVIC_ISER(n) REGISTER(0xE000E100u + 4u * (n))

/* System control, PM0214 4.4.3 (ICSR), 4.6.1 (CPACR) */
#define SCB_ICSR                 REGISTER(0xE000ED04u)
#define SCB_ICSR_SYSTICK_PENDING BIT(26)
#define SCB_CPACR                REGISTER(0xE000ED88u)
#define SCB_CPACR_FPU_FULL       (0xFu << 20)

#endif
