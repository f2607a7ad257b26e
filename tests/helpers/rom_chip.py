"""A chip with a bootloader in its ROM, at a pseudo terminal: what `proscenium flash --via uart` talks to."""

import os
import threading
import tty

from designer.board.virtual.rom_bootloader import RomBootloader

RAM_START, RAM_BYTES = 0x2000_0000, 128 * 1024


class RomChip:
    """Memory of a chip whose facts are `chip`'s; its faults are attributes."""

    def __init__(self, chip):
        self.chip, self.device_id = chip, chip.device_id
        self.flash = bytearray(b"\xa5" * sum(chip.sector_bytes))
        self.ram_start = chip.reset_code_address & ~0xFFFF
        self.ram = bytearray(0x10000)
        self.is_read_protected = False
        self.write_protected = set()
        self.stuck_at = None  # a byte of the flash that always reads 0
        self.started_at = None

    def _place(self, address, size):
        for start, memory in ((self.chip.flash_start, self.flash), (self.ram_start, self.ram)):
            if start <= address and address + size <= start + len(memory):
                return memory, address - start
        return None

    def read(self, address, size):
        place = self._place(address, size)
        return None if place is None else bytes(place[0][place[1] : place[1] + size])

    def write(self, address, data):
        memory, at = self._place(address, len(data)) or (None, 0)
        if memory is self.flash:
            sectors = self.chip.sectors_of(address, len(data))
            old = memory[at : at + len(data)]
            if self.write_protected & set(sectors) or any(new & ~before for new, before in zip(data, old, strict=True)):
                return False
        memory[at : at + len(data)] = data
        if self.stuck_at is not None and memory is self.flash:
            memory[self.stuck_at] = 0
        return True

    def erase(self, sector):
        if sector in self.write_protected or sector >= len(self.chip.sector_bytes):
            return False
        start = self.chip.sector_address(sector) - self.chip.flash_start
        self.flash[start : start + self.chip.sector_bytes[sector]] = b"\xff" * self.chip.sector_bytes[sector]
        return True

    def erase_all(self):
        self.flash[:] = b"\xff" * len(self.flash)

    def protect_reading(self, on):
        self.is_read_protected = on
        if not on:
            self.erase_all()

    def unprotect_writing(self):
        self.write_protected.clear()

    def go(self, address):
        self.started_at = address
        return self.read(address, 8) is not None


class RomAtTerminal:
    """The bootloader of a chip behind a pseudo terminal, in a thread; `spoil` may change its answers."""

    def __init__(self, chip, spoil=lambda answer: answer):
        self._rom, self._spoil = RomBootloader(chip), spoil
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.port = os.ttyname(theirs)
        self._theirs = theirs
        self.heard = bytearray()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                data = os.read(self._ours, 4096)
            except OSError:
                return
            self.heard += data
            answer = self._spoil(self._rom.receive(data))
            if answer:
                os.write(self._ours, answer)

    def close(self):
        os.close(self._theirs)
        self._thread.join(5)
        os.close(self._ours)
