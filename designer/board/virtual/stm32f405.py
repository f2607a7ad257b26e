"""An STM32F405 with two DACs and an ADC: the whole board that an image runs on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

from designer import protocol
from designer.board.virtual.converters import Adc, Dac
from designer.board.virtual.errors import PowerCutError
from designer.board.virtual.exceptions import FIRST_INTERRUPT, Number
from designer.board.virtual.image import flash_contents
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals import dma as dma_module
from designer.board.virtual.peripherals import flash as flash_module
from designer.board.virtual.peripherals import rcc as rcc_module
from designer.board.virtual.peripherals import usart as usart_module
from designer.board.virtual.peripherals.adc import CALIBRATION_ADDRESS, COUNTS_AT_30, COUNTS_AT_110, AdcCommon
from designer.board.virtual.peripherals.adc import Adc as AdcBlock
from designer.board.virtual.peripherals.dma import Dma
from designer.board.virtual.peripherals.dwt import CoreDebug, Dwt
from designer.board.virtual.peripherals.flash import Flash
from designer.board.virtual.peripherals.gpio import Gpio, Pins
from designer.board.virtual.peripherals.iwdg import Iwdg
from designer.board.virtual.peripherals.mpu import Mpu
from designer.board.virtual.peripherals.nvic import Nvic
from designer.board.virtual.peripherals.pwr import Pwr
from designer.board.virtual.peripherals.rcc import Faults, Rcc
from designer.board.virtual.peripherals.scb import Scb
from designer.board.virtual.peripherals.spi_i2s import ERROR_INTERRUPT, HALFWORDS_PER_FRAME, I2s
from designer.board.virtual.peripherals.syscfg import Syscfg
from designer.board.virtual.peripherals.systick import SysTick
from designer.board.virtual.peripherals.tim11 import Tim11
from designer.board.virtual.peripherals.usart import Usart
from designer.board.virtual.registers import RegisterBlock
from designer.board.virtual.stm32_board import Stm32Board
from designer.board.virtual.system_memory import Rom, SystemMemory

INTERRUPTS = 82  # RM0090 12.1.1
SRAM_START, SRAM_BYTES = 0x20000000, 128 * 1024
CORE_COUPLED_START, CORE_COUPLED_BYTES = 0x10000000, 64 * 1024
_PERIPHERALS = 0x40000000, 0x40080000
# RM0090 2.4, table 2; AN2606
ROM = Rom(start=0x1FFF0000, size=0x1000, vectors=0x1FFF0000, device_id=0x413)
_SYSTEM_PAGE = CALIBRATION_ADDRESS & ~0x3FF


class Stm32f405(Stm32Board):
    """The board.

    Parameters
    ----------
    elf : Path
        The image in its flash.
    clock_faults : Faults, optional
        The crystal, and which PLL locks.
    seed : int
        Of the RAM's contents at power-on, and of what a supply that fails leaves in the flash.
    in_c : bool
        Whether instructions are counted by the hook in C; virtual time is the same without it.
    serial_in_c : bool
        Whether the registers of the serial line are answered in C, where no other code sees the accesses.
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
    ) -> None:
        super().__init__(Machine(in_c), seed)
        machine = self.machine
        self._map_memory(elf)
        exceptions = machine.exceptions
        self.rcc = Rcc(machine, clock_faults or Faults())
        self.pwr = Pwr(self.rcc)
        self.flash = Flash(machine, seed)
        self.flash.hclk_hz = lambda: self.rcc.hclk_hz
        self.rcc.check_core = self._check_core
        self.rcc.on_security = lambda pending: exceptions.set_level(Number.NMI - FIRST_INTERRUPT, pending)
        ports = [Gpio(letter, 0x40020000 + 0x400 * n, self.rcc.gate("AHB1ENR", n)) for n, letter in enumerate("ABC")]
        self.pins = Pins(ports)
        self.dma = Dma(machine, exceptions, self.rcc.gate("AHB1ENR", 21))
        self.usart = self._serial_line()
        self.rom = SystemMemory(machine, ROM, self.flash, self.usart, partial(self.reset, rcc_module.SOFTWARE_RESET))
        machine.on_change, machine.on_sleep = self.usart.forget_checks, self.rom.sleep
        self.iwdg = Iwdg(machine, partial(self.want_reset, rcc_module.WATCHDOG_RESET))
        self._add_converters()
        scb = Scb(exceptions, partial(self.want_reset, rcc_module.SOFTWARE_RESET))
        machine.on_fault = scb.note_fault
        self.mpu = Mpu(machine.cpu.ask_for_writes)
        machine.is_guarded = self.mpu.forbids
        exceptions.forbids = self.mpu.forbids
        exceptions.on_stack_fault = lambda: scb.note_fault(Number.MEMORY_FAULT, 1 << 4, None)  # MSTKERR
        common, debug, systick, nvic = AdcCommon(self.rcc), CoreDebug(), SysTick(machine), Nvic(exceptions, INTERRUPTS)
        self.adc_block = AdcBlock(machine, self.rcc, common)
        dwt, self.tim11 = (
            Dwt(machine, debug),
            Tim11(machine, self.rcc.gate("APB2ENR", 18), lambda: self.rcc.timer2_hz, lambda: self.rcc.rtc_source_hz),
        )
        self.syscfg = Syscfg(self.rcc)
        self._blocks: list[RegisterBlock] = [
            self.rcc, self.pwr, self.flash, *ports, self.dma, self.usart, self.iwdg, self.spi2, self.spi3,
            self.i2s2ext, scb, common, self.adc_block, debug, dwt, systick, self.mpu, nvic, self.tim11, self.syscfg,
        ]  # fmt: skip
        for block in self._blocks[:12]:
            machine.add(block)
        machine.add(self.tim11)
        machine.add(self.syscfg)
        for block, size in ((self.adc_block, 0x100), (common, 0x100), (systick, 0x10), (nvic, 0x400)):
            machine.add(block, size)
        for block, size in ((scb, 0x90), (self.mpu, 0x30), (debug, 0x10), (dwt, 0x1000)):
            machine.add(block, size)
        machine.add(scb, 0x10, 0x230)
        # The line of bytes is on a page of its own, some of whose accesses are answered in C.
        compiled = self.usart.compiled_registers() if in_c and serial_in_c else None
        page = self.usart.base & ~0xFFF
        machine.map_registers(page, 0x1000, compiled)
        machine.map_registers(_PERIPHERALS[0], page - _PERIPHERALS[0])
        machine.map_registers(page + 0x1000, _PERIPHERALS[1] - page - 0x1000)
        machine.map_registers(0xE0001000, 0x1000)
        machine.map_registers(0xE000E000, 0x1000)
        self.power_on()

    def _serial_line(self) -> Usart:
        gate = self.rcc.gate("APB2ENR", 4)
        return Usart(self.machine, gate, lambda: self.rcc.apb2_hz, self.pins, protocol.BAUD_RATE)

    def _map_memory(self, elf: Path) -> None:
        cpu = self.machine.cpu
        contents = flash_contents(elf, flash_module.START, flash_module.BYTES)
        cpu.map_memory(flash_module.START, contents, writable=False, executable=True)
        cpu.map_memory(SRAM_START, bytes(SRAM_BYTES), writable=True, executable=True)
        cpu.map_memory(CORE_COUPLED_START, bytes(CORE_COUPLED_BYTES), writable=True)
        cpu.map_memory(_SYSTEM_PAGE, b"\xff" * 0x400, writable=False)
        calibration = COUNTS_AT_30.to_bytes(2, "little") + COUNTS_AT_110.to_bytes(2, "little")
        cpu.write(CALIBRATION_ADDRESS, calibration)
        cpu.on_protected_write = self._write_protected

    def _add_converters(self) -> None:
        machine, dma, rcc, pins = self.machine, self.dma, self.rcc, self.pins
        self.spi2 = I2s("SPI2", 0x40003800, rcc.gate("APB1ENR", 14), machine, dma, rcc)
        self.spi3 = I2s("SPI3", 0x40003C00, rcc.gate("APB1ENR", 15), machine, dma, rcc)
        self.i2s2ext = I2s("I2S2ext", 0x40003400, rcc.gate("APB1ENR", 14), machine, dma, rcc)
        self.spi2.slave, self.i2s2ext.master = self.i2s2ext, self.spi2
        clocks = {"PB12": "I2S2_WS", "PB13": "I2S2_CK"}
        self.dacs = (
            Dac({**clocks, "PB15": "I2S2_SD"}, pins),
            Dac({"PA4": "I2S3_WS", "PC10": "I2S3_CK", "PC12": "I2S3_SD"}, pins),
        )
        wires = {**clocks, "PC6": "I2S2_MCK", "PB14": "I2S2ext_SD"}
        self.adc = Adc(wires, pins, lambda: self.spi2.has_master_clock)
        self.spi2.on_sent, self.spi3.on_sent = self.dacs[0].play, self.dacs[1].play
        self.i2s2ext.incoming = self.adc.record
        self.i2s2ext.on_error = lambda is_high: machine.exceptions.set_level(ERROR_INTERRUPT, is_high)
        rcc.blocks_of |= {
            ("APB1RSTR", 14): (self.spi2, self.i2s2ext),
            ("APB1RSTR", 15): (self.spi3,),
            ("AHB1RSTR", 21): (dma,),
        }

    def _check_core(self, hclk_hz: int) -> None:
        self.flash.check_wait_states(hclk_hz)
        self.pwr.check(hclk_hz)

    def _write_protected(self, address: int, size: int, value: int) -> bool:
        if flash_module.START <= address < flash_module.START + flash_module.BYTES:
            return self.flash.program(address, size, value)
        if self.mpu.forbids(address, size) or not SRAM_START <= address < SRAM_START + SRAM_BYTES:
            return False
        # A neighbour of a guard, on the same page.
        self.machine.cpu.write(address, value.to_bytes(size, "little"))
        return True

    def _memories(self) -> tuple[tuple[int, int], ...]:
        return (SRAM_START, SRAM_BYTES), (CORE_COUPLED_START, CORE_COUPLED_BYTES)

    def _power_on_reset(self) -> int:
        return rcc_module.POWER_RESET

    def _pin_reset(self) -> int:
        # The pin is released by every reset, the core's own as well (RM0090 7.1.1): PINRSTF always comes along.
        return rcc_module.PIN_RESET

    def _after_reset(self) -> None:
        """Do nothing: the resets of its blocks restore all that there is."""

    @property
    def controllers(self) -> tuple[Dma, ...]:
        """DMA controllers."""
        return (self.dma,)

    # audio.c and i2s.c in firmware/port: the stream that receives asks for the pipeline.
    recording_stream = (0, 3)
    interrupt_names: ClassVar[dict[int, str]] = {
        usart_module.INTERRUPT: "USART1",
        **{interrupt: f"DMA1 stream {n}" for n, interrupt in enumerate(dma_module.INTERRUPTS)},
    }

    @property
    def races(self) -> int:
        """Halves of a buffer that were written while a DAC read them."""
        return self.spi2.races + self.spi3.races

    @property
    def run_frames(self) -> int:
        """Frames that the ADC gives at once."""
        return self.i2s2ext.run_frames

    def sample_rate_hz(self) -> int:
        """Frames a second, rounded down; 0 while the audio clock stands."""
        numerator, denominator = self.spi2.halfword_rate() if self.spi2.is_running else (0, 1)
        return int(numerator // (denominator * HALFWORDS_PER_FRAME))


__all__ = ["Faults", "PowerCutError", "Stm32f405"]
