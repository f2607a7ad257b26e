#include "reset.h"

#include <string.h>

#include "core_registers.h"
#include "cpu.h"
#include "fault.h"

/* Set by sections.ld */
extern uint32_t linker_data_load[], linker_data_start[], linker_data_end[];
extern uint32_t linker_bss_start[], linker_bss_end[];

int main(void);

void reset_handler(void)
{
    /* PM0214 4.6.6: coprocessors 10 and 11 (FPU, Helium) on, before any instruction that may need them */
    SCB_CPACR |= SCB_CPACR_FPU_FULL;
    cpu_synchronise();

    memcpy(linker_data_start, linker_data_load, (uintptr_t)linker_data_end - (uintptr_t)linker_data_start);
    memset(linker_bss_start, 0, (uintptr_t)linker_bss_end - (uintptr_t)linker_bss_start);
    fault_guard_stack();
    main();
    fault_handler(); /* which it never returns to */
}
