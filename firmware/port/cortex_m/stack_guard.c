#include "stack_guard.h"

#include "core_registers.h"
#include "cpu.h"

void stack_guard(const uint32_t *low)
{
    /* PM0214 4.4.9: each fault has its own handler number, instead of all being hard faults */
    SCB_SHCSR |= SCB_SHCSR_USGFAULTENA | SCB_SHCSR_BUSFAULTENA | SCB_SHCSR_MEMFAULTENA;
#if __ARM_ARCH >= 8
    /* Armv8-M has a limit for that; its MPU is another. */
    __asm volatile("msr msplim, %0" ::"r"(low) : "memory");
#else
    /* PM0214 4.2: region 0, 256 bytes without access; all else as without an MPU. The MPU goes on last, when
     * the region is whole: half of one would be in force between two writes. */
    MPU_RNR = 0;
    MPU_RBAR = (uint32_t)(uintptr_t)low - STACK_GUARD_BYTES;
    MPU_RASR = MPU_RASR_XN | MPU_RASR_NO_ACCESS | MPU_RASR_SIZE_256 | MPU_RASR_ENABLE;
    MPU_CTRL = MPU_CTRL_PRIVDEFENA | MPU_CTRL_ENABLE;
#endif
    cpu_synchronise();
}
