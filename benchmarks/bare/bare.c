#include "bare.h"

#include <string.h>

#define SYSTICK_CTRL (*(volatile uint32_t *)0xE000E010u)
#define SYSTICK_LOAD (*(volatile uint32_t *)0xE000E014u)
#define SYSTICK_VAL  (*(volatile uint32_t *)0xE000E018u)
#define SCB_CPACR    (*(volatile uint32_t *)0xE000ED88u)

#define SYSTICK_MASK 0xFFFFFFu

/* Semihosting, Arm IHI 0100: operation in r0, argument in r1. */
#define SYS_WRITE0        0x04
#define SYS_EXIT_EXTENDED 0x20
#define APPLICATION_EXIT  0x20026u

extern uint32_t linker_stack_top[];
extern uint32_t linker_data_load[], linker_data_start[], linker_data_end[];
extern uint32_t linker_bss_start[], linker_bss_end[];

void reset_handler(void);
void fault_handler(void);

static void semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;

    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void leave(uint32_t code)
{
    const uint32_t block[2] = {APPLICATION_EXIT, code};

    semihost(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

void bench_print(const char *name, uint64_t value)
{
    char line[96];
    char digits[20];
    uint32_t at = 0;
    uint32_t count = 0;

    while (name[at] != '\0' && at < 70) {
        line[at] = name[at];
        at++;
    }
    line[at++] = ' ';
    do {
        digits[count++] = (char)('0' + (char)(value % 10u));
        value /= 10u;
    } while (value != 0);
    while (count != 0) {
        line[at++] = digits[--count];
    }
    line[at++] = '\n';
    line[at] = '\0';
    semihost(SYS_WRITE0, line);
}

static uint32_t begin;
static uint32_t overhead;

void bench_start(void)
{
    begin = SYSTICK_VAL;
}

uint32_t bench_ticks(void)
{
    return ((begin - SYSTICK_VAL) & SYSTICK_MASK) - overhead;
}

void bench_calibrate(uint32_t turns)
{
    __asm volatile("1: subs %[turns], %[turns], #1\n\tbne 1b" : [turns] "+r"(turns) : : "cc");
}

void reset_handler(void)
{
    SCB_CPACR |= 0xFu << 20; /* FPU and Helium: full access to coprocessors 10 and 11 */
    __asm volatile("dsb\n\tisb" ::: "memory");
    memcpy(linker_data_start, linker_data_load, (uintptr_t)linker_data_end - (uintptr_t)linker_data_start);
    memset(linker_bss_start, 0, (uintptr_t)linker_bss_end - (uintptr_t)linker_bss_start);
    SYSTICK_LOAD = SYSTICK_MASK;
    SYSTICK_VAL = 0;
    SYSTICK_CTRL = 5u; /* on, core clock, no interrupt */
    bench_start();
    overhead = bench_ticks();
    leave((uint32_t)bench_main());
}

void fault_handler(void)
{
    bench_print("fault", 1);
    leave(99);
}

typedef union {
    void (*handler)(void);
    void *initial_stack;
} vector_t;

const vector_t vectors[16] __attribute__((section(".vectors"), used)) = {
    [0] = {.initial_stack = linker_stack_top},
    [1] = {.handler = reset_handler},
    [2 ... 15] = {.handler = fault_handler},
};
