/* The few instructions that C has no word for. */
#ifndef PS_CPU_H
#define PS_CPU_H

#include <stdint.h>

#if defined(__arm__)

/* Masks interrupts; returns what cpu_restore_interrupts() needs. */
static inline uint32_t cpu_mask_interrupts(void)
{
    uint32_t masked;

    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked) : : "memory");
    return masked;
}

static inline void cpu_restore_interrupts(uint32_t masked)
{
    __asm volatile("msr primask, %0" : : "r"(masked) : "memory");
}

/* Masks interrupts and faults, but for NMI; returns what cpu_restore_faults() needs. */
static inline uint32_t cpu_mask_faults(void)
{
    uint32_t masked;

    __asm volatile("mrs %0, faultmask\n\tcpsid f" : "=r"(masked) : : "memory");
    return masked;
}

static inline void cpu_restore_faults(uint32_t masked)
{
    __asm volatile("msr faultmask, %0" : : "r"(masked) : "memory");
}

/* WFI wakes for a pending interrupt even while it is masked (PM0214 2.5.2). */
static inline void cpu_sleep(void)
{
    __asm volatile("wfi" ::: "memory");
}

static inline void cpu_synchronise(void)
{
    __asm volatile("dsb\n\tisb" ::: "memory");
}

#else /* a test on the host: there is nothing to mask */

static inline uint32_t cpu_mask_interrupts(void)
{
    return 0;
}

static inline void cpu_restore_interrupts(uint32_t masked)
{
    (void)masked;
}

static inline uint32_t cpu_mask_faults(void)
{
    return 0;
}

static inline void cpu_restore_faults(uint32_t masked)
{
    (void)masked;
}

static inline void cpu_sleep(void)
{
}

static inline void cpu_synchronise(void)
{
}

#endif

#endif
