"""One block of a SAI, RM0433 51: how it starts and stops, and its words.

As with the STM32F405's I2S, words move in runs up to the next half of a DMA stream. A run that is played is read when
it begins and compared with memory when it ends: what changed in between came too late, and is counted as a race. In
frame-accurate mode a run is one frame, and memory is read as early as by hardware: the FIFO's words, one in the shift
register, one in DMA.
"""

from __future__ import annotations

from collections.abc import Callable

from designer.board.virtual.events import SECOND, Event
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.stm32h7.dma import Dma
from designer.board.virtual.peripherals.stm32h7.rcc import Rcc
from designer.board.virtual.peripherals.stm32h7.sai_format import MCKEN, NODIV, SAIEN, SaiFormat, Unit
from designer.board.virtual.peripherals.stm32h7.wire import Wire

_DMAEN = 1 << 17
_FFLUSH, _TRIS, _MUTE = 1 << 3, 1 << 4, 1 << 5
_OVRUDR, _WCKCFG, _FREQ = 1 << 0, 1 << 2, 1 << 3
_FIFO_WORDS = 8
# Words that the FIFO holds when it no longer asks for more, by FTH (51.6.3).
_FILLED = (1, 2, 4, 6, 8)
_MOST_HZ = 150_000_000  # DS12110, general operating conditions: kernel clock


def _silence(_first: int, count: int, wire: Wire) -> bytes:
    return bytes(4 * count * len(wire.starts))


class SaiBlock(SaiFormat):
    """Block A or B of a unit."""

    def __init__(self, unit: Unit, letter: str, machine: Machine, rcc: Rcc, streams: list[Dma], revision: str) -> None:
        super().__init__(unit, letter, rcc, revision)
        self._machine, self._controllers = machine, streams
        # What the wires are connected to: frames that leave, frames that come; numbers count from the start on.
        self.on_sent: Callable[[int, bytes, Wire], None] = lambda first, data, wire: None
        self.incoming: Callable[[int, int, Wire], bytes] = _silence
        self.frame_accurate = False
        self.races = 0
        self._event: Event | None = None
        self._closing: Event | None = None
        self._wire: Wire | None = None
        self._fifo: list[int] = []
        self._clear_run()

    def _clear_run(self) -> None:
        # Frames that have been moved, and those that DMA was too late for.
        self._start, self._moved, self._lost, self._run = 0, 0, 0, 0
        self._stream: tuple[Dma, int] | None = None
        self._snapshot = b""
        self._fetched: list[bytes] = []

    # --- registers

    def check_off(self, register: str, _value: int, _before: int) -> None:
        """Refuse a change of what must stay while the block is on (51.6.2 to 51.6.5)."""
        if self.is_on:
            raise self._refusal(f"{register} is written while SAIEN is set (51.6)")

    def write_control(self, value: int, before: int) -> None:
        """Configure while off, start, or stop at the frame's end (51.6.2)."""
        if value & MCKEN and self._revision == "Y":
            raise self._refusal("CR1: MCKEN does not exist on revision Y (ES0392)")
        register = f"SAI_{self._letter}CR1"
        if before & SAIEN and (value ^ before) & ~(SAIEN | _DMAEN):
            raise self._refusal(f"CR1 = 0x{value:08X} while SAIEN is set (51.6.2)")
        if value & SAIEN and not before & SAIEN:
            self._enable()
        elif before & SAIEN and not value & SAIEN:
            self._unit.values[register] |= SAIEN
            self._disable()
        if value & _DMAEN and not self.is_on:
            # The FIFO asks for words ahead of the start.
            self._stream = self._find_stream()

    def write_control2(self, value: int, before: int) -> None:
        """Flush the FIFO (51.6.3)."""
        if value & 7 > 4:
            raise self._refusal(f"CR2: FTH {value & 7} is reserved (51.6.3)")
        if value & (_TRIS | 0xE000):
            raise self._refusal(f"CR2 = 0x{value:04X}: TRIS and companding are not modelled")
        if value & _FFLUSH:
            if self.is_on:
                raise self._refusal("CR2: FFLUSH while SAIEN is set (51.6.3)")
            self._fifo.clear()

    def push(self, value: int, _before: int) -> None:
        """Put a word into the FIFO (51.6.9)."""
        if self.transmits and len(self._fifo) < _FIFO_WORDS:
            self._fifo.append(value)

    def pull(self) -> int:
        """Take a word out of the FIFO."""
        return self._fifo.pop(0) if self._fifo and not self.transmits else 0

    def status(self) -> int:
        """Give the flags and the FIFO's level (51.6.7)."""
        level = len(self._fifo) if self._stream is None or not self.transmits else self.lead
        code = 0 if level == 0 else min(5, 1 + level // 2 if level < _FIFO_WORDS else 5)
        return self._value("SR") & 0x7F | code << 16

    def clear(self, value: int, before: int) -> None:
        """Clear flags (51.6.8)."""
        self._unit.values[f"SAI_{self._letter}SR"] &= ~(value & 0x77)
        self._unit.set_line()

    def pending(self) -> bool:
        """Whether a flag asks for the interrupt."""
        return bool(self._value("SR") & self._value("IM") & 0x7F & ~_FREQ)

    def _flag(self, flag: int) -> None:
        self._unit.values[f"SAI_{self._letter}SR"] |= flag
        self._unit.set_line()

    @property
    def is_running(self) -> bool:
        """Whether the block is on, and its master and the clock run."""
        if not self.is_on or self._wire is None:
            return False
        master = self.master()
        return master is not None and master.is_on and self.frame_rate()[0] > 0

    # --- start and stop

    def _enable(self) -> None:
        self._wire = self.wire()
        control = self._value("CR1")
        if self.is_master:
            self._enable_master(control)
            return
        master = self.master()
        if master is None:
            raise self._refusal("CR1: a slave with SYNCEN 0 takes clock and frame from pins, which have none here")
        if not master.is_master:
            raise self._refusal(f"CR1: synchronous to {master.name}, which is no master (51.4.4)")
        if master.is_on:
            raise self._refusal(f"CR1: the slave is enabled behind {master.name}, its master (51.4.4)")

    def _enable_master(self, control: int) -> None:
        if control >> 10 & 3:
            raise self._refusal("CR1: SYNCEN of a master must be 0 (51.6.2)")
        numerator, denominator = self._rcc.sai_clock(self.name)
        if numerator == 0:
            raise self._refusal("CR1: SAIEN without a kernel clock (8.7.20)")
        if numerator > _MOST_HZ * denominator:
            raise self._refusal(f"CR1: kernel clock {numerator / denominator / 1e6:g} MHz, at most 150 (DS12110)")
        assert self._wire is not None
        bits = self._wire.frame_bits
        if not control & NODIV and bits & bits - 1:
            self._unit.values[f"SAI_{self._letter}CR1"] &= ~SAIEN
            self._flag(_WCKCFG)
            return
        for block in self._followers():
            if block.wire().frame_bits != bits:
                raise block._refusal(f"FRCR: a frame of another length than that of {self.name}: LFSDET (51.4.14)")
            block.begin()
        self.begin()

    def _followers(self) -> list[SaiBlock]:
        """Give the blocks that are on and take their clock from this one."""
        blocks = [block for unit in self._unit.units.values() for block in unit.blocks.values()]
        others = [block for block in blocks if isinstance(block, SaiBlock) and block is not self]
        return [block for block in others if block.is_on and block.master() is self]

    def _disable(self) -> None:
        """Stop at the end of the present frame (51.4.15); without a clock at once."""
        if not self.is_running:
            self._close()
            return
        numerator, denominator = self.frame_rate()
        frame = SECOND * denominator // numerator
        passed = (self._machine.now - self._start) % frame
        self._closing = self._machine.events.at(self._machine.now + frame - passed, self._close)
        self._machine.cpu.stop_soon()

    def _close(self) -> None:
        self._unit.values[f"SAI_{self._letter}CR1"] &= ~SAIEN
        self.stop()
        for block in self._followers():
            block.pause()

    def stop(self) -> None:
        """Forget what was under way."""
        self.pause()
        self._fifo.clear()
        self._closing = None
        self._wire = None
        self._clear_run()

    def pause(self) -> None:
        """Take no more steps: the clock stands."""
        if self._event is not None:
            self._event.cancelled = True
            self._event = None

    # --- the run

    @property
    def lead(self) -> int:
        """Words that the FIFO holds ahead of the shift register."""
        return _FILLED[self._value("CR2") & 7]

    @property
    def slots(self) -> int:
        """Words of a frame."""
        return len(self._wire.starts) if self._wire is not None else 1

    @property
    def run_frames(self) -> int:
        """Frames that are moved at once."""
        return max(1, self._run)

    def begin(self) -> None:
        """Begin with the first slot of a frame."""
        self._start, self._moved, self._lost = self._machine.now, 0, 0
        self._fetched.clear()
        self._begin_run()

    def _time_of(self, frames: int) -> int:
        numerator, denominator = self.frame_rate()
        return self._start + frames * SECOND * denominator // numerator

    def _progress(self) -> int:
        """Items that DMA has moved beyond those of whole runs."""
        lead = self.lead + 1 if self.transmits else 0
        if self._event is None:
            return lead
        numerator, denominator = self.frame_rate()
        words = (self._machine.now - self._start) * numerator * self.slots // (SECOND * denominator)
        done = (self._moved + self._lost) * self.slots
        return max(0, min(int(words) - done, self._run * self.slots)) + lead

    def _find_stream(self) -> tuple[Dma, int] | None:
        if not self._value("CR1") & _DMAEN:
            return None
        address = self._unit.base + (0x20 if self._letter == "A" else 0x40)
        for controller in self._controllers:
            stream = controller.serving(self.name, address, self.transmits)
            if stream is not None:
                controller.progress[stream] = self._progress
                return controller, stream
        return None

    def _begin_run(self) -> None:
        """Begin the next run of frames, where there is a clock."""
        if not self.is_running:
            self._event = None
            return
        self._stream, self._run = self._find_stream(), 1
        if self._stream is not None:
            controller, stream = self._stream
            words = controller.items_to_mark(stream)
            if words % self.slots:
                raise self._refusal(f"a half of {words} words for frames of {self.slots}: the slots would move")
            self._run = 1 if self.frame_accurate else words // self.slots
            if self.transmits:
                self._fetch(controller, stream)
        self._await_end()

    def _await_end(self) -> None:
        self.pause()
        time = self._time_of(self._moved + self._lost + self._run)
        self._event = self._machine.events.at(time, self._end_run)
        self._machine.cpu.stop_soon()

    def _fetch(self, controller: Dma, stream: int) -> None:
        """Read what the present run sends, and in frame-accurate mode what hardware reads by now."""
        if not self.frame_accurate:
            self._fetched.clear()
            self._snapshot = controller.peek(stream, self._run * self.slots)
            return
        # FIFO, shift register, and the word that DMA holds in direct mode (16.3.13).
        wanted = max(self.slots, self.lead + 2)
        while len(self._fetched) < wanted:
            self._fetched.append(controller.peek_ahead(stream, len(self._fetched)))
        self._snapshot = b"".join(self._fetched[: self.slots])
        del self._fetched[: self.slots]

    def _end_run(self) -> None:
        self._event = None
        if not self.is_running or self._wire is None:
            return
        first, serves = self._moved + self._lost, False
        if self._stream is not None:
            controller, stream = self._stream
            serves = controller.serving_still(stream)
        if self.transmits:
            self._transmit(first, serves, self._wire)
        else:
            self._receive(first, serves, self._wire)
        self._moved += self._run
        self._begin_run()

    def _receive(self, first: int, serves: bool, wire: Wire) -> None:
        """Take a run; without DMA the FIFO fills, and what comes then is lost (51.4.14, OVRUDR)."""
        data = self.incoming(first, self._run, wire)
        if serves and self._stream is not None:
            controller, stream = self._stream
            controller.store(stream, data)
            controller.advance(stream, self._run * self.slots)
            return
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
        room = _FIFO_WORDS - len(self._fifo)
        self._fifo += words[:room]
        if len(words) > room:
            self._flag(_OVRUDR)

    def _transmit(self, first: int, serves: bool, wire: Wire) -> None:
        """Send a run; a FIFO that is empty sends zeros (51.4.14, OVRUDR)."""
        size = self._run * self.slots
        if serves and self._stream is not None:
            controller, stream = self._stream
            data = self._snapshot
            if not self.frame_accurate:
                self.races += controller.peek(stream, size) != data
            controller.advance(stream, size)
        else:
            words = [self._fifo.pop(0) if self._fifo else None for _ in range(size)]
            data = b"".join((word or 0).to_bytes(4, "little") for word in words)
            if None in words:
                self._flag(_OVRUDR)
        if self._value("CR2") & _MUTE:
            data = bytes(len(data))
        self.on_sent(first, data, wire)

    # --- faults

    def slip(self) -> None:
        """Let DMA be too late for one frame: a flag tells, and slots stay in their places (51.4.14).

        A transmitter sends zeros, and what DMA brings comes a frame later from then on. A receiver loses the frame.
        """
        self._flag(_OVRUDR)
        if self._event is None or self._wire is None:
            return
        if self.transmits:
            self.on_sent(self._moved + self._lost, bytes(4 * self.slots), self._wire)
        else:
            self.incoming(self._moved + self._lost, 1, self._wire)
        self._lost += 1
        self._await_end()
