"""TDM codecs at the end of a line: registers over I2C that say whether and in which format they play.

Of each part only what the format depends on is modelled; other registers keep what is written.

Sources: PCM3168A data sheet (Texas Instruments, SBAS452), "Register map"; CS42448 data sheet (Cirrus Logic, DS648),
"Register description" and "TDM".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

_INCREMENT = 0x80


@dataclass
class RegisterDevice:
    """A device whose first byte is a register's number, which counts on if its top bit is set.

    Attributes
    ----------
    registers : dict
        Number -> value.
    highest : int
        Number of the last register: writes beyond are not acknowledged.
    """

    registers: dict[int, int] = field(default_factory=dict)
    highest: int = 0x7F
    _at: int = 0
    _counts_on: bool = False
    _expects_number: bool = False

    def begin(self, reads: bool) -> bool:
        """Take a start."""
        self._expects_number = not reads
        return True

    def write(self, byte: int) -> bool:
        """Take a register's number, or its value."""
        if self._expects_number:
            self._expects_number = False
            self._at, self._counts_on = byte & 0x7F, self.counts_on(byte)
            return self._at <= self.highest
        if self._at > self.highest:
            return False
        self.registers[self._at] = byte
        self._step()
        return True

    def counts_on(self, byte: int) -> bool:
        """Whether further bytes go to further registers."""
        return bool(byte & _INCREMENT)

    def _step(self) -> None:
        if self._counts_on:
            self._at += 1

    def read(self) -> int:
        """Give a register's value."""
        value = self.registers.get(self._at, 0)
        self._step()
        return value


@dataclass(frozen=True)
class TdmFormat:
    """Where a codec looks for its channels.

    Attributes
    ----------
    rises : bool
        Whether the frame begins with the rising edge of the frame's signal.
    delay : int
        Clocks from that edge to the first bit.
    """

    rises: bool
    delay: int


class Pcm3168a(RegisterDevice):
    """Eight channels of DAC and six of ADC; registers 65 and 66 are of the DACs, 81 and 82 of the ADCs."""

    ADDRESS = 0x44
    # Formats 6 and 7: I2S and left-justified, with all channels on one line.
    _FORMATS: ClassVar[dict[int, TdmFormat]] = {0x6: TdmFormat(False, 1), 0x7: TdmFormat(True, 0)}

    def __init__(self) -> None:
        super().__init__({0x40: 0xC0, 0x41: 0x80, 0x42: 0x00, 0x51: 0x00, 0x52: 0x00}, 0x5E)

    def counts_on(self, byte: int) -> bool:
        """Further bytes always go to further registers."""
        return True

    @property
    def is_master(self) -> bool:
        """Whether MSDA or MSAD let it drive the clocks."""
        return bool(self.registers[0x41] & 0x70 or self.registers[0x51] & 0x70)

    @property
    def output(self) -> TdmFormat | None:
        """Format of the DACs; None while they are in reset or off, or not on one line."""
        works = self.registers[0x40] & 0xC0 == 0xC0 and not self.registers[0x42] & 0xF0 and not self.is_master
        return self._FORMATS.get(self.registers[0x41] & 0xF) if works else None

    @property
    def input(self) -> TdmFormat | None:
        """Format of the ADCs; None while they are in reset or off, or not on one line."""
        works = self.registers[0x40] & 0xC0 == 0xC0 and not self.registers[0x52] & 0x70 and not self.is_master
        return self._FORMATS.get(self.registers[0x51] & 0x7) if works else None


class Cs42448(RegisterDevice):
    """Eight channels of DAC and six of ADC; registers 2 (power), 4 (interface) and 7 (mute) matter."""

    ADDRESS = 0x48
    _TDM = 6

    def __init__(self) -> None:
        super().__init__({0x01: 0x04, 0x02: 0x00, 0x03: 0xF0, 0x04: 0x46, 0x07: 0x00}, 0x1B)

    @property
    def output(self) -> TdmFormat | None:
        """Format of the DACs; None while any is powered down or muted, or not on one line."""
        works = not self.registers[0x02] & 0x1F and not self.registers[0x07]
        return TdmFormat(True, 1) if works and self.registers[0x04] >> 3 & 7 == self._TDM else None

    @property
    def input(self) -> TdmFormat | None:
        """Format of the ADCs; None while ADC1 is powered down, or they are not on one line."""
        works = not self.registers[0x02] & 0x21
        return TdmFormat(True, 1) if works and self.registers[0x04] & 7 == self._TDM else None


Codec = Pcm3168a | Cs42448
CODECS: dict[str, type[Pcm3168a] | type[Cs42448]] = {"pcm3168a": Pcm3168a, "cs42448": Cs42448}
