"""ADC3 with the temperature sensor, RM0433 25, and the calibration of it by the factory, DS12110."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.registers import Register, RegisterBlock

# Counts of 16 bits at 30 degrees and at the high calibration: 2 mV a degree of 3.3 V.
COUNTS_AT_30, COUNTS_A_DEGREE = 12300, 40
HIGH_CELSIUS = {"Y": 110, "V": 130}
_ADEN, _ADDIS, _ADSTART, _ADVREGEN, _DEEPPWD, _ADCAL = 1 << 0, 1 << 1, 1 << 2, 1 << 28, 1 << 29, 1 << 31
_ADRDY, _EOC, _EOS = 1 << 0, 1 << 2, 1 << 3
_TSEN = 1 << 23
_SENSOR = 18
_HALF_PERIODS = (3, 5, 17, 33, 65, 129, 775, 1621)  # sampling times (25.6.5)
_PRESCALERS = (1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256)
_MOST_HZ = 36_000_000  # DS12110, BOOST 3; 25.4.3 for less
_MOST_HZ_BY_BOOST = (6_250_000, 12_500_000, 25_000_000, 50_000_000)
_SENSOR_SECONDS = 9e-6  # DS12110: least sampling time
# DS12110: periods of a calibration of the offset, and of linearity as well (ADCALLIN)
_CALIBRATIONS = (1335, 165010)
_REGULATOR = 10 * SECOND // 10**6
_READY = 5 * SECOND // 10**6


class AdcCommon(RegisterBlock):
    """What belongs to ADC3 alone here: prescaler and the sensor's supply (25.7.2)."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CSR", 0, 0, 0x07FF07FF),
        0x08: Register("CCR", 0, 0x01FFCF1F),
    }

    def __init__(self, gate: Callable[[], bool]) -> None:
        super().__init__("ADC3_Common", 0x58026300)
        self.is_clocked = gate


class Adc(RegisterBlock):
    """Single conversions of one channel; only the sensor's has a voltage."""

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("ISR", 0, 0, 0x7FF),
        0x04: Register("IER", 0, 0x7FF),
        0x08: Register("CR", _DEEPPWD, 0xFFC1033F),
        0x0C: Register("CFGR", 0x80000000, 0xFFFF7FFF),
        0x10: Register("CFGR2", 0, 0xF3FF7FE3),
        0x14: Register("SMPR1", 0, 0x3FFFFFFF),
        0x18: Register("SMPR2", 0, 0x3FFFFFFF),
        0x1C: Register("PCSEL", 0, 0xFFFFF),
        0x30: Register("SQR1", 0, 0x1F7DF7CF),
        0x40: Register("DR", 0, 0, 0xFFFFFFFF),
    }

    def __init__(
        self,
        machine: Machine,
        gate: Callable[[], bool],
        clock_hz: Callable[[], int],
        common: AdcCommon,
        revision: str,
    ) -> None:
        self._machine, self._clock_hz, self._common, self._revision = machine, clock_hz, common, revision
        self.celsius = 40
        super().__init__("ADC3", 0x58026000)
        self.is_clocked = gate

    def reset(self) -> None:
        """Return to deep power-down."""
        super().reset()
        self._regulated_at: int | None = None
        self._is_calibrated = False

    def _hz(self) -> int:
        """Clock of the converter: the kernel's behind PRESC, halved from revision V on (25.4.3)."""
        control = self._common.values["CCR"]
        if control >> 16 & 3:
            raise self.refusal("CCR: CKMODE other than 0 is not modelled")
        hz = self._clock_hz() // _PRESCALERS[min(control >> 18 & 0xF, 11)]
        return hz if self._revision == "Y" else hz // 2

    def write_ISR(self, value: int, before: int) -> None:
        """Clear flags by writing ones (25.6.1)."""
        self.values["ISR"] = before & ~value

    def write_CR(self, value: int, before: int) -> None:
        """Leave power-down, calibrate, switch on, convert (25.4.6 to 25.4.12); ones of orders stay until done."""
        orders = before & (_ADEN | _ADSTART | _ADCAL)
        self.values["CR"] |= orders
        rising = value & ~before
        if value & _ADVREGEN and value & _DEEPPWD:
            raise self.refusal("CR: ADVREGEN while DEEPPWD is set (25.4.6)")
        if rising & _ADVREGEN:
            self._regulated_at = self._machine.now + _REGULATOR
        elif not value & _ADVREGEN:
            self._regulated_at = None
        if rising & (_ADCAL | _ADEN):
            self._check_regulator()
        if rising & _ADCAL:
            if before & _ADEN:
                raise self.refusal("CR: ADCAL while ADEN is set (25.4.8)")
            periods = _CALIBRATIONS[value >> 16 & 1]
            self._machine.after(periods * SECOND // max(1, self._hz()), self._end_calibration)
        if rising & _ADEN:
            if before & _ADCAL:
                raise self.refusal("CR: ADEN while a calibration runs (25.4.9)")
            self._machine.after(_READY, self._get_ready)
        if value & _ADDIS:
            self.values["CR"] &= ~(_ADEN | _ADDIS)
            self.values["ISR"] &= ~_ADRDY
        if rising & _ADSTART:
            self._start()

    def _check_regulator(self) -> None:
        if self._regulated_at is None or self._machine.now < self._regulated_at:
            raise self.refusal("CR: ADCAL or ADEN ahead of 10 us behind ADVREGEN (25.4.6, DS12110)")

    def _end_calibration(self) -> None:
        self.values["CR"] &= ~_ADCAL
        self._is_calibrated = True

    def _get_ready(self) -> None:
        if self.values["CR"] & _ADEN:
            self.values["ISR"] |= _ADRDY

    def _start(self) -> None:
        if not self.values["ISR"] & _ADRDY and not self.values["CR"] & _ADEN:
            raise self.refusal("CR: ADSTART while ADEN is 0 (25.4.12)")
        clock_hz, boost = self._hz(), self.values["CR"] >> 8 & 3
        if not 0 < clock_hz <= min(_MOST_HZ, _MOST_HZ_BY_BOOST[boost]):
            raise self.refusal(f"CR: clock {clock_hz / 1e6:g} MHz with BOOST {boost} (25.6.3, DS12110)")
        channel = self.values["SQR1"] >> 6 & 0x1F
        if self.values["SQR1"] & 0xF or not self.values["PCSEL"] >> channel & 1:
            raise self.refusal("SQR1, PCSEL: one conversion alone is modelled, of a channel that PCSEL has (25.4.12)")
        register, shift = ("SMPR2", 3 * (channel - 10)) if channel >= 10 else ("SMPR1", 3 * channel)
        half_periods = _HALF_PERIODS[self.values[register] >> shift & 7]
        if channel == _SENSOR and half_periods / (2 * clock_hz) < _SENSOR_SECONDS:
            raise self.refusal(f"{register}: the sensor is sampled for {half_periods / 2:g} periods, less than 9 us")
        duration = (half_periods + 17) * SECOND // (2 * clock_hz)
        self._machine.after(duration, lambda: self._convert(channel))

    def _convert(self, channel: int) -> None:
        has_sensor = channel == _SENSOR and self._common.values["CCR"] & _TSEN
        self.values["DR"] = COUNTS_AT_30 + COUNTS_A_DEGREE * (self.celsius - 30) if has_sensor else 0
        self.values["CR"] &= ~_ADSTART
        self.values["ISR"] |= _EOC | _EOS

    def read_DR(self) -> int:
        """Give the result, which clears EOC (25.6.18)."""
        self.values["ISR"] &= ~_EOC
        return self.values["DR"]


def calibration(revision: str) -> dict[int, int]:
    """Give the factory's counts by address."""
    high = HIGH_CELSIUS[revision]
    return {0x1FF1E820: COUNTS_AT_30, 0x1FF1E840: COUNTS_AT_30 + COUNTS_A_DEGREE * (high - 30)}
