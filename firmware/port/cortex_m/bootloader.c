#include "bootloader.h"

#include "core_registers.h"
#include "cpu.h"

#define WANTED 0x544F4F42u /* "BOOT" */

/* RAM after power-on is random: both words must fit. */
static struct {
    uint32_t wanted;
    uint32_t check;
} record __attribute__((section(".noinit")));

void bootloader_restart(void)
{
    (void)cpu_mask_interrupts();
    record.wanted = WANTED;
    record.check = ~WANTED;
    cpu_synchronise();
    SCB_AIRCR = SCB_AIRCR_KEY | SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

bool bootloader_is_wanted(void)
{
    const bool is_wanted = record.wanted == WANTED && record.check == ~WANTED;

    record.wanted = 0;
    record.check = 0;
    return is_wanted;
}

void bootloader_jump(uint32_t vectors)
{
    const uint32_t stack = REGISTER(vectors);
    const uint32_t entry = REGISTER(vectors + 4u);

#if __ARM_ARCH < 8
    MPU_CTRL = 0; /* the stack's guard lies in what is the ROM's memory now */
#endif
    SCB_VTOR = vectors;
    cpu_synchronise();
    /* PM0214 2.1.3: CONTROL is 0 after a reset; FPCA was set where the FPU has been used. */
    __asm volatile("msr control, %2\n\t"
                   "isb\n\t"
                   "msr msp, %0\n\t"
                   "bx %1" ::"r"(stack),
                   "r"(entry), "r"(0u)
                   : "memory");
    __builtin_unreachable();
}
