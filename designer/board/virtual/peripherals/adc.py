"""ADC1 with the temperature sensor, RM0090 13, and the factory's calibration of it, DS8626."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.rcc import Rcc
from designer.board.virtual.registers import Register, RegisterBlock

# Counts at 30 and 110 degrees: in the middle of what the data sheet's slope and offset give.
COUNTS_AT_30, COUNTS_AT_110 = 943, 1191
CALIBRATION_ADDRESS = 0x1FFF7A2C
_EOC, _STRT, _ADON, _SWSTART = 1 << 1, 1 << 4, 1 << 0, 1 << 30
_TSVREFE = 1 << 23
_SENSOR = 16
_SAMPLE_PERIODS = (3, 15, 28, 56, 84, 112, 144, 480)
_MOST_HZ = 36_000_000  # DS8626, "ADC characteristics"
_SENSOR_SECONDS = 10e-6  # DS8626, "Temperature sensor characteristics"


class AdcCommon(RegisterBlock):
    """What the three ADCs share, at 0x300 behind the first."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CSR", 0, 0, 0x3F3F3F),
        0x04: Register("CCR", 0, 0x00C3EF1F),
    }

    def __init__(self, rcc: Rcc) -> None:
        super().__init__("ADC", 0x40012300)
        self.is_clocked = rcc.gate("APB2ENR", 8)


class Adc(RegisterBlock):
    """Single conversions of one channel; only the sensor's has a voltage."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("SR", 0, 0, 0x3F),
        0x04: Register("CR1", 0, 0x07C0FFFF),
        0x08: Register("CR2", 0, 0x3F7F0F03, 0x40400000),
        0x0C: Register("SMPR1", 0, 0x07FFFFFF),
        0x10: Register("SMPR2", 0, 0x3FFFFFFF),
        0x2C: Register("SQR1", 0, 0x00FFFFFF),
        0x30: Register("SQR2", 0, 0x3FFFFFFF),
        0x34: Register("SQR3", 0, 0x3FFFFFFF),
        0x4C: Register("DR", 0, 0, 0xFFFF),
    }

    def __init__(self, machine: Machine, rcc: Rcc, common: AdcCommon) -> None:
        self._machine = machine
        self._rcc = rcc
        self._common = common
        self.celsius = 40
        super().__init__("ADC1", 0x40012000)
        self.is_clocked = rcc.gate("APB2ENR", 8)

    def write_CR2(self, value: int, before: int) -> None:
        """Start a conversion of the first channel of the sequence (13.13.3)."""
        if not value & _SWSTART:
            return
        if not before & _ADON:
            raise self.refusal("CR2: SWSTART while ADON is 0 (13.13.3)")
        clock_hz = self._rcc.apb2_hz // (2 * ((self._common.values["CCR"] >> 16 & 3) + 1))
        if clock_hz > _MOST_HZ:
            raise self.refusal(f"CCR: ADCCLK {clock_hz / 1e6:g} MHz, at most 36 (DS8626)")
        channel = self.values["SQR3"] & 0x1F
        code = (
            self.values["SMPR1"] >> 3 * (channel - 10) & 7 if channel >= 10 else self.values["SMPR2"] >> 3 * channel & 7
        )
        periods = _SAMPLE_PERIODS[code]
        if channel == _SENSOR and periods / clock_hz < _SENSOR_SECONDS:
            raise self.refusal(f"SMPR1: the sensor is sampled for {periods} periods, less than 10 us (DS8626)")
        self.values["SR"] |= _STRT
        self._machine.after((periods + 12) * SECOND // clock_hz, lambda: self._convert(channel))

    def _convert(self, channel: int) -> None:
        has_sensor = channel == _SENSOR and self._common.values["CCR"] & _TSVREFE
        counts = COUNTS_AT_30 + (COUNTS_AT_110 - COUNTS_AT_30) * (self.celsius - 30) // 80
        self.values["DR"] = counts if has_sensor else 0
        self.values["SR"] |= _EOC

    def read_DR(self) -> int:
        """Give the result, which clears EOC (13.13.14)."""
        self.values["SR"] &= ~_EOC
        return self.values["DR"]
