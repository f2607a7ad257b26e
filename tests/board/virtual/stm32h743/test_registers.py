"""The models' registers against the vendor's description, and what they refuse."""

import pytest
from svd_facts import read_models

from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.events import SECOND
from designer.board.virtual.peripherals.stm32h7.rcc import Faults
from designer.board.virtual.stm32h743 import Stm32h743

NAMES = {"FLASH": "Flash", "SAI2": "SAI1", "SAI3": "SAI1", "SAI1": "SAI1", "SAI4": "SAI4"}
# What the description of 2019 has otherwise than RM0433 (rev. 8), and where.
OTHERWISE = {
    ("RCC", "CR"): "8.7.2: 0x25; the description has the STM32F4's",
    ("RCC", "CSR"): "8.7.27: LSIRDY is read only",
    ("RCC", "RSR"): "8.7.39: the flags of the reset that has been",
    ("RCC", "APB4ENR"): "8.7.48: RTCAPBEN is set",
    ("Flash", "ACR"): "4.9.1: 0x37",
    ("Flash", "CR1"): "4.9.4: locked, parallelism 64",
    ("Flash", "CR2"): "4.9.24: locked, parallelism 64",
    ("Flash", "OPTCR"): "4.9.7: locked",
    ("Flash", "OPTSR_CUR"): "4.9.8: loaded from the option bytes",
    ("Flash", "WPSN_CUR1R"): "4.9.15: loaded from the option bytes",
    ("Flash", "WPSN_CUR2R"): "4.9.32: loaded from the option bytes",
    ("PWR", "CR3"): "6.8.4",
    ("GPIOA", "PUPDR"): "11.4.4: 0x64000000",
    ("USART3", "ISR"): "48.7.10",
    ("TIM17", "ARR"): "41.6.10: 0xFFFF",
    ("ADC3", "CR"): "25.5.3: in deep power-down",
    ("ADC3", "CFGR"): "25.5.4: JQDIS is set",
    ("AXI", "AXI_TARG7_FN_MOD"): "2.2.4: 0",
}
# Bits that the description lacks: MCKEN (51.6.2), and reserved ones that a model takes as existing.
MORE_BITS = {
    ("SAI1", "SAI_ACR1"): 1 << 27,
    ("SAI1", "SAI_BCR1"): 1 << 27,
    ("SAI4", "SAI_ACR1"): 1 << 27,
    ("SAI4", "SAI_BCR1"): 1 << 27,
    ("ADC3", "CR"): 0x200,
    ("ADC3", "CFGR"): 1 << 31,
    ("ADC3", "SMPR1"): 7,
    ("ADC3", "DR"): 0xFFFF0000,
    ("AXI", "AXI_TARG7_FN_MOD"): 0,
}
RCC, PWR, FLASH, SYSCFG = 0x58024400, 0x58024800, 0x52002000, 0x58000400
DMA1, DMAMUX, SAI1, SAI2, IWDG, USART3 = 0x40020000, 0x40020800, 0x40015800, 0x40015C00, 0x58004800, 0x40004800
I2C1, ADC3 = 0x40005400, 0x58026000
OPEN = ("AHB1ENR", "AHB2ENR", "AHB3ENR", "AHB4ENR", "APB1LENR", "APB2ENR", "APB4ENR")


@pytest.fixture
def machine(board):
    """A board ahead of its first instruction, with every clock gate open."""
    for name in OPEN:
        offset = next(at for at, register in board.rcc.registers.items() if register.name == name)
        write(board, RCC + offset, board.rcc.registers[offset].writable)
    return board


def write(board, address, value, size=4):
    board.machine.write_register(address, size, value)


def read(board, address, size=4):
    return board.machine.read_register(address, size)


def pass_events(board, most=20):
    """Let everything happen that has been scheduled."""
    machine = board.machine
    for _ in range(most):
        due = machine.events.take_due(machine.now + SECOND)
        if due is None:
            return
        due.action()


def test_names_addresses_bits_and_reset_values_are_the_vendors(board):
    facts, wrong, checked = read_models(), [], 0
    for block in board._blocks:
        name = NAMES.get(block.name, block.name)
        if not any(peripheral == name for peripheral, _ in facts):
            continue
        for offset, register in block.registers.items():
            found = facts.get((name, register.name))
            if found is None:
                wrong.append(f"{name}_{register.name}: no such register")
                continue
            address, reset, bits = found
            if name == block.name or name == "Flash":
                assert address == block.base + offset or name == "AXI", (name, register.name)
            expected = getattr(block, "_after_reset", {}).get(block.name[-1], {}).get(register.name, register.reset)
            # Of all ports the description has the reset values of port A (11.4).
            is_told = (name, register.name) not in OTHERWISE and not (name[:4] == "GPIO" and name != "GPIOA")
            if is_told and reset & bits != expected & bits:
                wrong.append(f"{name}_{register.name}: 0x{reset:X}, here 0x{expected:X}")
            stray = (register.writable | register.readable) & ~(bits | MORE_BITS.get((name, register.name), 0))
            if stray and bits and (name, register.name) not in OTHERWISE:
                wrong.append(f"{name}_{register.name}: bits 0x{stray:X} do not exist")
            checked += 1
    assert "\n".join(wrong) == ""
    assert checked > 250


def test_a_block_that_is_held_in_reset_takes_nothing(machine):
    write(machine, SAI1 + 8, 4)
    write(machine, RCC + 0x98, 1 << 22)
    write(machine, SAI1 + 8, 3)
    assert read(machine, SAI1 + 8) == 0
    write(machine, RCC + 0x98, 0)
    assert read(machine, SAI1 + 8) == 0


def test_an_access_without_a_clock_is_ignored_and_noted(board):
    write(board, SAI1 + 4, 0x40)
    assert read(board, SAI1 + 4) == 0
    assert board.ignored == [
        "SAI1 offset 0x04: write without a clock or in reset",
        "SAI1 offset 0x04: read without a clock or in reset",
    ]


@pytest.mark.parametrize(
    ("writes", "text"),
    [
        ([(RCC + 0x10, 3)], "not ready"),
        ([(RCC, 0x24)], "HSI is off while"),
        ([(RCC + 0x2C, 0x01FF000C), (RCC, 0x01000025)], "input is 2 MHz, PLL1RGE says 8 to 16"),
        ([(RCC + 0x28, 0x02020080), (RCC + 0x2C, 0x01FF000C), (RCC, 0x01000025)], "VCO at 1032 MHz"),
        ([(RCC + 0x28, 0x02020080), (RCC + 0x2C, 0x01FF0008), (RCC + 0x30, 0x01010200), (RCC, 0x01000025)], "VCO at 8"),
        (
            [(RCC + 0x28, 0x02020080), (RCC + 0x2C, 0x01FF0008), (RCC + 0x30, 0x0101044F), (RCC, 0x01000025)],
            "odd dividers",
        ),
        (
            [(RCC + 0x28, 0x02020012), (RCC + 0x2C, 0x01FF0008), (RCC + 0x30, 0x01010231), (RCC, 0x01000025)],
            "source is not ready",
        ),
        ([(PWR + 0x18, 0xC000)], "before the supply is configured"),
        ([(PWR + 0x0C, 2), (PWR + 0x0C, 3)], "configured once"),
        ([(PWR + 0x0C, 5)], "by the LDO"),
        ([(PWR + 0x0C, 2), (SYSCFG + 0x2C, 1)], "outside a ready scale 1"),
        ([(FLASH + 4, 0x45670124)], "wrong key"),
        ([(FLASH + 0x10C, 2)], "locked"),
        ([(IWDG + 4, 4)], "without the key"),
        ([(IWDG, 0x1234)], "no such key"),
        ([(USART3, 1), (USART3 + 0x0C, 100)], "BRR is written while UE"),
        ([(DMAMUX, 0x100)], "not modelled"),
        ([(DMAMUX, 87), (DMA1 + 0x14, 4), (DMA1 + 0x1C, 0x20000000), (DMA1 + 0x10, 0x5541)], "does not reach"),
        ([(DMAMUX, 87), (DMA1 + 0x14, 4), (DMA1 + 0x1C, 0x00000100), (DMA1 + 0x10, 0x5541)], "does not reach"),
        ([(DMAMUX, 87), (DMA1 + 0x14, 0), (DMA1 + 0x1C, 0x30000000), (DMA1 + 0x10, 0x5541)], "0 items"),
        ([(DMAMUX, 12), (DMA1 + 0x14, 4), (DMA1 + 0x1C, 0x30000000), (DMA1 + 0x10, 0x5541)], "request 12 at channel 0"),
        (
            [(DMAMUX, 87), (DMA1 + 0x14, 4), (DMA1 + 0x1C, 0x30000000), (DMA1 + 0x10, 0x5541), (DMAMUX, 88)],
            "while its stream runs",
        ),
        (
            [(RCC + 0xDC, 0), (DMAMUX, 87), (DMA1 + 0x14, 4), (DMA1 + 0x1C, 0x30000000), (DMA1 + 0x10, 0x5541)],
            "no clock",
        ),
        ([(SAI1 + 0x0C, 0x3F), (SAI1 + 4, 0x100E0)], "no slot is enabled"),
        ([(SAI1 + 0x10, 0x30180), (SAI1 + 0x0C, 0x51F3F), (SAI1 + 4, 0x104E0)], "SYNCEN of a master"),
        ([(SAI1 + 0x10, 0x30180), (SAI1 + 0x0C, 0x51F3F), (SAI1 + 4, 0x100E0)], "without a kernel clock"),
        ([(SAI1 + 0x10, 0x30180), (SAI1 + 0x0C, 0x51F3E), (SAI1 + 4, 0x100E0)], "2 slots of 32 bits in a frame of 63"),
        ([(SAI1 + 0x10, 0x30180), (SAI1 + 0x0C, 0x51E3F), (SAI1 + 4, 0x100E0)], "halves the frame"),
        ([(SAI1 + 0x10, 0x30180), (SAI1 + 0x0C, 0x51F3F), (SAI1 + 4, 0x100E2)], "takes clock and frame from pins"),
        ([(SAI2 + 0x10, 0x30180), (SAI2 + 0x0C, 0x51F3F), (SAI2 + 4, 0x108E2)], "whose SYNCOUT is 0"),
        ([(SAI1 + 8, 5)], "FTH 5 is reserved"),
        ([(I2C1 + 4, 0x2000)], "while PE is 0"),
        ([(I2C1 + 0x10, 0x00000101), (I2C1, 1)], "at most 400"),
        ([(ADC3 + 8, 0x30000000)], "while DEEPPWD"),
        ([(ADC3 + 8, 0x10000000), (ADC3 + 8, 0x90000000)], "10 us behind"),
        ([(RCC + 0x100, 1)], "not modelled"),
    ],
)
def test_what_the_hardware_does_not_take_is_refused(machine, writes, text):
    def all_of_them():
        for address, value in writes:
            write(machine, address, value)

    with pytest.raises(HardwareRefusalError, match=text):
        all_of_them()


def start_pll1(board, multiplier, divider=2):
    """PLL1 on HSI / 4 = 16 MHz: a VCO of 16 times `multiplier`."""
    write(board, PWR + 0x0C, 2)
    pass_events(board)
    write(board, RCC + 0x28, 0x02020040)
    write(board, RCC + 0x2C, 0x01FF000C)
    write(board, RCC + 0x30, 0x01010000 | divider - 1 << 9 | multiplier - 1)
    write(board, RCC, 0x01000025)
    pass_events(board)
    assert read(board, RCC) & 1 << 25


def test_a_clock_beyond_the_scale_or_the_wait_states_is_refused(machine):
    start_pll1(machine, 50)
    with pytest.raises(HardwareRefusalError, match="core at 400 MHz in scale VOS3"):
        write(machine, RCC + 0x10, 3)
    write(machine, PWR + 0x18, 0xC000)
    with pytest.raises(HardwareRefusalError, match="scale VOS3"):
        write(machine, RCC + 0x10, 3)
    pass_events(machine)
    assert read(machine, PWR + 4) & 0xE000 == 0xE000
    with pytest.raises(HardwareRefusalError, match="AXI at 400 MHz in scale VOS1"):
        write(machine, RCC + 0x10, 3)
    machine.rcc.values["CFGR"] = 0
    write(machine, RCC + 0x18, 0x48)
    with pytest.raises(HardwareRefusalError, match="APB at 200 MHz"):
        write(machine, RCC + 0x10, 3)
    machine.rcc.values["CFGR"] = 0
    write(machine, RCC + 0x1C, 0x440)
    write(machine, RCC + 0x20, 0x40)
    write(machine, FLASH, 0x21)
    with pytest.raises(HardwareRefusalError, match="1 wait states, WRHIGHFREQ 2 at 200 MHz in scale VOS1, at most 140"):
        write(machine, RCC + 0x10, 3)
    machine.rcc.values["CFGR"] = 0
    write(machine, FLASH, 0x12)
    with pytest.raises(HardwareRefusalError, match="2 wait states, WRHIGHFREQ 1"):
        write(machine, RCC + 0x10, 3)
    machine.rcc.values["CFGR"] = 0
    write(machine, FLASH, 0x22)
    write(machine, RCC + 0x10, 3)
    assert (machine.rcc.core_hz, machine.rcc.hclk_hz, machine.rcc.apb_hz(1)) == (400_000_000, 200_000_000, 100_000_000)
    assert machine.rcc.timer_hz(2) == 200_000_000
    with pytest.raises(HardwareRefusalError, match="core at 400 MHz in scale VOS2"):
        write(machine, PWR + 0x18, 0x8000)
    with pytest.raises(HardwareRefusalError, match="PLL1DIVR is written while"):
        write(machine, RCC + 0x30, 0x01010000)
    with pytest.raises(HardwareRefusalError, match="PLL1 is off while"):
        write(machine, RCC, 0x25)


def test_only_revision_v_has_scale_0(idle_image):
    for revision in "VY":
        board = Stm32h743(idle_image, revision=revision)
        write(board, RCC + 0xF4, 1 << 1)
        write(board, PWR + 0x0C, 2)
        pass_events(board)
        write(board, PWR + 0x18, 0xC000)
        pass_events(board)
        if revision == "Y":
            with pytest.raises(HardwareRefusalError, match="revision Y has no scale 0"):
                write(board, SYSCFG + 0x2C, 1)
        else:
            write(board, SYSCFG + 0x2C, 1)
            pass_events(board)
            assert board.pwr.scale == 0


@pytest.mark.parametrize(("fraction", "hz"), [(0, 12_000_000), (4096, 12_000_000 * 48.5 / 48)])
def test_a_fraction_counts_once_it_is_taken_over(machine, fraction, hz):
    write(machine, RCC + 0x28, 0x02000000 | 16 << 12)  # DIVM2 16 of 64 MHz
    write(machine, RCC + 0x2C, 0x01FF0000 | 1 << 6)  # 2 to 4 MHz, wide
    write(machine, RCC + 0x38, 0x01010000 | 15 << 9 | 47)
    write(machine, RCC + 0x3C, fraction << 3)
    write(machine, RCC, 0x04000025)
    pass_events(machine)
    assert machine.rcc.pll_output(2, "p")[0] / machine.rcc.pll_output(2, "p")[1] == 12_000_000
    write(machine, RCC + 0x2C, machine.rcc.values["PLLCFGR"] | 1 << 4)
    assert machine.rcc.pll_output(2, "p")[0] / machine.rcc.pll_output(2, "p")[1] == hz


def test_the_nucleo_has_no_crystal_so_that_hse_wants_its_bypass(idle_image):
    for faults, value, runs in (
        (Faults(), 0x00010025, False),
        (Faults(), 0x00050025, True),
        (Faults(hse_is_crystal=True), 0x00010025, True),
        (Faults(hse_hz=None), 0x00050025, False),
    ):
        board = Stm32h743(idle_image, faults)
        write(board, RCC, value & ~0x10000)
        write(board, RCC, value)
        pass_events(board)
        assert bool(read(board, RCC) & 1 << 17) == runs


def test_a_secured_crystal_that_stops_brings_the_internal_oscillator_and_nmi(small):
    machine, _ = small.boot()
    machine.run(0.02)
    assert machine.rcc.values["CR"] & 1 << 19
    machine.rcc.lose_crystal()
    assert (machine.rcc.core_hz, machine.rcc.values["CR"] >> 17 & 1) == (64_000_000, 0)
    assert machine.rcc.values["CIFR"] & 1 << 10
    assert 2 in machine.machine.exceptions.pending
