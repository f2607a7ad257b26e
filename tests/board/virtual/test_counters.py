"""SysTick, the cycle counter and TIM11 over changes of their clock and period (PM0214 4.5, DDI 0403 C1.8)."""

import pytest

from designer.board.virtual.exceptions import FIRST_INTERRUPT
from designer.board.virtual.stm32f405 import Stm32f405

RCC, FLASH, SYSTICK, DWT, TIM11, NVIC = 0x40023800, 0x40023C00, 0xE000E010, 0xE0001000, 0x40014800, 0xE000E100
HSI_PLL = 10 | 210 << 6 | 7 << 24
BUSES = 5 << 10 | 4 << 13


@pytest.fixture
def board(small):
    """A board that stands still at its first instruction: time passes, but nothing is executed."""
    machine = Stm32f405(small.elf)
    machine.machine._sleeping = True
    return machine


def write(board, *pairs):
    for address, value in pairs:
        board.machine._write(address, 4, value)


def read(board, address):
    return board.machine._read(address, 4)


def test_a_new_period_begins_with_the_next_reload(board):
    write(board, (SYSTICK + 4, 999), (SYSTICK + 8, 0), (SYSTICK, 0b101))
    board.run(250 / 16e6)
    write(board, (SYSTICK + 4, 1999))
    assert read(board, SYSTICK + 8) == 749
    board.run(760 / 16e6)
    assert read(board, SYSTICK + 8) == 1989
    assert read(board, SYSTICK) & 1 << 16
    board.run(2000 / 16e6)
    assert read(board, SYSTICK + 8) == 1989


def start_pll(board):
    write(board, (RCC + 4, HSI_PLL), (RCC, 0x01000083), (FLASH, 5))
    board.run(0.001)
    write(board, (RCC + 8, BUSES))


def test_counters_keep_their_count_when_the_clock_changes(board):
    board.rcc.values["APB2ENR"] |= 1 << 18
    start_pll(board)
    write(board, (SYSTICK + 4, 0xFFFFFF), (SYSTICK + 8, 0), (SYSTICK, 0b101))
    write(board, (0xE000EDFC, 1 << 24), (DWT + 4, 0), (DWT, 1))
    write(board, (TIM11 + 0x2C, 0xFFFF), (TIM11 + 0x28, 15), (TIM11 + 0x14, 1), (TIM11, 1))
    board.run(1600 / 16e6)
    write(board, (RCC + 8, BUSES | 2))  # to 168 MHz
    assert (0xFFFFFF - read(board, SYSTICK + 8), read(board, DWT + 4)) == (1600, 1600)
    assert read(board, TIM11 + 0x24) == 100  # twice APB2 of 8 MHz, by 16
    board.run(1680 / 168e6)
    assert (0xFFFFFF - read(board, SYSTICK + 8), read(board, DWT + 4)) == (3280, 3280)
    assert read(board, TIM11 + 0x24) == 100 + 105


def test_the_wrap_follows_the_clock(board):
    start_pll(board)
    write(board, (SYSTICK + 4, 3199), (SYSTICK + 8, 0), (SYSTICK, 0b101))
    board.run(1600 / 16e6)
    write(board, (RCC + 8, BUSES | 2))
    board.run(1590 / 168e6)
    assert not read(board, SYSTICK) & 1 << 16
    board.run(20 / 168e6)
    assert read(board, SYSTICK) & 1 << 16
    assert read(board, SYSTICK + 8) == 3189


def test_an_interrupt_whose_line_stays_high_cannot_be_taken_back(board):
    exceptions = board.machine.exceptions
    exceptions.set_level(14, True)
    write(board, (NVIC + 0x180, 1 << 14))
    assert FIRST_INTERRUPT + 14 in exceptions.pending
    exceptions.set_level(14, False)
    assert FIRST_INTERRUPT + 14 in exceptions.pending  # it is remembered
    write(board, (NVIC + 0x180, 1 << 14))
    assert FIRST_INTERRUPT + 14 not in exceptions.pending


def test_an_edge_while_the_handler_runs_is_remembered(board):
    exceptions = board.machine.exceptions
    exceptions.active.append(FIRST_INTERRUPT + 14)
    exceptions.set_level(14, True)
    exceptions.set_level(14, False)
    assert FIRST_INTERRUPT + 14 in exceptions.pending
