"""The models' registers against the vendor's SVD, and what they refuse."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.events import SECOND
from designer.board.virtual.stm32f405 import Stm32f405

SVD = Path(sys.prefix) / "share" / "STM32F40x.svd"
# What this SVD has otherwise than RM0090 (rev. 19): the reset value there, and why.
OTHERWISE = {
    ("PWR", "CR"): "5.4.1: VOS is 1 after reset",
    ("PWR", "CSR"): "5.4.2: VOSRDY follows VOS",
    ("USART1", "SR"): "30.6.1: 0x00C0; the SVD has it 16 bits up",
    ("FLASH", "OPTCR"): "3.9.10: loaded from the option bytes, 0x0FFFAAED as shipped",
}
# Bits that this SVD has otherwise, or that the models refuse as not modelled.
OTHER_BITS = {
    ("RCC", "AHB1ENR"): (1 << 20, "7.3.10: CCMDATARAMEN"),
    ("PWR", "CR"): (0x42FF, "5.4.1: VOS is bit 14; the bits for low power are refused"),
    ("PWR", "CSR"): (0x030F, "wake-up and backup are not modelled"),
    **{("DMA1", f"S{n}CR"): (1 << 20, "10.5.5: reserved") for n in range(8)},
    ("ADC1", "SMPR1"): (0xF8000000, "13.13.4: reserved"),
    ("ADC1", "SMPR2"): (0xC0000000, "13.13.5: reserved"),
}
NAMES = {"ADC": "C_ADC", "RCC": "RCC", "SPI3": "SPI3"}


@pytest.fixture
def machine(small):
    """A board ahead of its first instruction, with every clock gate open."""
    board = Stm32f405(small.elf)
    for name in ("AHB1ENR", "APB1ENR", "APB2ENR"):
        board.rcc.values[name] |= 0x32F7FFFF & {"AHB1ENR": 0x7E7411FF, "APB1ENR": 0x36FEC9FF, "APB2ENR": 0x75F33}[name]
    return board


def write(machine, address, value, size=4):
    machine.machine._write(address, size, value)


def read(machine, address, size=4):
    return machine.machine._read(address, size)


def registers_of(machine):
    """Each register of the models, and what the SVD has of it."""
    peripherals = {p.findtext("name"): p for p in ElementTree.parse(SVD).getroot().iter("peripheral")}
    for block in machine._blocks:
        peripheral = peripherals.get(NAMES.get(block.name, block.name))
        if peripheral is None or block.name in ("NVIC", "SCB", "MPU"):
            continue
        origin = peripherals[peripheral.get("derivedFrom", peripheral.findtext("name"))]
        assert int(peripheral.findtext("baseAddress"), 16) == block.base
        theirs = {int(r.findtext("addressOffset"), 16): r for r in origin.iter("register")}
        for offset, register in block.registers.items():
            yield block, register, theirs[offset]


def test_names_addresses_and_reset_values_are_the_vendors(machine):
    wrong, checked = [], 0
    for block, register, theirs in registers_of(machine):
        value = int(theirs.findtext("resetValue"), 16)
        expected = getattr(block, "_after_reset", {}).get(block.name[-1], {}).get(register.name, register.reset)
        if theirs.findtext("name") != register.name:
            wrong.append(f"{block.name}_{register.name}: {theirs.findtext('name')}")
        if (block.name, register.name) not in OTHERWISE and value != expected:
            wrong.append(f"{block.name}_{register.name}: 0x{value:X}, here 0x{expected:X}")
        checked += 1
    assert wrong == []
    assert checked > 120


def bits_of(theirs):
    """Bits of all fields, and of those that are not read-only."""
    exist = writable = 0
    for field in theirs.iter("field"):
        mask = (1 << int(field.findtext("bitWidth"))) - 1 << int(field.findtext("bitOffset"))
        exist |= mask
        if (field.findtext("access") or theirs.findtext("access")) != "read-only":
            writable |= mask
    return exist, writable


def test_the_bits_that_exist_and_may_be_written_are_the_vendors(machine):
    wrong = []
    for block, register, theirs in registers_of(machine):
        exist, writable = bits_of(theirs)
        difference = (register.writable | register.readable) ^ exist | register.writable & ~writable
        allowed = OTHER_BITS.get((block.name, register.name), (0,))[0]
        if difference & ~allowed:
            wrong.append(f"{block.name}_{register.name}: 0x{difference & ~allowed:08X}")
    assert wrong == []


def test_a_healthy_boot_makes_no_access_that_hardware_ignores(small):
    machine, board = small.boot()
    board.health()
    assert machine.ignored == []


RCC, PWR, FLASH, DMA, SPI2, IWDG, USART1, SCB, MPU = (
    0x40023800, 0x40007000, 0x40023C00, 0x40026000, 0x40003800, 0x40003000, 0x40011000, 0xE000ED00, 0xE000ED90,
)  # fmt: skip
HSI_PLL = 10 | 210 << 6 | 7 << 24


@pytest.mark.parametrize(
    ("writes", "text"),
    [
        ([(RCC + 4, 1 | 210 << 6 | 7 << 24), (RCC, 0x01000083)], "input is 16 MHz"),
        ([(RCC + 4, 10 | 400 << 6 | 7 << 24), (RCC, 0x01000083)], "VCO at 640 MHz"),
        ([(RCC + 4, 10 | 250 << 6 | 9 << 24), (RCC, 0x01000083)], "output 200 MHz"),
        ([(RCC + 4, HSI_PLL), (RCC, 0x01000083), (RCC + 4, HSI_PLL)], "PLLCFGR is written while"),
        ([(RCC + 4, HSI_PLL), (RCC, 0x01000083), (PWR, 0)], "VOS is changed while the PLL is on"),
        ([(RCC, 0x04000083), (RCC + 0x84, 192 << 6 | 5 << 28)], "PLLI2SCFGR is written while"),
        ([(RCC + 8, 2)], "not ready"),
        ([(RCC, 0x82)], "HSI is off while"),
        ([(FLASH + 4, 0x45670124)], "wrong key"),
        ([(FLASH + 0x10, 1)], "locked"),
        ([(FLASH, 0x1400)], "flushed while it is on"),
        ([(IWDG + 4, 4)], "without the key"),
        ([(IWDG, 0x1234)], "no such key"),
        (
            [(DMA + 0x5C, 4), (DMA + 0x64, 0x10000000), (DMA + 0x58, 0x06002D01)],
            "does not reach",
        ),
        ([(DMA + 0x5C, 0), (DMA + 0x64, 0x20000000), (DMA + 0x58, 0x06002D01)], "0 items"),
        ([(DMA + 0x5C, 4), (DMA + 0x64, 0x20000000), (DMA + 0x58, 0x0E002D01)], "channel 7 of stream 3"),
        (
            [(DMA + 0x5C, 4), (DMA + 0x64, 0x20000000), (DMA + 0x58, 0x06002D01), (DMA + 0x64, 0x20000100)],
            "while the stream runs",
        ),
        ([(SPI2 + 0x20, 0x201)], "I2SDIV 1"),
        ([(SPI2 + 0x1C, 0xE05)], "without a clock from PLLI2S"),
        ([(SPI2 + 0x1C, 0x605)], "only Philips"),
        ([(0x40000000, 1)], "no peripheral is modelled"),
        ([(SCB + 0x10, 1 << 2)], "only plain sleep"),
        ([(SCB + 0x14, 0x208)], "traps and frames of four bytes"),
        ([(SCB + 0x14, 0)], "traps and frames of four bytes"),
        ([(MPU + 4, 1)], "without PRIVDEFENA"),
        ([(MPU + 8, 8)], "there are 8"),
        ([(MPU + 0xC, 0x20000010 | 9)], "there are 8"),
        (
            [(MPU + 0xC, 0x20000000), (MPU + 0x10, 6 << 24 | 7 << 1 | 1)],
            "only regions with full access, and whole ones without access",
        ),
        (
            [(MPU + 0xC, 0x20000000), (MPU + 0x10, 1 << 8 | 7 << 1 | 1)],
            "only regions with full access, and whole ones without access",
        ),
        ([(USART1 + 0xC, 1 << 13 | 1 << 12)], "1 stop bit"),
        ([(USART1 + 0xC, 1 << 13 | 1 << 15)], "1 stop bit"),
        ([(USART1 + 0xC, 1 << 13), (USART1 + 0x10, 2 << 12)], "1 stop bit"),
        ([(USART1 + 0xC, 1 << 13), (USART1 + 0x14, 1 << 3)], "1 stop bit"),
        ([(RCC + 0x30, 1 << 31)], "reserved"),
    ],
)
def test_what_the_hardware_does_not_take_is_refused(machine, writes, text):
    def all_of_them():
        for address, value in writes:
            write(machine, address, value)

    with pytest.raises(HardwareRefusalError, match=text):
        all_of_them()


def start_pll(machine):
    write(machine, RCC + 4, HSI_PLL)
    write(machine, RCC, 0x01000083)
    due = machine.machine.events.take_due(machine.machine.now + SECOND)
    due.action()
    assert read(machine, RCC) & 1 << 25


def test_too_few_wait_states_and_too_fast_buses_are_refused(machine):
    start_pll(machine)
    write(machine, FLASH, 5)
    with pytest.raises(HardwareRefusalError, match="APB1 168"):
        write(machine, RCC + 8, 2)
    write(machine, RCC + 8, 5 << 10 | 4 << 13)
    write(machine, FLASH, 4)
    with pytest.raises(HardwareRefusalError, match="4 wait states at 168 MHz"):
        write(machine, RCC + 8, 5 << 10 | 4 << 13 | 2)


def test_the_oscillator_that_feeds_the_pll_of_the_system_clock_cannot_be_stopped(machine):
    start_pll(machine)
    write(machine, FLASH, 5)
    write(machine, RCC + 8, 5 << 10 | 4 << 13)
    write(machine, RCC + 8, 5 << 10 | 4 << 13 | 2)
    with pytest.raises(HardwareRefusalError, match="HSI is off while"):
        write(machine, RCC, 0x01000082)


def test_a_block_that_is_held_in_reset_takes_nothing(machine):
    write(machine, RCC + 0x20, 1 << 14)
    write(machine, SPI2 + 0x20, 0x302)
    write(machine, RCC + 0x20, 0)
    assert read(machine, SPI2 + 0x20) == 0x10
    assert machine.ignored == ["SPI2 offset 0x20: write without a clock or in reset"]


def test_after_a_reset_the_wait_states_are_those_of_the_internal_oscillator(small):
    board, _ = small.boot()
    board.reset()
    board.flash.write(0, 4, 0)
    assert board.flash.values["ACR"] == 0


def test_a_stream_that_is_stopped_tells_the_end_of_its_transfer(machine):
    for offset, value in ((0x5C, 4), (0x64, 0x20000000), (0x58, 0x06002D01), (0x58, 0x06002D00)):
        write(machine, DMA + offset, value)
    assert read(machine, DMA) == 1 << 27  # TCIF3
    with pytest.raises(HardwareRefusalError, match="EN while flags"):
        write(machine, DMA + 0x58, 0x06002D01)


def test_scale_2_does_not_carry_168_mhz(machine):
    write(machine, PWR, 0)
    start_pll(machine)
    write(machine, FLASH, 5)
    with pytest.raises(HardwareRefusalError, match="scale 2"):
        write(machine, RCC + 8, 5 << 10 | 4 << 13 | 2)


def test_a_slave_that_starts_behind_its_master_is_refused(small):
    machine, _ = small.boot()
    machine.i2s2ext.write(0x1C, 4, 0x905)
    with pytest.raises(HardwareRefusalError, match="ES0182"):
        machine.i2s2ext.write(0x1C, 4, 0xD05)


def test_a_stream_with_another_data_register_is_refused(small):
    machine, _ = small.boot()
    machine.dma.values["S4PAR"] = 0x40003C0C
    with pytest.raises(HardwareRefusalError, match="S4PAR"):
        machine.run(0.005)


def test_writes_to_flash_without_programming_raise_its_error_flag(machine):
    machine._write_protected(0x080C0000, 4, 0)
    assert read(machine, FLASH + 0x0C) & 1 << 7
    assert machine.machine.cpu.read(0x080C0000, 4) == b"\xff" * 4


def test_programming_cannot_set_bits(machine):
    for value in (0x45670123, 0xCDEF89AB):
        write(machine, FLASH + 4, value)
    write(machine, FLASH + 0x10, 0x201)
    machine._write_protected(0x080C0000, 4, 0x0000FFFF)
    machine.flash.values["SR"] = 0
    with pytest.raises(HardwareRefusalError, match="only an erasure"):
        machine._write_protected(0x080C0000, 4, 0xFFFF0000)


def test_an_access_without_a_clock_is_ignored_and_noted(small):
    board = Stm32f405(small.elf)
    write(board, 0x40020814, 1)
    assert read(board, 0x40020814) == 0
    assert board.ignored == [
        "GPIOC offset 0x14: write without a clock or in reset",
        "GPIOC offset 0x14: read without a clock or in reset",
    ]


def test_a_secured_crystal_that_stops_brings_the_internal_oscillator_and_nmi(small):
    machine, _ = small.boot()
    machine.run(0.02)
    machine.rcc.values["CR"] |= 1 << 19
    machine.rcc.lose_crystal()
    assert (machine.rcc.hclk_hz, machine.rcc.values["CR"] >> 17 & 1) == (16_000_000, 0)
    assert machine.rcc.values["CIR"] & 1 << 7
    assert 2 in machine.machine.exceptions.pending
