"""List the tools that Proscenium uses, whether this machine has them, and how to get the rest."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from designer.errors import BoardNotFoundError
from designer.toolchain.flashing.pyocd import find_pyocd

_KEMAR = Path("/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa")
_LEAST_PYTHON = (3, 11)


@dataclass(frozen=True)
class Finding:
    """One tool that was looked for.

    Attributes
    ----------
    name : str
    purpose : str
        Purpose of the tool.
    found : bool
    detail : str
        Where it is, or how to get it.
    needed : bool
        Whether designing, building or the virtual board needs it.  The others are optional.
    """

    name: str
    purpose: str
    found: bool
    detail: str
    needed: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def examine() -> list[Finding]:
    """Look for all tools, needed ones first."""
    return [*_needed(), *_optional()]


def _needed() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    recent = sys.version_info[:2] >= _LEAST_PYTHON
    yield Finding("Python", "everything", recent, version if recent else f"{version}: 3.11 or later is needed", True)
    compiler = "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"
    yield _tool("arm-none-eabi-gcc", "build: compiling the firmware", compiler, True)
    yield _tool("qemu-system-arm", "hil: counting instructions, --board qemu", "apt-get install qemu-system-arm", True)


def _optional() -> Iterator[Finding]:
    yield _tool("openocd", "flash --via openocd: real boards, by ST-Link", "apt-get install openocd", False)
    yield _pyocd()
    ports = _serial_ports()
    yield Finding(
        "serial port", "hil --port: real boards", bool(ports), ", ".join(ports) or "none: plug a board in", False
    )
    found = _KEMAR.is_file()
    yield Finding(
        "KEMAR's HRTF", "render --hrtf kemar", found, str(_KEMAR) if found else "apt-get install libmysofa1", False
    )
    for module, purpose, package in (
        ("unicorn", "hil, flash, play, board: the virtual board", "'proscenium[virtual]'"),
        ("distributed", "sweep --scheduler", "distributed"),
        ("pyarrow", "sweep --format parquet", "pyarrow"),
    ):
        there = importlib.util.find_spec(module) is not None
        yield Finding(module, purpose, there, "installed" if there else f"pip install {package}", False)
    for tool, purpose in (("gcc", "tests of the firmware on this machine"), ("chromium", "tests of the report")):
        yield _tool(tool, purpose, f"apt-get install {tool}", False)


def _tool(name: str, purpose: str, remedy: str, needed: bool) -> Finding:
    path = shutil.which(name)
    return Finding(name, purpose, path is not None, path or remedy, needed)


def _pyocd() -> Finding:
    purpose = "flash --via pyocd: the same, with Python packages only"
    try:
        return Finding("pyocd", purpose, True, find_pyocd(), False)
    except BoardNotFoundError:
        return Finding("pyocd", purpose, False, "pip install 'proscenium[pyocd]'", False)


def _serial_ports() -> list[str]:
    from serial.tools.list_ports import comports

    return sorted(port.device for port in comports() if port.vid is not None)
