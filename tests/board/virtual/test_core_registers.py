"""Writes to the core's own registers at the start, in order, against PM0214 and the Armv7-M manual (DDI 0403)."""

import pytest

from benchmarks.register_mutations.bus import Bus
from benchmarks.register_mutations.verdict import core_writes
from designer.board.virtual.stm32f405 import Stm32f405
from designer.board.virtual.transport import VirtualTransport

SCB, SYSTICK, MPU, NVIC = 0xE000ED00, 0xE000E010, 0xE000ED90, 0xE000E100
ENABLE, PRIORITY = NVIC, NVIC + 0x300
USART1, STREAMS = 37, (14, 15, 16)
STACK_LOW = 0x20000100  # the linker script puts the stack and its guard first


@pytest.fixture
def writes(small):
    machine = Stm32f405(small.elf)
    bus = Bus(machine)
    VirtualTransport(machine)
    machine.run(0.01)
    return core_writes(bus)


def test_the_core_starts_as_the_manuals_say(writes):
    assert writes == [
        (SCB + 0x88, 0xF << 20),  # FPU on, ahead of its first instruction (PM0214 4.6.1)
        (SCB + 0x24, 0b111 << 16),  # each fault has a handler of its own (4.4.9)
        (MPU + 0x08, 0),
        (MPU + 0x0C, STACK_LOW - 256),
        (MPU + 0x10, 1 << 28 | 7 << 1 | 1),
        (MPU + 0x04, 1 << 2 | 1),  # the MPU last of all (4.2)
        (SCB + 0x20, 0x80 << 24),  # SysTick's priority, that of the audio (4.4.8)
        (SYSTICK + 0x04, 0xFFFFFF),
        (SYSTICK + 0x08, 0),  # its value is unknown after reset (DDI 0403 B3.3.1)
        (SCB + 0x04, 1 << 25),
        (SYSTICK + 0x00, 0b111),  # on last, with its interrupt, on the core's clock (PM0214 4.5)
        (PRIORITY + USART1, 0x40),
        (ENABLE + 4, 1 << USART1 - 32),
        (SCB + 0x20, 0x80FF << 16),  # PendSV comes last
        *[write for n in STREAMS for write in ((PRIORITY + n, 0x80), (ENABLE, 1 << n))],
        (SCB + 0x04, 1 << 28),  # the first block
    ]
