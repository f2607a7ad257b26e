"""SPI2 and SPI3 as I2S, and I2S2ext, RM0090 28: the serial audio's timing, its order of half-words, its flags.

Half-buffer mode, for speed: data go in runs up to the next half or end of a DMA stream. A run that is played is read
when it begins and compared with the memory when it ends: what changed in between came too late, and is counted as a
race. Frame-accurate mode: every half-word by itself, and memory is read as early as by hardware. A transmitter has
one half-word in its shift register, one in DR, and DMA has fetched a third (10.3.12, direct mode).

In both modes NDTR counts a transmitter's half-words when they reach DR, two ahead of the wire.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from designer.board.virtual.events import SECOND, Event
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.dma import Dma
from designer.board.virtual.peripherals.rcc import Rcc
from designer.board.virtual.registers import Register, RegisterBlock

HALFWORDS_PER_FRAME = 4  # two channels of 32 bits
_RXDMAEN, _TXDMAEN, _ERRIE = 1 << 0, 1 << 1, 1 << 5
_RXNE, _TXE, _OVR, _BSY, _TIFRFE = 1 << 0, 1 << 1, 1 << 6, 1 << 7, 1 << 8
ERROR_INTERRUPT = 36  # SPI2's, RM0090 12.1.3
_CHLEN, _I2SE, _I2SMOD = 1 << 0, 1 << 10, 1 << 11
_SLAVE_RECEIVE, _MASTER_TRANSMIT = 1, 2
_MCKOE = 1 << 9
# Half-words that a transmit stream is ahead of the wire: one in DR. The FIFO has one more.
LEAD = 2
_FETCHED = LEAD + 1


class I2s(RegisterBlock):
    """One block in I2S mode.

    Parameters
    ----------
    name : str
        'SPI2', 'SPI3' or 'I2S2ext'.
    base : int
    gate : callable
        Whether its clock is on.
    machine, dma, rcc
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("CR1", 0, 0xFFFF),
        0x04: Register("CR2", 0, 0x00F7),
        0x08: Register("SR", 0x02, 0, 0x1FF),
        0x0C: Register("DR", 0, 0xFFFF),
        0x1C: Register("I2SCFGR", 0, 0x0FBF),
        0x20: Register("I2SPR", 0x10, 0x03FF),
    }

    def __init__(self, name: str, base: int, gate: Callable[[], bool], machine: Machine, dma: Dma, rcc: Rcc) -> None:
        self._machine, self._dma, self._rcc = machine, dma, rcc
        # What the wires are connected to: half-words that leave, half-words that come.
        self.on_sent: Callable[[int, bytes], None] = lambda first, data: None
        self.incoming: Callable[[int, int], bytes] = lambda first, count: bytes(2 * count)
        # Told the level of the interrupt for errors; I2S2ext shares that of SPI2.
        self.on_error: Callable[[bool], None] = lambda is_high: None
        # Of a slave: the block that clocks it.
        self.master: I2s | None = None
        self.slave: I2s | None = None
        self.frame_accurate = False
        self.races = 0
        self.enabled_at = 0
        self._event: Event | None = None
        super().__init__(name, base)
        self.is_clocked = gate

    def reset(self) -> None:
        """Stop."""
        super().reset()
        self._cancel()
        self._start, self._moved, self._run = 0, 0, 0
        self._snapshot = b""
        self._fetched: list[bytes] = []
        self._stream: int | None = None
        self._lost = 0
        self._dr_read = False
        self._set_line()

    # --- registers

    def write_I2SCFGR(self, value: int, before: int) -> None:
        """Configure while off, then start (28.5.8)."""
        if before & value & _I2SE and value != before:
            raise self.refusal(f"I2SCFGR = 0x{value:04X} while I2SE is set (28.5.8)")
        if value & _I2SE and not before & _I2SE:
            self._enable()
        elif before & _I2SE and not value & _I2SE:
            self._stop()

    def write_CR2(self, value: int, before: int) -> None:
        """Enable requests and the interrupt for errors (28.5.2)."""
        if (value ^ before) & (_RXDMAEN | _TXDMAEN) and self._event is not None:
            raise self.refusal(f"CR2 = 0x{value:02X}: requests of a block that runs: not modelled")
        self._set_line()

    def _set_line(self) -> None:
        self.on_error(bool(self.values["CR2"] & _ERRIE and self.values["SR"] & (_OVR | _TIFRFE)))

    def write_I2SPR(self, value: int, before: int) -> None:
        """Set the divider, from 2 on and while off (28.5.9)."""
        if self.values["I2SCFGR"] & _I2SE:
            raise self.refusal("I2SPR is written while I2SE is set (28.5.9)")
        if value & 0xFF < 2:
            raise self.refusal(f"I2SPR: I2SDIV {value & 0xFF}, allowed from 2 (28.5.9)")

    def read_DR(self) -> int:
        """Read what came; the first half of clearing OVR (28.4.8)."""
        self._dr_read = True
        self.values["SR"] &= ~_RXNE
        return self.values["DR"]

    def read_SR(self) -> int:
        """Read the flags, which clears FRE, and OVR behind a read of DR (28.4.8)."""
        value = self.values["SR"] | (_BSY if self._event is not None else 0)
        self.values["SR"] &= ~_TIFRFE
        if self._dr_read and value & _OVR:
            self.values["SR"] &= ~_OVR
            self._hear_again()
        self._dr_read = False
        self._set_line()
        return value

    # --- timing

    @property
    def _mode(self) -> int:
        return self.values["I2SCFGR"] >> 8 & 3

    def halfword_rate(self) -> tuple[int, int]:
        """Half-words a second as a fraction (28.4.4): 256 clocks a frame with MCKOE, else 64."""
        numerator, denominator = self._rcc.i2s_clock()
        divider = 2 * (self.values["I2SPR"] & 0xFF) + (self.values["I2SPR"] >> 8 & 1)
        clocks = 256 if self.values["I2SPR"] & _MCKOE else 64
        return numerator * HALFWORDS_PER_FRAME, denominator * divider * clocks

    @property
    def has_master_clock(self) -> bool:
        """Whether the block puts out 256 times the sample rate."""
        return self.is_running and bool(self.values["I2SPR"] & _MCKOE)

    @property
    def is_running(self) -> bool:
        """Whether the block is on and has a clock."""
        return bool(self.values["I2SCFGR"] & _I2SE) and (self.master or self).halfword_rate()[0] > 0

    def _enable(self) -> None:
        if self.values["I2SCFGR"] & 0x3F & ~0x8 != _CHLEN | 2 << 1 or not self.values["I2SCFGR"] & _I2SMOD:
            raise self.refusal(f"I2SCFGR = 0x{self.values['I2SCFGR']:04X}: only Philips with 32 bits is modelled")
        self.enabled_at = self._machine.now
        if self._mode == _MASTER_TRANSMIT:
            if self.halfword_rate()[0] == 0:
                raise self.refusal("I2SCFGR: I2SE without a clock from PLLI2S (7.3.1)")
            self._begin_at(self._machine.now)
            if self.slave is not None and self.slave.values["I2SCFGR"] & _I2SE:
                self.slave._begin_at(self._machine.now)
        elif self._mode == _SLAVE_RECEIVE and self.master is not None:
            if self.master.values["I2SCFGR"] & _I2SE:
                raise self.refusal(
                    "I2SCFGR: the slave starts while WS moves, and may begin with a wrong channel (ES0182)"
                )
        else:
            raise self.refusal(f"I2SCFGR: mode {self._mode} is not modelled for this block")

    def _cancel(self) -> None:
        if self._event is not None:
            self._event.cancelled = True
            self._event = None

    def _stop(self) -> None:
        self._cancel()
        if self.slave is not None:
            self.slave._stop()

    def _begin_at(self, time: int) -> None:
        self._start, self._moved, self._lost = time, 0, 0
        self._fetched.clear()
        self._begin_run()

    def _time_of(self, halfwords: int) -> int:
        numerator, denominator = (self.master or self).halfword_rate()
        return self._start + halfwords * SECOND * denominator // numerator

    def _elapsed(self) -> int:
        """Half-words of the present run that have passed."""
        numerator, denominator = (self.master or self).halfword_rate()
        passed = (self._machine.now - self._start) * numerator // (SECOND * denominator)
        return max(0, min(int(passed) - self._moved - self._lost, self._run))

    def _progress(self) -> int:
        """Items that DMA has moved beyond those of whole runs."""
        if self._event is None:
            return 0
        return self._elapsed() + (LEAD if self._mode == _MASTER_TRANSMIT else 0)

    @property
    def run_frames(self) -> int:
        """Frames that are moved at once."""
        return max(1, self._run // HALFWORDS_PER_FRAME)

    def _find_stream(self) -> int | None:
        if self._mode == _MASTER_TRANSMIT:
            on, request = self.values["CR2"] & _TXDMAEN, f"{self.name}_TX"
        else:
            on, request = self.values["CR2"] & _RXDMAEN, "I2S2_EXT_RX"
        return self._dma.serving(request, self.base + 0x0C, self._mode == _MASTER_TRANSMIT) if on else None

    def _begin_run(self) -> None:
        """Begin the next run of half-words, where there is a clock."""
        if not self.is_running:
            self._event = None
            return
        self._stream = self._find_stream()
        self._run = 1 if self.frame_accurate else HALFWORDS_PER_FRAME
        if self._stream is not None:
            self._run = 1 if self.frame_accurate else self._dma.items_to_mark(self._stream)
            self._dma.progress[self._stream] = self._progress
            if self._mode == _MASTER_TRANSMIT:
                self._fetch(self._stream)
        self._await_end()

    def _fetch(self, stream: int) -> None:
        """Read what the present run sends, and in frame-accurate mode what hardware reads by now."""
        if not self.frame_accurate:
            self._fetched.clear()
            self._snapshot = self._dma.peek(stream, self._run)
            return
        while len(self._fetched) < _FETCHED:
            self._fetched.append(self._dma.peek_ahead(stream, len(self._fetched)))
        self._snapshot = self._fetched.pop(0)

    def _await_end(self) -> None:
        self._cancel()
        self._event = self._machine.events.at(self._time_of(self._moved + self._lost + self._run), self._end_run)
        self._machine.cpu.stop_soon()

    def _end_run(self) -> None:
        if not self.is_running:
            # The clock was lost in the middle: what is left of this run never leaves.
            self._event = None
            return
        first, stream = self._moved + self._lost, self._stream
        serves = stream is not None and self._dma.serving_still(stream)
        if self._mode == _MASTER_TRANSMIT:
            self._transmit(first, serves)
        elif serves and stream is not None:
            self._receive(stream, first, self._run)
        else:
            self.values["SR"] |= _RXNE | (_OVR if self.values["SR"] & _RXNE else 0)
        self._moved += self._run
        self._begin_run()

    def _receive(self, stream: int, first: int, count: int) -> None:
        self._dma.store(stream, self.incoming(first, count))
        self._dma.advance(stream, count)
        self._dr_read = True

    def _transmit(self, first: int, serves: bool) -> None:
        """Send a run; without DMA the last half-word is sent again and again, as TXE is not answered."""
        data = self._snapshot
        if serves and self._stream is not None:
            if not self.frame_accurate:
                self.races += self._dma.peek(self._stream, self._run) != data
            self._dma.advance(self._stream, self._run)
            self.values["DR"] = int.from_bytes(data[-2:], "little")
        else:
            data = self.values["DR"].to_bytes(2, "little") * self._run
        self.on_sent(first, data)

    # --- faults

    def overrun(self) -> None:
        """Lose what comes from now on, as when DMA was too late: DR is not updated until OVR is cleared (28.4.8)."""
        passed, stream = self._elapsed(), self._stream
        if passed and stream is not None and self._dma.serving_still(stream):
            self._receive(stream, self._moved + self._lost, passed)
            self._moved += passed
        self._cancel()
        self._dr_read = True  # by DMA, which takes the half-word of before
        self.values["SR"] |= _OVR
        self._set_line()

    def _hear_again(self) -> None:
        """Receive again: the half-words of meanwhile are lost, and words are shifted by so many."""
        if self._event is None and self.is_running:
            numerator, denominator = (self.master or self).halfword_rate()
            passed = (self._machine.now - self._start) * numerator // (SECOND * denominator)
            self._lost = max(self._lost, int(passed) + 1 - self._moved)
            self._begin_run()

    def lose_frame(self) -> None:
        """Let a slave see WS where it does not expect it: the words are shifted from then on (28.4.8)."""
        self.values["SR"] |= _TIFRFE
        self._lost += 1
        self._await_end()
        self._set_line()

    def underrun(self) -> None:
        """Send a half-word twice, as when DMA was too late: no flag tells, UDR belongs to slaves (28.4.8)."""
        self.on_sent(self._moved + self._lost, self.values["DR"].to_bytes(2, "little"))
        self._lost += 1
        self._await_end()
