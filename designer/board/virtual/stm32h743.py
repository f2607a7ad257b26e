"""An STM32H743 with four stereo DACs and an ADC, or a TDM codec: the NUCLEO-H743ZI2 as an image finds it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

from designer import protocol
from designer.board.virtual.codecs import CODECS
from designer.board.virtual.cpu import CORTEX_M7
from designer.board.virtual.errors import HardwareRefusalError, PowerCutError
from designer.board.virtual.exceptions import FIRST_INTERRUPT, Number
from designer.board.virtual.image import flash_contents
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.dwt import CoreDebug
from designer.board.virtual.peripherals.gpio import Pins
from designer.board.virtual.peripherals.nvic import Nvic
from designer.board.virtual.peripherals.stm32h7 import clock_tree
from designer.board.virtual.peripherals.stm32h7 import dma as dma_module
from designer.board.virtual.peripherals.stm32h7 import flash as flash_module
from designer.board.virtual.peripherals.stm32h7 import usart as usart_module
from designer.board.virtual.peripherals.stm32h7.adc import Adc as AdcBlock
from designer.board.virtual.peripherals.stm32h7.adc import AdcCommon, calibration
from designer.board.virtual.peripherals.stm32h7.axi import Axi
from designer.board.virtual.peripherals.stm32h7.core import Caches, Dwt, Mpu, Scb
from designer.board.virtual.peripherals.stm32h7.dma import Dma, Dmamux
from designer.board.virtual.peripherals.stm32h7.flash import Flash
from designer.board.virtual.peripherals.stm32h7.gpio import ALTERNATE_FUNCTIONS, PORTS, Gpio
from designer.board.virtual.peripherals.stm32h7.i2c import I2c
from designer.board.virtual.peripherals.stm32h7.iwdg import Iwdg
from designer.board.virtual.peripherals.stm32h7.pwr import Dbgmcu, Pwr, Syscfg
from designer.board.virtual.peripherals.stm32h7.rcc import Faults, Rcc
from designer.board.virtual.peripherals.stm32h7.sai import Sai
from designer.board.virtual.peripherals.stm32h7.sai_block import SaiBlock
from designer.board.virtual.peripherals.stm32h7.tim17 import Tim17
from designer.board.virtual.peripherals.stm32h7.usart import Usart
from designer.board.virtual.peripherals.systick import SysTick
from designer.board.virtual.registers import RegisterBlock
from designer.board.virtual.stm32_board import Stm32Board
from designer.board.virtual.stm32h743_audio import connect_codec, connect_converters
from designer.board.virtual.system_memory import Rom, SystemMemory

INTERRUPTS = 150  # RM0433 20.1
# RM0433 2.3.2: name, first byte, size, whether code may run there.
MEMORIES = (
    ("ITCM", 0x00000000, 64 * 1024, True),
    ("DTCM", 0x20000000, 128 * 1024, True),
    ("AXI SRAM", 0x24000000, 512 * 1024, True),
    ("SRAM1", 0x30000000, 128 * 1024, True),
    ("SRAM2", 0x30020000, 128 * 1024, True),
    ("SRAM3", 0x30040000, 32 * 1024, True),
    ("SRAM4", 0x38000000, 64 * 1024, True),
)
_CLOCKED = MEMORIES[3:6]
# Peripherals, in whole pages, without USART3's page and flash interface between them.
_REGISTER_PAGES = (
    (0x40000000, 0x4000), (0x40005000, 0x23000), (0x51000000, 0x9000), (0x52000000, 0x9000),
    (0x58000000, 0x27000), (0x5C001000, 0x1000), (0xE0001000, 0x1000), (0xE000E000, 0x1000),
)  # fmt: skip
_SERIAL_PAGE = 0x40004000


def _rom(revision: str) -> Rom:
    """RM0433 2.3.2, AN2606: 128 KiB, with the bootloader and the factory's calibration."""
    factory = tuple((address, counts.to_bytes(2, "little")) for address, counts in calibration(revision).items())
    return Rom(start=0x1FF00000, size=128 * 1024, vectors=0x1FF09800, device_id=0x450, factory=factory)


class Stm32h743(Stm32Board):
    """The board.

    Parameters
    ----------
    elf : Path
        The image in its flash.
    clock_faults : Faults, optional
        The clock at OSC_IN, and which PLL locks.
    seed : int
        Of the RAM's contents at power-on, and of what a supply that fails leaves in the flash.
    in_c : bool
        Whether instructions are counted by the hook in C; virtual time is the same without it.
    serial_in_c : bool
        Whether the registers of the serial line are answered in C, where no other code sees the accesses.
    revision : str
        Of the silicon, 'Y' or 'V'.
    codec : str, optional
        'pcm3168a' or 'cs42448', with eight channels on one line, in place of four stereo DACs and the ADC.
    has_rom_wires : bool
        Whether the serial line is wired to PB10 and PB11 as well, where the bootloader in the ROM listens.
    """

    rcc: Rcc
    flash: Flash

    def __init__(
        self,
        elf: Path,
        clock_faults: Faults | None = None,
        seed: int = 1,
        in_c: bool = True,
        serial_in_c: bool = True,
        revision: str = "V",
        codec: str | None = None,
        has_rom_wires: bool = True,
    ) -> None:
        super().__init__(Machine(in_c, CORTEX_M7), seed)
        machine = self.machine
        self.rcc = Rcc(machine, clock_faults or Faults(), revision)
        self.pwr = Pwr(machine, revision)
        self.flash = Flash(machine, seed)
        self._map_memory(elf)
        self._connect_clocks()
        ports = [
            Gpio(letter, 0x58020000 + 0x400 * n, self.rcc.gate("AHB4ENR", n), ALTERNATE_FUNCTIONS)
            for n, letter in enumerate(PORTS)
        ]
        self.pins = Pins(ports)
        core_blocks = self._add_core(INTERRUPTS)
        self._add_dma()
        self.usart = Usart(
            machine, self.rcc.gate("APB1LENR", 18), self.rcc.usart_hz, self.pins, protocol.BAUD_RATE
        )  # fmt: skip
        software_reset = partial(self.reset, clock_tree.SOFTWARE_RESET)
        self.rom = SystemMemory(machine, _rom(revision), self.flash, self.usart, software_reset, has_rom_wires)
        machine.on_change, machine.on_sleep = self.usart.forget_checks, self.rom.sleep
        timeout = partial(self.want_reset, clock_tree.WATCHDOG_RESET)
        self.iwdg = Iwdg(machine, timeout, 0x58004800)
        self.tim17 = Tim17(
            machine, self.rcc.gate("APB2ENR", 18), lambda: self.rcc.timer_hz(2), lambda: self.rcc.rtc_source_hz, "TIM17"
        )
        syscfg = Syscfg(self.pwr)
        syscfg.is_clocked = self.rcc.gate("APB4ENR", 1)
        self.syscfg = syscfg
        self._add_i2c()
        self._add_audio(revision)
        self._connect_converters(codec)
        common = AdcCommon(self.rcc.gate("AHB4ENR", 24))
        self.adc_block = AdcBlock(machine, self.rcc.gate("AHB4ENR", 24), self.rcc.adc_hz, common, revision)
        blocks: list[RegisterBlock] = [
            self.rcc, self.pwr, self.flash, syscfg, Axi(), Dbgmcu(revision), *ports, *self.dma, self.dmamux, self.usart,
            self.iwdg, self.tim17, *self.sai.values(), *self.i2c.values(),
        ]  # fmt: skip
        for block in blocks:
            machine.add(block)
        for block in (self.adc_block, common):
            machine.add(block, 0x100)
        self._blocks = [*blocks, self.adc_block, common, *core_blocks]
        compiled = self.usart.compiled_registers() if in_c and serial_in_c else None
        machine.map_registers(_SERIAL_PAGE, 0x1000, compiled)
        for address, size in _REGISTER_PAGES:
            machine.map_registers(address, size)
        self.power_on()

    # --- what it is made of

    def _map_memory(self, elf: Path) -> None:
        cpu = self.machine.cpu
        contents = flash_contents(elf, flash_module.START, flash_module.BYTES)
        cpu.map_memory(flash_module.START, contents, writable=False, executable=True)
        for _, start, size, executable in MEMORIES:
            cpu.map_memory(start, bytes(size), writable=True, executable=executable)
        cpu.on_protected_write = self._write_protected
        cpu.on_protected_read = self._read_protected
        cpu.after_protected_read = self.flash.watch

    def _connect_clocks(self) -> None:
        rcc, machine = self.rcc, self.machine
        self.flash.set_clocks(lambda: (rcc.hclk_hz, self.pwr.scale))
        rcc.check_core = self.pwr.check = self._check_core
        rcc.on_memories = self._clock_memories
        rcc.on_security = lambda pending: machine.exceptions.set_level(Number.NMI - FIRST_INTERRUPT, pending)

    def _check_core(self) -> None:
        rcc = self.rcc
        complaint = self.pwr.complaint(rcc.core_hz, rcc.hclk_hz, max(rcc.apb_hz(n) for n in (1, 2, 3, 4)))
        if complaint is not None:
            raise rcc.refusal(complaint)
        self.flash.check_wait_states()

    def _clock_memories(self, enabled: int) -> None:
        for n, (_, start, size, _) in enumerate(_CLOCKED):
            if enabled >> n & 1:
                self.machine.cpu.ask_for_writes(start, size, False)
            else:
                self.machine.cpu.close(start, size)

    def _ignores_bus_fault(self, address: int) -> bool:
        """Whether a load that the flash refuses is no fault; it must not have gone through the data cache."""
        if not self.scb.ignores_bus_faults or self.machine.exceptions.execution_priority() >= 0:
            return False
        if self.scb.has_data_cache and not self.mpu.holds_in_fault_handlers:
            raise self.mpu.refusal(
                f"CTRL: without HFNMIENA no region holds with faults masked, and the data cache keeps 0x{address:08X} "
                "(PM0214 4.2.6)"
            )
        return True

    def _add_core(self, interrupts: int) -> list[RegisterBlock]:
        machine, exceptions = self.machine, self.machine.exceptions
        caches = Caches()
        scb = Scb(exceptions, partial(self.want_reset, clock_tree.SOFTWARE_RESET), caches)
        machine.on_fault = scb.note_fault
        self.flash.ignores_faults = self._ignores_bus_fault
        self.mpu = Mpu(machine.cpu.ask_for_writes)
        machine.is_guarded = exceptions.forbids = self.mpu.forbids
        exceptions.on_stack_fault = lambda: scb.note_fault(Number.MEMORY_FAULT, 1 << 4, None)  # MSTKERR
        self.mpu.on_regions = scb.on_data_cache = self._check_coherency
        self.scb = scb
        debug, systick, nvic = CoreDebug(), SysTick(machine), Nvic(exceptions, interrupts)
        dwt = Dwt(machine, debug)
        for block, size in ((systick, 0x10), (nvic, 0x500), (scb, 0x90), (self.mpu, 0x30), (debug, 0x10)):
            machine.add(block, size)
        machine.add(dwt, 0x1000)
        machine.add(scb, 0x10, 0x230)
        machine.add(caches, 0x60)
        return [systick, nvic, scb, self.mpu, debug, dwt, caches]

    def _add_dma(self) -> None:
        gates = self.rcc.gate("AHB1ENR", 0), self.rcc.gate("AHB1ENR", 1)
        self.dmamux = Dmamux(gates)
        self.dma = [
            Dma(
                self.machine, self.machine.exceptions, gate, n + 1, self.dmamux, self._is_cacheable,
                self._has_memory_clock,
            )
            for n, gate in enumerate(gates)
        ]  # fmt: skip
        self.dmamux.check_stopped = self._check_stopped
        self.rcc.blocks_of |= {("AHB1RSTR", 0): (self.dma[0],), ("AHB1RSTR", 1): (self.dma[1],)}

    def _check_stopped(self, channel: int) -> None:
        if self.dma[channel // 8].is_enabled(channel % 8):
            raise self.dmamux.refusal(f"C{channel}CR is written while its stream runs (18.4.4)")

    def _is_cacheable(self, address: int, size: int) -> bool:
        return self.scb.has_data_cache and self.mpu.is_cacheable(address, size)

    def _check_coherency(self) -> None:
        for controller in self.dma:
            controller.check_coherency()

    def _has_memory_clock(self, address: int) -> bool:
        enabled = self.rcc.values["AHB2ENR"] >> 29 & 7
        return not any(
            start <= address < start + size and not enabled >> n & 1 for n, (_, start, size, _) in enumerate(_CLOCKED)
        )

    def _add_audio(self, revision: str) -> None:
        rcc, machine = self.rcc, self.machine
        gates = {1: ("APB2", 22), 2: ("APB2", 23), 3: ("APB2", 24), 4: ("APB4", 21)}
        # SAI4 has requests of BDMA alone, which is not modelled.
        self.sai = {
            n: Sai(n, machine, rcc, rcc.gate(f"{bus}ENR", bit), self.dma if n < 4 else [], revision)
            for n, (bus, bit) in gates.items()
        }
        for n, (bus, bit) in gates.items():
            self.sai[n].units = self.sai
            rcc.blocks_of[f"{bus}RSTR", bit] = (self.sai[n],)

    def _connect_converters(self, codec: str | None) -> None:
        if codec is None:
            wired = connect_converters(self.block, self.pins, "SAI3_A")
        else:
            self.codec = CODECS[codec]()
            self.i2c[1].devices[self.codec.ADDRESS] = self.codec
            wired = connect_codec(self.block, self.pins, self.codec, "SAI1_B")
        self.dacs, self.adc, self.recorder = wired

    def _add_i2c(self) -> None:
        rcc = self.rcc
        gates = {1: ("APB1L", 21), 2: ("APB1L", 22), 3: ("APB1L", 23), 4: ("APB4", 7)}
        self.i2c = {
            n: I2c(n, self.machine, rcc.gate(f"{bus}ENR", bit), partial(rcc.i2c_hz, n), self.pins)
            for n, (bus, bit) in gates.items()
        }
        for n, (bus, bit) in gates.items():
            rcc.blocks_of[f"{bus}RSTR", bit] = (self.i2c[n],)

    def block(self, name: str) -> SaiBlock:
        """Give a block such as 'SAI1_A'."""
        return self.sai[int(name[3])].blocks[name[5]]

    # --- memory

    def _write_protected(self, address: int, size: int, value: int) -> bool:
        if flash_module.START <= address < flash_module.START + flash_module.BYTES:
            return self.flash.program(address, size, value)
        if self.mpu.forbids(address, size):
            return False
        self._check_memory_clock(address)
        # A neighbour of a guard, on the same page.
        self.machine.cpu.write(address, value.to_bytes(size, "little"))
        return True

    def _read_protected(self, address: int, size: int) -> bool:
        if flash_module.START <= address < flash_module.START + flash_module.BYTES:
            return self.flash.check_read(address, size)
        self._check_memory_clock(address)
        return False

    def _check_memory_clock(self, address: int) -> None:
        if not self._has_memory_clock(address):
            raise HardwareRefusalError(
                f"0x{address:08X} at pc 0x{self.machine.cpu.pc:08X}: that memory has no clock (RCC_AHB2ENR, 8.7.42)"
            )

    # --- the board

    def _memories(self) -> list[tuple[int, int]]:
        return [(start, size) for _, start, size, _ in MEMORIES]

    def _power_on_reset(self) -> int:
        self.pwr.power_on()
        return clock_tree.POWER_RESET

    def _pin_reset(self) -> int:
        return clock_tree.PIN_RESET

    def _after_reset(self) -> None:
        self._clock_memories(0)

    @property
    def controllers(self) -> list[Dma]:
        """Both DMA controllers."""
        return self.dma

    # sai.c in firmware/port: stream 4 of DMA1 receives, and asks for the pipeline.
    recording_stream = (0, 4)
    interrupt_names: ClassVar[dict[int, str]] = {
        usart_module.INTERRUPT: "USART3",
        **{
            interrupt: f"DMA{number} stream {n}"
            for number, interrupts in dma_module.INTERRUPTS.items()
            for n, interrupt in enumerate(interrupts)
        },
    }

    @property
    def races(self) -> int:
        """Halves of a buffer that were written while a DAC read them."""
        return sum(block.races for unit in self.sai.values() for block in unit.blocks.values())

    @property
    def run_frames(self) -> int:
        """Frames that the ADC gives at once."""
        return self.recorder.run_frames

    def sample_rate_hz(self) -> int:
        """Frames a second, rounded down; 0 while the audio clock stands."""
        numerator, denominator = self.recorder.frame_rate() if self.recorder.is_running else (0, 1)
        return numerator // denominator


__all__ = ["Faults", "PowerCutError", "Stm32h743"]
