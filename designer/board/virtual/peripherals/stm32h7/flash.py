"""Flash memory and its interface, RM0433 4: two banks, 128 KiB sectors, words of 256 bits with error correction.

A bank that is at work makes the core wait if it executes from that bank; reads of data do not wait, which changes no
value. A supply that fails during an operation leaves the word or the sector partly changed, check bits included.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from designer.board.virtual.events import SECOND
from designer.board.virtual.machine import Machine
from designer.board.virtual.peripherals.flash_cells import FlashCells, Operation
from designer.board.virtual.peripherals.stm32h7.ecc import ERASED, WORD_BYTES, check_bits, correct
from designer.board.virtual.registers import Register

START, BYTES = 0x08000000, 2 << 20
BANK_BYTES, SECTOR_BYTES = 1 << 20, 128 * 1024
INTERRUPT = 4
# Reads of a status in a row from which on a program polls.
_POLLS = 100
_KEYS = (0x45670123, 0xCDEF89AB)
_LOCK, _PG, _SER, _BER, _FW, _START = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 6, 1 << 7
_BSY, _WBNE, _QW = 1 << 0, 1 << 1, 1 << 2
_EOP, _WRPERR, _PGSERR, _STRBERR, _INCERR, _OPERR = 1 << 16, 1 << 17, 1 << 18, 1 << 19, 1 << 21, 1 << 22
_SNECCERR, _DBECCERR = 1 << 25, 1 << 26
_ERRORS = _WRPERR | _PGSERR | _STRBERR | _INCERR | _OPERR
_FLAGS = 0x0FEF0000
# DS12110 table "Flash memory programming", typical, for parallelism x8, x16, x32, x64: a word, and a sector.
_PROGRAM_US = (290, 180, 130, 100)
_ERASE_MS = (2000, 1800, 1100, 1000)
# 4.3.8, table 17: most MHz of the AXI clock for each number of wait states, by scale VOS0 to VOS3; and WRHIGHFREQ.
_MOST_MHZ = {
    0: (70, 140, 210, 225, 240),
    1: (70, 140, 210, 225, 225),
    2: (55, 110, 165, 225, 225),
    3: (45, 90, 135, 180, 225),
}
_MOST_MHZ_BY_DELAY = {
    0: (70, 185, 240, 240),
    1: (70, 185, 225, 225),
    2: (55, 165, 225, 225),
    3: (45, 135, 225, 225),
}
SHIPPED_OPTIONS = 0x0406AAF0  # level 0, nothing protected, banks not swapped


def _bank_registers(n: int) -> dict[int, Register]:
    base = 0x100 * (n - 1)
    return {
        base + 0x04: Register(f"KEYR{n}", 0, 0, 0xFFFFFFFF),
        base + 0x0C: Register(f"CR{n}", 0x31, 0x0FEF87FE, _LOCK),
        base + 0x10: Register(f"SR{n}", 0, 0, 0x0FEF000F),
        base + 0x14: Register(f"CCR{n}", 0, 0, 0x0FEF0000),
        base + 0x38: Register(f"WPSN_CUR{n}R", 0xFF, 0, 0xFF),
        base + 0x60: Register(f"ECC_FA{n}R", 0, 0, 0x7FFF),
    }


class Flash(FlashCells):
    """The interface, and operations on the memory.

    Parameters
    ----------
    machine : Machine
    seed : int
        Of what a cut supply leaves.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("ACR", 0x00000037, 0x00000037),
        0x08: Register("OPTKEYR", 0, 0, 0xFFFFFFFF),
        0x18: Register("OPTCR", 1, 0, 0xC0000013),
        0x1C: Register("OPTSR_CUR", SHIPPED_OPTIONS, 0, 0xF43EFFDD),
        **_bank_registers(1),
        **_bank_registers(2),
    }

    shipped_options: ClassVar[int] = SHIPPED_OPTIONS

    def __init__(self, machine: Machine, seed: int) -> None:
        self.write_protection = [0xFF, 0xFF]
        # Check bits of words where they are not those of the contents: address -> bits.
        self._checks: dict[int, int] = {}
        # Words whose one error has been told: nothing is new about them until the flag is cleared.
        self._told: set[int] = set()
        self._sources: Callable[[], tuple[int, int]] = lambda: (0, 3)
        # Whether a bus fault by a read is ignored: FAULTMASK with CCR.BFHFNMIGN.
        self.ignores_faults: Callable[[int], bool] = lambda address: False
        super().__init__("FLASH", 0x52002000, machine, seed)
        for n in (1, 2):
            base = 0x100 * (n - 1)
            self._writes[base + 0x04] = partial(self._write_key, n)
            self._writes[base + 0x0C] = partial(self._write_control, n)
            self._writes[base + 0x14] = partial(self._clear, n)
            self._reads[base + 0x10] = partial(self._read_status, n)
        for name in ("KEYR1", "KEYR2", "CCR1", "CCR2", "OPTKEYR"):
            offset = next(at for at, register in self.registers.items() if register.name == name)
            self._reads[offset] = lambda: 0

    def reset(self) -> None:
        """Lock both banks; the write buffers are lost (4.3.9)."""
        super().reset()
        self.values["OPTSR_CUR"] = self.options
        for n in (1, 2):
            self.values[f"WPSN_CUR{n}R"] = self.write_protection[n - 1]
        self._keys_seen = [0, 0]
        self._blocked = [False, False]
        self._polls = 0
        # Of each bank: address of the word in its buffer, and the bytes that have been written to it.
        self._buffers: list[dict[int, int]] = [{}, {}]
        self._set_line()

    # --- clocks

    def set_clocks(self, clocks: Callable[[], tuple[int, int]]) -> None:
        """Let it know how to ask for the AXI clock in Hz and the scale."""
        self._sources = clocks

    def write_ACR(self, value: int, before: int) -> None:
        """Check wait states and programming delay (4.9.1)."""
        self.check_wait_states()

    def check_wait_states(self) -> None:
        """Refuse a clock that wait states or WRHIGHFREQ are too few for (4.3.8, table 17)."""
        axi_hz, scale = self._sources()
        states, delay = self.values["ACR"] & 0xF, self.values["ACR"] >> 4 & 3
        most = min(_MOST_MHZ[scale][min(states, 4)], _MOST_MHZ_BY_DELAY[scale][delay])
        if axi_hz > most * 1_000_000:
            raise self.refusal(
                f"ACR: {states} wait states, WRHIGHFREQ {delay} at {axi_hz / 1e6:g} MHz in scale VOS{scale}, "
                f"at most {most} MHz (4.3.8, table 17)"
            )

    # --- options

    def protect_writing(self, sector: int) -> None:
        """Protect one of sixteen sectors: its bit of WRPSN is 0 (4.5.1)."""
        self.write_protection[sector // 8] &= ~(1 << sector % 8)

    def unprotect_writing(self) -> None:
        """Remove write protection from all sectors (4.5.1)."""
        self.write_protection = [0xFF, 0xFF]

    def is_protected(self, address: int) -> bool:
        """Whether the sector of an address is write-protected (4.5.1)."""
        bank, offset = divmod(address - START, BANK_BYTES)
        return not self.values[f"WPSN_CUR{bank + 1}R"] >> offset // SECTOR_BYTES & 1

    # --- registers

    def _write_key(self, n: int, value: int, _before: int) -> None:
        """Unlock a bank; a wrong key blocks it until reset (4.5.1)."""
        seen = self._keys_seen[n - 1]
        if self._blocked[n - 1] or not self.values[f"CR{n}"] & _LOCK or value != _KEYS[seen]:
            self._blocked[n - 1] = True
            raise self.refusal(f"KEYR{n} = 0x{value:08X}: wrong key, or CR{n} is open: bus error (4.5.1)")
        self._keys_seen[n - 1] = (seen + 1) % len(_KEYS)
        if seen + 1 == len(_KEYS):
            self.values[f"CR{n}"] &= ~_LOCK

    def _clear(self, n: int, value: int, _before: int) -> None:
        self.values[f"SR{n}"] &= ~(value & _FLAGS)
        if value & _SNECCERR:
            told, self._told = self._told, set()
            for word in told:
                self.watch(word, WORD_BYTES)
        self._set_line()

    def _read_status(self, n: int) -> int:
        """Give the flags; a program that polls for long is stopped until something happens, which it cannot tell."""
        status = self.values[f"SR{n}"]
        self._polls = self._polls + 1 if status & _BSY else 0
        due = self._machine.events.next_time()
        if self._polls > _POLLS and due is not None:
            self._machine.stall(due - self._machine.now)
        return status

    def _write_control(self, n: int, value: int, before: int) -> None:
        """Choose an operation; START begins an erasure, FW writes an incomplete word (4.9.4)."""
        control = f"CR{n}"
        if before & _LOCK:
            self.values[control] = before
            raise self.refusal(f"{control} is written while it is locked (4.5.1)")
        if self.values[f"SR{n}"] & (_BSY | _QW) and (value ^ before) & 0x7FE:
            raise self.refusal(f"{control} is written while an operation is under way (4.9.4)")
        self.values[control] &= ~(_FW | _START)
        self.values[control] |= value & _LOCK
        if value & _FW:
            self._force(n)
        if value & _START:
            self._erase(n, value)
        self._set_line()

    def _set_line(self) -> None:
        pending = any(self.values[f"SR{n}"] & self.values[f"CR{n}"] & _FLAGS for n in (1, 2))
        self._machine.exceptions.set_level(INTERRUPT, pending)

    def _flag(self, n: int, flags: int) -> None:
        self.values[f"SR{n}"] |= flags
        self._set_line()

    # --- operations

    def _erase(self, n: int, value: int) -> None:
        sector = value >> 8 & 7
        if not value & _SER or value & (_PG | _BER):
            raise self.refusal(f"CR{n} = 0x{value:08X}: START without one sector alone (4.3.10)")
        if self.values[f"SR{n}"] & _ERRORS:
            raise self.refusal(f"CR{n}: START with errors pending (4.3.10)")
        if not self.write_protection[n - 1] >> sector & 1:
            self._flag(n, _WRPERR)
            return
        first = START + (n - 1) * BANK_BYTES + sector * SECTOR_BYTES
        duration = _ERASE_MS[value >> 4 & 3] * SECOND // 1000
        self._operate(n, first, b"\xff" * SECTOR_BYTES, duration)

    def program(self, address: int, size: int, value: int) -> bool:
        """Take a write of the processor into a bank's buffer; the full buffer is programmed (4.3.9)."""
        n = 1 + (address - START) // BANK_BYTES
        buffer = self._buffers[n - 1]
        if self.values[f"CR{n}"] & _LOCK or not self.values[f"CR{n}"] & _PG:
            self._flag(n, _PGSERR)
            return True
        if self.values[f"SR{n}"] & _ERRORS:
            raise self.refusal(f"0x{address:08X} is written with errors pending in SR{n} (4.3.9)")
        sector = (address - START) % BANK_BYTES // SECTOR_BYTES
        if not self.write_protection[n - 1] >> sector & 1:
            self._flag(n, _WRPERR)
            return True
        if buffer and address // WORD_BYTES != next(iter(buffer)) // WORD_BYTES:
            self._flag(n, _INCERR)
            return True
        if any(address + offset in buffer for offset in range(size)):
            self._flag(n, _STRBERR)
            return True
        for offset, byte in enumerate(value.to_bytes(size, "little")):
            buffer[address + offset] = byte
        self._flag(n, _WBNE)
        if len(buffer) == WORD_BYTES:
            self._write_buffer(n)
        return True

    def _force(self, n: int) -> None:
        """Write a buffer that is not full: the rest is ones (4.3.9)."""
        if not self._buffers[n - 1]:
            raise self.refusal(f"CR{n}: FW with nothing in the write buffer (4.9.4)")
        self._write_buffer(n)

    def _write_buffer(self, n: int) -> None:
        buffer = self._buffers[n - 1]
        first = next(iter(buffer)) // WORD_BYTES * WORD_BYTES
        new = bytes(buffer.get(first + offset, 0xFF) for offset in range(WORD_BYTES))
        buffer.clear()
        self.values[f"SR{n}"] &= ~_WBNE
        if self._machine.cpu.read(first, WORD_BYTES) != b"\xff" * WORD_BYTES or first in self._checks:
            raise self.refusal(f"0x{first:08X} is programmed and not erased: its check bits would be wrong (4.3.9)")
        self._operate(n, first, new, _PROGRAM_US[self.values[f"CR{n}"] >> 4 & 3] * SECOND // 10**6)

    def _operate(self, n: int, address: int, new: bytes, duration: int) -> None:
        """Change the memory and be busy for a time."""
        old_checks = self._all_checks(address, len(new))
        self._begin(address, new, lambda torn: self._tear(address, torn, new, old_checks))
        self._store(address, new, {})
        self.values[f"SR{n}"] |= _BSY | _QW
        self._machine.after(duration, lambda: self._finish(n))
        if (self._machine.cpu.pc - START) // BANK_BYTES == n - 1:
            self._machine.stall(duration)

    def _all_checks(self, address: int, size: int) -> dict[int, int]:
        words = range(address, address + size, WORD_BYTES)
        return {word: self._checks[word] for word in words if word in self._checks}

    def _tear(self, address: int, torn: bytes, new: bytes, old_checks: dict[int, int]) -> None:
        """Leave check bits torn as well."""
        checks = {}
        for offset in range(0, len(new), WORD_BYTES):
            word = int.from_bytes(new[offset : offset + WORD_BYTES], "little")
            old = int.from_bytes(self._machine.cpu.read(address + offset, WORD_BYTES), "little")
            before, after = old_checks.get(address + offset, check_bits(old)), check_bits(word)
            kept = self._random.getrandbits(10)
            checks[address + offset] = after ^ (before ^ after) & kept
        self._store(address, torn, checks)

    def _store(self, address: int, data: bytes, checks: dict[int, int]) -> None:
        """Change contents and check bits; words with other check bits than theirs are watched."""
        self._machine.cpu.write(address, data)
        for offset in range(0, len(data), WORD_BYTES):
            word = int.from_bytes(data[offset : offset + WORD_BYTES], "little")
            there = checks.get(address + offset)
            self._told.discard(address + offset)
            if there is None or there == check_bits(word):
                self._checks.pop(address + offset, None)
            else:
                self._checks[address + offset] = there
        self.watch(address, len(data))

    def watch(self, address: int, size: int) -> None:
        """Close the pages of a range to reads where words are of interest, and open the others."""
        page = 4096
        for first in range(address // page * page, address + size, page):
            words = range(first, first + page, WORD_BYTES)
            watched = any(word in self._checks and word not in self._told for word in words)
            self._machine.cpu.forbid_reads(first, page, watched)

    def _finish(self, n: int) -> None:
        self.values[f"SR{n}"] &= ~(_BSY | _QW)
        self._flag(n, _EOP)

    # --- what it holds

    @property
    def torn_words(self) -> list[int]:
        """Addresses of words whose check bits are not theirs."""
        return sorted(self._checks)

    def keep(self) -> tuple[bytes, dict[int, int]]:
        """Give contents and check bits, for `restore`."""
        return self._machine.cpu.read(START, BYTES), dict(self._checks)

    def restore(self, kept: tuple[bytes, dict[int, int]]) -> None:
        """Put contents and check bits back."""
        touched = {*self._checks, *kept[1]}
        self._machine.cpu.write(START, kept[0])
        self._checks, self._told = dict(kept[1]), set()
        for word in touched:
            self.watch(word, WORD_BYTES)

    def redo(self, operation: Operation, is_cut: bool = False) -> None:
        """Do an operation of the log again, as a whole or cut in the middle."""
        if is_cut:
            self._tear(operation.address, operation.torn, operation.new, {})
        else:
            self._store(operation.address, operation.new, {})

    # --- what another program than the image does: the bootloader in the ROM

    sectors: ClassVar[tuple[tuple[int, int], ...]] = tuple(
        (first, SECTOR_BYTES) for first in range(START, START + BYTES, SECTOR_BYTES)
    )

    def takes(self, address: int, data: bytes) -> bool:
        """Whether programming gives the data: whole words, that are erased (4.3.9)."""
        words = range(address, address + len(data), WORD_BYTES)
        is_erased = self._machine.cpu.read(address, len(data)).count(0xFF) == len(data)
        is_whole = address % WORD_BYTES == 0 and len(data) % WORD_BYTES == 0
        return is_whole and is_erased and not any(word in self._checks for word in words)

    def replace(self, address: int, data: bytes) -> None:
        """Let whole operations leave the data, with check bits that are theirs."""
        self._store(address, data, {})

    # --- errors of cells

    def flip(self, address: int, bits: int) -> None:
        """Let bits of one word have the wrong value from now on, as cells that lost their charge.

        Parameters
        ----------
        address : int
            Of the byte that `bits` begins with.
        bits : int
            Ones where cells flip.
        """
        first = address // WORD_BYTES * WORD_BYTES
        old = int.from_bytes(self._machine.cpu.read(first, WORD_BYTES), "little")
        new = old ^ bits << 8 * (address - first)
        self._store(first, new.to_bytes(WORD_BYTES, "little"), {first: self._checks.get(first, check_bits(old))})

    def check_read(self, address: int, size: int) -> bool:
        """Read words whose check bits are not theirs: correct one error, refuse two (4.3.9); whether data come.

        The corrected word is what later reads see as well: the memory gives the same correction each time.
        """
        ok = True
        for first in range(address // WORD_BYTES * WORD_BYTES, address + size, WORD_BYTES):
            if first not in self._checks:
                continue
            n = 1 + (first - START) // BANK_BYTES
            word = int.from_bytes(self._machine.cpu.read(first, WORD_BYTES), "little")
            corrected, errors = correct(word, self._checks[first])
            self.values[f"ECC_FA{n}R"] = (first - START) % BANK_BYTES // WORD_BYTES
            if errors == 1:
                self._machine.cpu.poke(first, corrected.to_bytes(WORD_BYTES, "little"))
                self._checks[first] = check_bits(corrected) ^ 1
                self._told.add(first)
                self._flag(n, _SNECCERR)
            elif errors:
                self._flag(n, _DBECCERR)
                ok = ok and self.ignores_faults(first)
        return ok


__all__ = ["BANK_BYTES", "BYTES", "ERASED", "SECTOR_BYTES", "START", "Flash"]
