"""Tell the failures of flashing apart: what a tool printed becomes a cause and a remedy.

The patterns are the messages of OpenOCD 0.12.0 (src/flash/nor/stm32f2x.c, stm32h7x.c, src/jtag/drivers/stlink_usb.c,
libusb_helper.c, src/target/target.c, src/server/server.c) and of pyOCD 0.46 (probe/stlink/usb.py, core/helpers.py,
flash/flash.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from designer.errors import FlashError

_MOST_LINES = 12
# What a check of ours reports, in the output of either tool.
WRONG_CHIP = "** wrong chip: device id"
READ_PROTECTED = "** read-out protection:"


class Cause(Enum):
    """Why a board was not written."""

    NO_PERMISSION = "no permission"
    BUSY = "busy"
    NO_PROBE = "no probe"
    NO_TARGET = "no target"
    READ_PROTECTED = "read-out protected"
    WRITE_PROTECTED = "write protected"
    WRONG_CHIP = "wrong chip"
    NOT_HALTED = "not halted"
    NOT_VERIFIED = "not verified"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class _Rule:
    """A cause, the messages that show it, and what to do."""

    cause: Cause
    pattern: re.Pattern[str]
    remedy: str


def _rule(cause: Cause, remedy: str, *messages: str) -> _Rule:
    return _Rule(cause, re.compile("|".join(messages), re.IGNORECASE), remedy)


# The first rule that fits counts.  A probe that cannot be opened explains all that follows.
_RULES = (
    _rule(
        Cause.NO_PERMISSION,
        "the probe is there, but this user may not use it: install the udev rules (Debian's openocd brings "
        "60-openocd.rules), join the group plugdev, then unplug the probe and plug it in again",
        "LIBUSB_ERROR_ACCESS",
        r"\[Errno 13\]",
        "Access denied",
        "insufficient permissions",
    ),
    _rule(
        Cause.BUSY,
        "another program holds the probe: end it (a debugger, another OpenOCD or pyOCD, an IDE), then try again",
        "LIBUSB_ERROR_BUSY",
        r"\[Errno 16\]",
        "Resource busy",
        "the selected device is already used",
        "claim interface failed",
        "couldn't bind .* to socket",
    ),
    _rule(
        Cause.NO_PROBE,
        "no debug probe was found on USB: plug the ST-Link in. Without a probe, flash over the serial line: "
        "--via uart --port PORT. 'make flash BOARD=virtual' needs no hardware",
        "open failed",
        "no device found",
        "unable to find a matching",
        "LIBUSB_ERROR_NO(T_FOUND|_DEVICE)",
        "no available debug probes",
        "no connected debug probes",
        "unable to find CMSIS-DAP",
    ),
    _rule(
        Cause.READ_PROTECTED,
        "the chip has read-out protection, so a probe can neither read nor write its flash. At level 1, "
        "'proscenium protect --level 0' removes the protection and erases the flash. Level 2 is for ever",
        re.escape(READ_PROTECTED),
    ),
    _rule(
        Cause.WRONG_CHIP,
        "the chip is another one than this image is for: choose the right --board, or connect the right board",
        re.escape(WRONG_CHIP),
        "UNEXPECTED idcode",
        "Cannot identify target as",
        "DEV_ID 0x[0-9a-f]+ did not match",
        "unsupported device",
    ),
    _rule(
        Cause.WRITE_PROTECTED,
        "sectors of the flash are write-protected: clear the write protection in the option bytes first, "
        "e.g. 'flash protect 0 0 last off' in OpenOCD",
        "stm32x device protected",
        "flash memory write protected",
        "write protection error",
        "WRPERR",
        "flash erase (sector|all) failure",
        "flash program page failure",
    ),
    _rule(
        Cause.NOT_HALTED,
        "the core does not stop: connect the probe's reset line (NRST), or hold the reset button while flashing begins",
        "Target not halted",
        "timed out while waiting for target halted",
        "- Not halted",
        "target was not halted",
        "core is not halted",
        "Timeout.*halt",
    ),
    _rule(
        Cause.NO_TARGET,
        "the probe is there, but no chip answers on its SWD pins: check SWDIO, SWCLK, ground and power",
        "init mode failed",
        "unable to connect",
        "target voltage may be too low",
        "examination failed",
        "No ACK",
        "SWD/JTAG communication failure",
        "STLink error",
        "Error while initing target",
    ),
    _rule(
        Cause.BUSY,
        "the probe could not be opened. Mostly another program holds it: end it, or unplug the probe and plug it in "
        "again",
        "OpenOCD init failed",
    ),
    _rule(
        Cause.NOT_VERIFIED,
        "the flash reads back differently from what was written: try again. If it fails again, check the supply; the "
        "flash may be worn out",
        "Verify Failed",
        "checksum mismatch",
        "Mismatched byte",
    ),
)


def explain(tool: str, board: str, said: str, otherwise: Cause = Cause.UNKNOWN) -> FlashError:
    """Build the error for what a tool printed.

    Parameters
    ----------
    tool : str
        Name of the tool.
    board : str
        Name of the board.
    said : str
        What the tool printed, both streams.
    otherwise : Cause
        What it is if no known message is there.

    Returns
    -------
    FlashError
        With cause, remedy, and the end of what the tool printed.
    """
    rule = next((rule for rule in _RULES if rule.pattern.search(said)), None)
    if rule is None:
        remedy = next((rule.remedy for rule in _RULES if rule.cause is otherwise), f"{tool} failed")
        return failure(otherwise, board, remedy, said)
    return failure(rule.cause, board, rule.remedy, said)


def remedy_of(cause: Cause) -> str:
    """Say what to do about a cause."""
    return next(rule.remedy for rule in _RULES if rule.cause is cause)


def failure(cause: Cause, board: str, remedy: str, said: str = "") -> FlashError:
    """Build the error of a known cause."""
    lines = said.strip().splitlines()[-_MOST_LINES:]
    known = "" if cause is Cause.UNKNOWN else f" ({cause.value})"
    return FlashError("\n".join([f"{board} was not flashed{known}: {remedy}", *lines]), cause.value)
