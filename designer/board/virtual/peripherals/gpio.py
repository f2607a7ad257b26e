"""General-purpose I/O, RM0090 8.4: modes, alternate functions, levels; which signal reaches which pin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from designer.board.virtual.registers import Register, RegisterBlock

# DS8626, "Alternate function mapping", the part that this board needs: (pin, alternate function) -> signal
ALTERNATE_FUNCTIONS = {
    ("PB12", 5): "I2S2_WS",
    ("PB13", 5): "I2S2_CK",
    ("PB15", 5): "I2S2_SD",
    ("PB14", 6): "I2S2ext_SD",
    ("PC6", 5): "I2S2_MCK",
    ("PA4", 6): "I2S3_WS",
    ("PA15", 6): "I2S3_WS",
    ("PC10", 6): "I2S3_CK",
    ("PB3", 6): "I2S3_CK",
    ("PC12", 6): "I2S3_SD",
    ("PB5", 6): "I2S3_SD",
    ("PC7", 6): "I2S3_MCK",
    ("PC3", 5): "I2S2_SD",
    ("PC2", 6): "I2S2ext_SD",
    ("PB10", 5): "I2S2_CK",
    ("PB9", 5): "I2S2_WS",
    ("PA9", 7): "USART1_TX",
    ("PA10", 7): "USART1_RX",
    ("PB6", 7): "USART1_TX",
    ("PB7", 7): "USART1_RX",
    ("PB10", 7): "USART3_TX",
    ("PB11", 7): "USART3_RX",
    ("PC10", 7): "USART3_TX",
    ("PC11", 7): "USART3_RX",
}
_OUTPUT, _ALTERNATE = 1, 2


class Gpio(RegisterBlock):
    """One port of sixteen pins.

    Parameters
    ----------
    letter : str
        'A' to 'K'.
    base : int
    gate : callable
        Whether its clock is on.
    functions : mapping
        (pin, alternate function) -> signal.
    """

    registers: ClassVar[dict[int, Register]] = {
        0x00: Register("MODER"),
        0x04: Register("OTYPER", writable=0xFFFF),
        0x08: Register("OSPEEDR"),
        0x0C: Register("PUPDR"),
        0x10: Register("IDR", writable=0, readable=0xFFFF),
        0x14: Register("ODR", writable=0xFFFF),
        0x18: Register("BSRR", writable=0, readable=0xFFFFFFFF),
        0x20: Register("AFRL"),
        0x24: Register("AFRH"),
    }
    # 8.4.1, .3, .4: the debug port's pins after reset
    _after_reset: ClassVar[dict[str, dict[str, int]]] = {
        "A": {"MODER": 0xA8000000, "OSPEEDR": 0, "PUPDR": 0x64000000},
        "B": {"MODER": 0x00000280, "OSPEEDR": 0x000000C0, "PUPDR": 0x00000100},
    }

    def __init__(
        self,
        letter: str,
        base: int,
        gate: Callable[[], bool],
        functions: Mapping[tuple[str, int], str] = ALTERNATE_FUNCTIONS,
    ) -> None:
        self.letter = letter
        self.functions = functions
        # Told after every write, as routing may have changed.
        self.on_change: Callable[[], None] = lambda: None
        super().__init__(f"GPIO{letter}", base)
        self.is_clocked = gate

    def reset(self) -> None:
        """Return to the values after reset."""
        super().reset()
        self.values.update(self._after_reset.get(self.letter, {}))
        self.on_change()

    def write(self, offset: int, size: int, value: int) -> None:
        """Take a write of the processor."""
        super().write(offset, size, value)
        self.on_change()

    def write_BSRR(self, value: int, before: int) -> None:
        """Set and reset single outputs; setting wins (8.4.7)."""
        self.values["ODR"] = self.values["ODR"] & ~(value >> 16) | value & 0xFFFF

    def mode(self, pin: int) -> int:
        """0 input, 1 output, 2 alternate function, 3 analogue."""
        return self.values["MODER"] >> 2 * pin & 3

    def signal(self, pin: int) -> str | None:
        """Give the signal that the pin carries by its alternate function, or None."""
        if self.mode(pin) != _ALTERNATE:
            return None
        function = self.values["AFRH" if pin >= 8 else "AFRL"] >> 4 * (pin % 8) & 0xF
        return self.functions.get((f"P{self.letter}{pin}", function))

    def output(self, pin: int) -> bool | None:
        """Level that the pin drives as an output, or None."""
        return bool(self.values["ODR"] >> pin & 1) if self.mode(pin) == _OUTPUT else None


class Pins:
    """All ports, by the names of their pins."""

    def __init__(self, ports: Sequence[Gpio]) -> None:
        self._ports = {port.letter: port for port in ports}
        self._functions = {key: name for port in ports for key, name in port.functions.items()}
        self._carried: dict[str, bool] = {}
        for port in ports:
            port.on_change = self._carried.clear

    def signal(self, pin: str) -> str | None:
        """Give the signal at a pin such as ``PB12``, or None."""
        return self._ports[pin[1]].signal(int(pin[2:]))

    def output(self, pin: str) -> bool | None:
        """Level at a pin that is an output, or None where it drives nothing."""
        return self._ports[pin[1]].output(int(pin[2:]))

    def carries(self, signal: str) -> bool:
        """Whether any pin is routed to a signal."""
        if signal not in self._carried:
            candidates = [pin for (pin, _), name in self._functions.items() if name == signal]
            self._carried[signal] = any(self.signal(pin) == signal for pin in candidates)
        return self._carried[signal]
