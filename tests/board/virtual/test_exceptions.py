"""Exceptions of Armv7-M as small programs see them: frames, order, masks, sleep, faults."""

import subprocess

import pytest

from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.stm32f405 import Stm32f405

RESULTS, SCENARIO = 0x2001F000, 0x2001F800
PROGRAM = r"""
#include <stdint.h>
#define REG(a) (*(volatile uint32_t *)(a))
#define RESULT ((volatile uint32_t *)0x2001F000)
#define ICSR REG(0xE000ED04)
#define PENDSV (1u << 28)
#define SYSTICK (1u << 26)
#define DMA (1u << 14)
static void note(uint32_t what) { RESULT[1u + RESULT[0]] = what; RESULT[0]++; }
void pendsv(void) {
    note(1);
    __asm volatile("vmov.f32 s0, #2.0\n\tvmov.f32 s15, #2.0\n\tvmov.f32 s16, s16" ::: "s0", "s15");
    if (REG(0x2001F800) == 4) { REG(0xE000E200) = DMA; __asm volatile("dsb\n\tisb"); note(2); }
}
void systick(void) { note(3); }
void dma(void) { note(4); }
void bus(void) { note(5); note(REG(0xE000ED28)); note(REG(0xE000ED38)); for (;;) { } }
void usage(void) { note(6); note(REG(0xE000ED28)); for (;;) { } }
void memory(void) { note(8); note(REG(0xE000ED28)); note(REG(0xE000ED34)); for (;;) { } }
void hard(void) { note(7); note(REG(0xE000ED2C)); if (REG(0x2001F800) == 8) REG(0x60000000); for (;;) { } }
static void frames(void) {
    uint32_t a, b;
    __asm volatile("vmov.f32 s0, #1.0\n\tvmov.f32 s15, #3.0\n\tstr %3, [%2]\n\tdsb\n\tisb\n\t"
                   "vmov %0, s0\n\tvmov %1, s15" : "=&r"(a), "=&r"(b) : "r"(&ICSR), "r"(PENDSV) : "s0", "s15");
    note(a); note(b);
}
static void run(uint32_t scenario) {
    switch (scenario) {
    case 0: frames(); break;
    case 1: /* both wait behind PRIMASK; the more urgent one goes first */
        __asm volatile("cpsid i");
        ICSR = PENDSV | SYSTICK;
        note(9);
        __asm volatile("cpsie i\n\tisb");
        note(10); break;
    case 2: /* BASEPRI keeps PendSV out, and lets SysTick in */
        __asm volatile("msr basepri, %0" ::"r"(0xC0));
        ICSR = PENDSV | SYSTICK;
        __asm volatile("dsb\n\tisb");
        note(9);
        __asm volatile("msr basepri, %0\n\tisb" ::"r"(0));
        note(10); break;
    case 3: /* WFI wakes behind PRIMASK, and the handler waits */
        __asm volatile("cpsid i");
        REG(0xE000E014) = 20000; REG(0xE000E018) = 0; REG(0xE000E010) = 7;
        __asm volatile("wfi");
        note(9);
        REG(0xE000E010) = 0;
        __asm volatile("cpsie i\n\tisb");
        note(10); break;
    case 4: /* an interrupt in the middle of PendSV */
        ICSR = PENDSV; __asm volatile("dsb\n\tisb"); note(10); break;
    case 5: REG(0xE000ED24) = 7u << 16; (void)REG(0x60000000); break;
    case 6: REG(0xE000ED24) = 7u << 16; __asm volatile("udf #0"); break;
    case 9: /* a region without access, and its neighbour on the same page */
        REG(0xE000ED24) = 7u << 16;
        REG(0xE000ED98) = 0; REG(0xE000ED9C) = 0x20008000; REG(0xE000EDA0) = 7u << 1 | 1u; REG(0xE000ED94) = 5;
        __asm volatile("dsb\n\tisb");
        REG(0x20008100) = 11; note(REG(0x20008100));
        REG(0x20008010) = 1; break;
    case 7: case 8: (void)REG(0x60000000); break;
    }
}
void reset(void) {
    REG(0xE000ED88) |= 0xFu << 20; __asm volatile("dsb\n\tisb");
    RESULT[0] = 0;
    REG(0xE000ED20) = 0x80F00000; /* SysTick 0x80, PendSV 0xF0 */
    *(volatile uint8_t *)0xE000E40E = 0x40; /* interrupt 14 */
    REG(0xE000E100) = DMA;
    run(REG(0x2001F800));
    note(0xE0D);
    for (;;) { __asm volatile("wfi"); }
}
void *const vectors[32] __attribute__((section(".vectors"), used)) = {
    (void *)0x20010000, reset, hard, hard, memory, bus, usage,
    hard, hard, hard, hard, hard, hard, hard, pendsv, systick,
    [16 + 14] = dma,
};
"""
SCRIPT = "SECTIONS { . = 0x08000000; .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } }"
END = 0xE0D
ONE, THREE = 0x3F800000, 0x40400000


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    directory = tmp_path_factory.mktemp("program")
    (directory / "main.c").write_text(PROGRAM)
    (directory / "link.ld").write_text(SCRIPT)
    flags = [
        "-mcpu=cortex-m4",
        "-mthumb",
        "-mfpu=fpv4-sp-d16",
        "-mfloat-abi=hard",
        "-O1",
        "-nostdlib",
        "-ffreestanding",
    ]
    command = ["arm-none-eabi-gcc", *flags, "-T", "link.ld", "-e", "reset", "-o", "p.elf", "main.c"]
    subprocess.run(command, check=True, cwd=directory)
    return directory / "p.elf"


def run(program, scenario):
    """What the program noted, and its machine."""
    board = Stm32f405(program)
    cpu = board.machine.cpu
    cpu.write(SCENARIO, scenario.to_bytes(4, "little"))
    board.run(0.005)
    count = int.from_bytes(cpu.read(RESULTS, 4), "little")
    notes = [int.from_bytes(cpu.read(RESULTS + 4 + 4 * n, 4), "little") for n in range(count)]
    return notes, board.machine


def test_a_handler_leaves_floating_point_registers_as_they_were(program):
    notes, machine = run(program, 0)
    assert notes == [1, ONE, THREE, END]
    assert machine.exceptions.entries == 1


def test_what_waits_behind_primask_goes_by_priority(program):
    assert run(program, 1)[0] == [9, 3, 1, 10, END]


def test_basepri_masks_by_priority(program):
    assert run(program, 2)[0] == [3, 9, 1, 10, END]


def test_wfi_wakes_behind_primask(program):
    notes, machine = run(program, 3)
    assert notes == [9, 3, 10, END]
    # 20001 cycles of 16 MHz are 1.25 ms, nearly all of it asleep.
    assert machine.cpu.counter.executed < 2000


def test_a_more_urgent_interrupt_preempts_a_handler(program):
    assert run(program, 4)[0] == [1, 4, 2, 10, END]


def test_a_bus_fault_tells_its_address(program):
    assert run(program, 5)[0] == [5, 1 << 15 | 1 << 9, 0x60000000]


def test_a_write_to_a_region_without_access_is_a_memory_fault(program):
    assert run(program, 9)[0] == [11, 8, 1 << 7 | 1 << 1, 0x20008010]


def test_an_undefined_instruction_is_a_usage_fault(program):
    assert run(program, 6)[0] == [6, 1 << 16]


def test_a_fault_without_a_handler_of_its_own_is_a_hard_fault(program):
    assert run(program, 7)[0] == [7, 1 << 30]


def test_a_fault_in_a_hard_fault_is_a_lock_up(program):
    with pytest.raises(HardwareRefusalError, match="lock-up"):
        run(program, 8)
