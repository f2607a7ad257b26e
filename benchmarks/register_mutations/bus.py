"""The bus between processor and registers: sites of writes, and mutations of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.register_mutations.chips import AnyBoard
from designer.board.virtual.registers import RegisterBlock

_CORE = 0xE0000000
LEFT_OUT, WRONG_BIT, EXCHANGED = "left out", "wrong bit", "exchanged with its neighbour"


@dataclass(frozen=True)
class Key:
    """A store: the block of code that it lies in, and its number among the stores to registers there."""

    block: int
    number: int


@dataclass(frozen=True)
class Mutation:
    """What happens to each write of one site.

    Attributes
    ----------
    key : Key
    kind : str
        `LEFT_OUT`, `WRONG_BIT` or `EXCHANGED`.
    bit : int
        Mask of the bit that is inverted.
    """

    key: Key
    kind: str
    bit: int = 0


class Bus:
    """Takes every write of a board ahead of its peripheral.

    Parameters
    ----------
    board : Stm32f405 or Stm32h743
        Ahead of its first instruction.
    mutation : Mutation, optional
    note : callable, optional
        Told key, address, value and what the register held, for each write.
    """

    def __init__(
        self,
        board: AnyBoard,
        mutation: Mutation | None = None,
        note: Callable[[Key, int, int, int], None] | None = None,
    ) -> None:
        self._cpu = board.machine.cpu
        self._mutation = mutation
        self._note = note
        self.block_of: Callable[[], int] = lambda: self._cpu.pc
        self._executed = -1
        self._number = 0
        self._held: Callable[[], None] | None = None
        self.applied = 0
        # Writes to the core's own registers as they arrive: address and value.
        self.core: list[tuple[int, int]] = []
        for block in board._blocks:
            self._tap(block)

    def _tap(self, block: RegisterBlock) -> None:
        plain = block.write

        def arrive(offset: int, size: int, value: int) -> None:
            if block.base >= _CORE:
                self.core.append((block.base + offset, value))
            plain(offset, size, value)

        def write(offset: int, size: int, value: int) -> None:
            self._write(block, arrive, offset, size, value)

        block.write = write  # type: ignore[method-assign]

    def _next_key(self) -> Key:
        executed = self._cpu.counter.executed
        self._number = self._number + 1 if executed == self._executed else 0
        self._executed = executed
        return Key(self.block_of(), self._number)

    def _write(
        self, block: RegisterBlock, plain: Callable[[int, int, int], None], offset: int, size: int, value: int
    ) -> None:
        key, mutation = self._next_key(), self._mutation
        if self._note is not None:
            register = block.registers.get(offset)
            before = block.values.get(register.name, 0) if register is not None else 0
            self._note(key, block.base + offset, value, before)
        if mutation is not None and key == mutation.key:
            self.applied += 1
            if mutation.kind == LEFT_OUT:
                return
            if mutation.kind == WRONG_BIT:
                value ^= mutation.bit
            elif self._held is None:
                self._held = lambda: plain(offset, size, value)
                return
        plain(offset, size, value)
        if self._held is not None:
            held, self._held = self._held, None
            held()
