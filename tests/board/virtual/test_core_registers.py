"""Writes to the core's own registers at the start, in order, against PM0214 and the Armv7-M manual (DDI 0403)."""

from benchmarks.register_mutations.bus import Bus
from benchmarks.register_mutations.verdict import core_writes
from designer.board.session import Board
from designer.board.virtual.events import SECOND
from designer.board.virtual.exceptions import Number
from designer.board.virtual.stm32f405 import Faults, Stm32f405
from designer.board.virtual.transport import VirtualTransport

SCB, SYSTICK, MPU, NVIC = 0xE000ED00, 0xE000E010, 0xE000ED90, 0xE000E100
ENABLE, PRIORITY = NVIC, NVIC + 0x300
USART1, SPI2, STREAMS = 37, 36, (14, 15, 16)
STACK_LOW = 0x20000100  # the linker script puts the stack and its guard first


SYSTICK_EXCEPTION = Number.SYSTICK
BLOCK_TICKS = 168_000_000 * 32 // 48000


def started(small, faults=None):
    """A board that plays, and what it wrote to the core's registers until the first block."""
    machine = Stm32f405(small.elf, faults)
    bus = Bus(machine)
    transport = VirtualTransport(machine)
    machine.run(0.01)
    return machine, transport, core_writes(bus)


def test_the_core_starts_as_the_manuals_say(small):
    assert started(small)[2] == [
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
        (PRIORITY + SPI2, 0x80),  # errors of I2S2ext
        (ENABLE + 4, 1 << SPI2 - 32),
        (SCB + 0x04, 1 << 28),  # the first block
    ]


def test_without_an_audio_clock_systick_takes_the_period_of_a_block(small):
    _, _, writes = started(small, Faults(plli2s_locks=False))
    assert writes[-5:] == [
        (SCB + 0x20, 0x80FF << 16),
        (SYSTICK + 0x04, BLOCK_TICKS - 1),
        (SYSTICK + 0x08, 0),  # the new period begins here, not with the old one's end (PM0214 4.5.3)
        (SCB + 0x04, 1 << 25),  # a wrap of the old period that is still pending is not one of the new
        (SCB + 0x04, 1 << 28),
    ]


def test_without_an_audio_clock_blocks_and_uptime_are_exact(small):
    """The period of the hardware is the one that the program counts with: no difference adds up."""
    machine, transport, _ = started(small, Faults(plli2s_locks=False))
    board, starts, uptimes = Board(transport), [], []
    machine.machine.exceptions.on_begin = lambda n: n == SYSTICK_EXCEPTION and starts.append(machine.machine.now)
    for _ in range(2):
        uptimes.append((board.health()["uptime_ms"], machine.machine.now))
        machine.run(3.0)
    (first_ms, first), (last_ms, last) = uptimes
    passed_ms = (last - first) / SECOND * 1000
    assert abs(last_ms - first_ms - passed_ms) <= 2
    seconds = (starts[-1] - starts[0]) / SECOND
    period_s = BLOCK_TICKS / 168e6
    # Entry waits for the instructions of a block of code, which do not add up.
    assert abs(seconds / (len(starts) - 1) - period_s) * len(starts) < 2e-6
