#include "fault.h"

#include "core_registers.h"
#include "cpu.h"
#include "port.h"
#include "reset.h"
#include "stack_guard.h"

#define RECORD_MAGIC 0x544C5546u /* "FULT" */
#define PAINT        0xC5C5C5C5u
/* Bytes right under the frame that may be in use */
#define PAINT_DISTANCE 256u

/* PM0214 2.3.7: what the core puts on the stack */
typedef struct {
    uint32_t r0, r1, r2, r3, r12, lr, pc, psr;
} frame_t;

/* RAM after power-on is random: the check tells a record from that. */
static struct {
    uint32_t magic;
    uint32_t exception;
    uint32_t pc;
    uint32_t lr;
    uint32_t status; /* CFSR */
    uint32_t address;
    uint32_t faults; /* in a row */
    uint32_t told;   /* whether a start has reported the last one */
    uint32_t check;
} record __attribute__((section(".noinit")));

/* The stack that failed is not used to say so. */
static uint64_t fault_stack[64] __attribute__((section(".noinit")));

extern uint32_t linker_stack_low[];

static uint32_t check_of_record(void)
{
    return record.magic ^ record.exception ^ record.pc ^ record.lr ^ record.status ^ record.address ^
           record.faults ^ record.told ^ 0x5A5A5A5Au;
}

/* Named by fault_handler() only. */
void fault_store(const frame_t *frame, uint32_t exception);

void fault_store(const frame_t *frame, uint32_t exception)
{
    const uint32_t status = SCB_CFSR;
    /* A frame that could not be stacked, or lies elsewhere, says nothing. */
    const bool sound = !(status & (SCB_CFSR_MSTKERR | SCB_CFSR_STKERR)) &&
                       (uintptr_t)frame >= (uintptr_t)linker_stack_low &&
                       (uintptr_t)(frame + 1) <= (uintptr_t)linker_stack_top;
    const uint32_t before =
        record.magic == RECORD_MAGIC && record.check == check_of_record() ? record.faults : 0;

    if (ps_port.audio != NULL) {
        ps_port.audio->io.mute(true);
    }
    record.magic = RECORD_MAGIC;
    record.exception = exception;
    record.pc = sound ? frame->pc : 0;
    record.lr = sound ? frame->lr : 0;
    record.status = status;
    record.address = status & SCB_CFSR_MMARVALID ? SCB_MMFAR : status & SCB_CFSR_BFARVALID ? SCB_BFAR : 0;
    record.faults = before + 1u;
    record.told = 0;
    record.check = check_of_record();
    cpu_synchronise();
    SCB_AIRCR = SCB_AIRCR_KEY | SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

__attribute__((naked)) void fault_handler(void)
{
    __asm volatile("tst lr, #4\n\t"
                   "ite eq\n\t"
                   "mrseq r0, msp\n\t"
                   "mrsne r0, psp\n\t"
                   "mrs r1, ipsr\n\t"
                   "msr msp, %0\n\t"
                   "b fault_store" ::"r"(fault_stack + sizeof fault_stack / sizeof fault_stack[0])
                   : "r0", "r1");
}

void fault_guard_stack(void)
{
    for (uint32_t *word = linker_stack_low;
         (uintptr_t)word < (uintptr_t)__builtin_frame_address(0) - PAINT_DISTANCE; word++) {
        *word = PAINT;
    }
    stack_guard(linker_stack_low);
}

void fault_report(uint8_t cause, ps_reset_report_t *report)
{
    *report = (ps_reset_report_t){.cause = cause};
    if (record.magic != RECORD_MAGIC || record.check != check_of_record()) {
        record.magic = 0;
        return;
    }
    report->faults = (uint16_t)record.faults;
    if (record.told) {
        return; /* this start has another cause; the count stays until fault_forgive() */
    }
    report->cause = PS_RESET_FAULT;
    report->exception = (uint8_t)record.exception;
    report->pc = record.pc;
    report->lr = record.lr;
    report->status = record.status;
    report->address = record.address;
    record.told = 1;
    record.check = check_of_record();
}

void fault_forgive(void)
{
    record.magic = 0;
}

uint32_t fault_stack_free(void)
{
    const uint32_t size = (uint32_t)((uintptr_t)linker_stack_top - (uintptr_t)linker_stack_low);
    uint32_t unused = 0;

    while (unused < size && linker_stack_low[unused / sizeof *linker_stack_low] == PAINT) {
        unused += (uint32_t)sizeof *linker_stack_low;
    }
    return unused;
}
