/* Reset and vector table: RM0090 12.2 table 61, PM0214 2.3.4. */
#include <stdint.h>
#include <string.h>

#include "handlers.h"
#include "registers.h"

#define VECTORS (16u + 82u)

/* Set by stm32f405.ld */
extern uint32_t linker_stack_top[];
extern uint32_t linker_data_load[], linker_data_start[], linker_data_end[];
extern uint32_t linker_bss_start[], linker_bss_end[];

int main(void);
void reset_handler(void);

static void halt(void)
{
    for (;;) {
    }
}

void reset_handler(void)
{
    /* PM0214 4.6.6: coprocessors 10 and 11 on, before any instruction that the compiler may use them for */
    SCB_CPACR |= SCB_CPACR_FPU_FULL;
    __asm volatile("dsb\n\tisb" ::: "memory");

    memcpy(linker_data_start, linker_data_load, (uintptr_t)linker_data_end - (uintptr_t)linker_data_start);
    memset(linker_bss_start, 0, (uintptr_t)linker_bss_end - (uintptr_t)linker_bss_start);
    main();
    halt();
}

typedef union {
    void (*handler)(void);
    void *initial_stack;
} vector_t;

/* clang-format off */
const vector_t vectors[VECTORS] __attribute__((section(".vectors"), used)) = {
    [0] = {.initial_stack = linker_stack_top},
    [1] = {.handler = reset_handler},
    [2 ... 14] = {.handler = halt},
    [15] = {.handler = systick_handler},
    [16 ... 16 + USART1_INTERRUPT - 1] = {.handler = halt},
    [16 + USART1_INTERRUPT] = {.handler = usart1_handler},
    [16 + USART1_INTERRUPT + 1 ... VECTORS - 1] = {.handler = halt},
};
/* clang-format on */
