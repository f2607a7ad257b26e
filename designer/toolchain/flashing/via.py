"""The ways to write an image to a real board, by name."""

from __future__ import annotations

from enum import StrEnum


class Via(StrEnum):
    """How an image gets into the flash."""

    openocd = "openocd"
    pyocd = "pyocd"
    uart = "uart"
