"""Which signal an alternate function brings to a pin: the part of DS12110's tables 10 to 20 that this board needs."""

from __future__ import annotations

from typing import ClassVar

from designer.board.virtual.peripherals.gpio import Gpio as CommonGpio

# Alternate function -> signal -> pins.
_BY_FUNCTION: dict[int, dict[str, str]] = {
    4: {
        "I2C1_SCL": "PB6 PB8", "I2C1_SDA": "PB7 PB9", "I2C2_SCL": "PB10 PF1", "I2C2_SDA": "PB11 PF0",
        "I2C3_SCL": "PA8", "I2C3_SDA": "PC9", "I2C4_SCL": "PD12 PF14", "I2C4_SDA": "PD13 PF15",
    },
    6: {
        "I2C4_SCL": "PB6 PB8", "I2C4_SDA": "PB7 PB9",
        "SAI1_FS_A": "PE4", "SAI1_SCK_A": "PE5", "SAI1_SD_A": "PB2 PC1 PD6 PE6", "SAI1_MCLK_A": "PE2 PG7",
        "SAI1_FS_B": "PF9", "SAI1_SCK_B": "PF8", "SAI1_SD_B": "PE3 PF6", "SAI1_MCLK_B": "PF7",
        "SAI3_FS_A": "PD4", "SAI3_SCK_A": "PD0", "SAI3_SD_A": "PD1", "SAI3_MCLK_A": "PD15",
        "SAI3_FS_B": "PD10", "SAI3_SCK_B": "PD8", "SAI3_SD_B": "PD9", "SAI3_MCLK_B": "PD14",
    },
    7: {"USART3_TX": "PB10 PC10 PD8", "USART3_RX": "PB11 PC11 PD9"},
    8: {
        "SAI2_FS_B": "PA12 PC0", "SAI2_SCK_B": "PA2",
        "SAI4_FS_A": "PE4", "SAI4_SCK_A": "PE5", "SAI4_SD_A": "PB2 PC1 PD6 PE6", "SAI4_MCLK_A": "PE2",
        "SAI4_FS_B": "PF9", "SAI4_SCK_B": "PF8", "SAI4_SD_B": "PE3 PF6", "SAI4_MCLK_B": "PF7",
    },
    10: {
        "SAI2_FS_A": "PD12", "SAI2_SCK_A": "PD13", "SAI2_SD_A": "PD11", "SAI2_MCLK_A": "PE0",
        "SAI2_FS_B": "PE13 PG9", "SAI2_SCK_B": "PE12", "SAI2_SD_B": "PA0 PE11 PF11 PG10", "SAI2_MCLK_B": "PA1 PE6 PE14",
    },
}  # fmt: skip
ALTERNATE_FUNCTIONS = {
    (pin, function): signal
    for function, signals in _BY_FUNCTION.items()
    for signal, pins in signals.items()
    for pin in pins.split()
}
PORTS = "ABCDEFGHIJK"


class Gpio(CommonGpio):
    """One port; its pins are analogue after reset, but for those of the debugger (RM0433 11.4.1)."""

    _after_reset: ClassVar[dict[str, dict[str, int]]] = {
        **{letter: {"MODER": 0xFFFFFFFF} for letter in PORTS},
        "A": {"MODER": 0xABFFFFFF, "OSPEEDR": 0x0C000000, "PUPDR": 0x64000000},
        "B": {"MODER": 0xFFFFFEBF, "OSPEEDR": 0x000000C0, "PUPDR": 0x00000100},
    }
