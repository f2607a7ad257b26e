#include "ticks.h"

#include <stddef.h>

#include "core_registers.h"
#include "cpu.h"

static uint64_t base; /* ticks ahead of the periods counted */
static uint32_t period;
static volatile uint32_t periods; /* since the last change of period */
static volatile uint32_t changes; /* of what a reading is made of */
static void (*on_period)(void);

void systick_handler(void)
{
    periods++;
    changes++;
    if (on_period != NULL) {
        on_period();
    }
}

static void begin(uint32_t new_period)
{
    period = new_period;
    periods = 0;
    changes++;
    SYSTICK_LOAD = new_period - 1u;
    SYSTICK_VAL = 0; /* PM0214 4.5.3: any write reloads */
    SCB_ICSR = SCB_ICSR_PENDSTCLR;
}

void ticks_start(void)
{
    SCB_SHPR3 |= SCB_SHPR3_SYSTICK(PRIORITY_AUDIO);
    begin(TICKS_PERIOD_MAX);
    SYSTICK_CTRL = SYSTICK_CTRL_ENABLE | SYSTICK_CTRL_INTERRUPT | SYSTICK_CTRL_CORE_CLOCK;
}

void ticks_each(uint32_t new_period, void (*function)(void))
{
    const uint32_t masked = cpu_mask_interrupts();

    base = ticks_now();
    on_period = function;
    begin(new_period);
    cpu_restore_interrupts(masked);
}

void ticks_catch_up(uint64_t before, uint64_t passed)
{
    const uint32_t masked = cpu_mask_interrupts();
    const uint64_t counted = ticks_now() - before;

    if (passed > counted) {
        base += (passed - counted + period / 2u) / period * period;
        changes++;
    }
    cpu_restore_interrupts(masked);
}

uint64_t ticks_now(void)
{
    uint32_t before;
    uint64_t counted;

    do {
        before = changes;

        uint32_t value = SYSTICK_VAL;
        uint32_t passed = periods;

        /* A period that has ended while its interrupt waits: the value is read again, as it may be of before.
         */
        if (SCB_ICSR & SCB_ICSR_PENDSTSET) {
            value = SYSTICK_VAL;
            passed++;
        }
        counted = base + (uint64_t)passed * period + (period - 1u - value);
    } while (before != changes);
    return counted;
}
