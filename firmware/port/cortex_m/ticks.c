#include "ticks.h"

#include "core_registers.h"

#define PERIOD 0x1000000u /* 24 bits, PM0214 4.5.2 */

static volatile uint32_t wraps;

void systick_handler(void)
{
    wraps++;
}

void ticks_start(void)
{
    SYSTICK_LOAD = PERIOD - 1u;
    SYSTICK_VAL = 0;
    SYSTICK_CTRL = SYSTICK_CTRL_ENABLE | SYSTICK_CTRL_INTERRUPT | SYSTICK_CTRL_CORE_CLOCK;
}

uint64_t ticks_now(void)
{
    uint32_t before;
    uint32_t value;

    do {
        before = wraps;
        value = SYSTICK_VAL;
        /* A wrap whose interrupt has not been taken yet: SysTick counts down, so it has just reloaded. */
        if ((SCB_ICSR & SCB_ICSR_SYSTICK_PENDING) && value > PERIOD / 2u) {
            return ((uint64_t)(before + 1u) * PERIOD) + (PERIOD - 1u - value);
        }
    } while (before != wraps);
    return (uint64_t)before * PERIOD + (PERIOD - 1u - value);
}
