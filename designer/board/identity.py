"""What a board says of itself in HELLO, and whether that is what is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from designer import protocol
from designer.errors import HilError
from designer.fixedpoint.number_format import NUMBER_FORMATS, NumberFormat
from designer.layout.model import Layout

CLOCK_NAMES = {code: name for name, code in protocol.CLOCK.items()}
_ARITHMETIC_NAMES = {code: name.lower() for name, code in protocol.ARITHMETIC.items()}
_RESET_NAMES = {code: name for name, code in protocol.RESET.items()}


@dataclass(frozen=True)
class BoardInfo:
    """What the board says of itself in HELLO."""

    board_name: str
    layout_name: str
    digest: str
    arithmetic: str
    sample_rate_hz: int
    block_samples: int
    drivers: int
    inputs: int
    credits: int
    max_payload_bytes: int
    clock_source: str
    reset_cause: str
    faults: int
    fault: dict[str, int] | None

    @property
    def number_format(self) -> NumberFormat:
        """Words of the image; `check_info` has seen to it that it is known."""
        return NumberFormat.named(self.arithmetic)


def read_info(fields: dict[str, Any]) -> BoardInfo:
    """Put the fields of a HELLO_REPLY into words."""
    return BoardInfo(
        board_name=fields["board_name"],
        layout_name=fields["layout_name"],
        digest=fields["digest"].hex(),
        arithmetic=_ARITHMETIC_NAMES.get(fields["arithmetic"], f"code {fields['arithmetic']}"),
        sample_rate_hz=fields["sample_rate_hz"],
        block_samples=fields["block_samples"],
        drivers=fields["drivers"],
        inputs=fields["inputs"],
        credits=fields["credits"],
        max_payload_bytes=fields["max_payload_bytes"],
        clock_source=CLOCK_NAMES.get(fields["clock_source"], "UNKNOWN"),
        reset_cause=_RESET_NAMES.get(fields["reset_cause"], "UNKNOWN"),
        faults=fields["faults"],
        fault={name.removeprefix("fault_"): value for name, value in fields.items() if name.startswith("fault_")}
        if fields["fault_exception"]
        else None,
    )


def check_info(info: BoardInfo, digest: str | None, layout: Layout | None) -> None:
    """Refuse a board that runs something else; None accepts any.

    Raises
    ------
    HilError
        If layout, number format, rate, drivers or digest are not what is wanted, or the number format is unknown.
    """
    if layout is not None:
        for what, has, wants in (
            ("layout", info.layout_name, layout.name),
            ("number format", info.arithmetic, layout.number_format),
            ("sample rate", info.sample_rate_hz, layout.sample_rate_hz),
            ("number of drivers", info.drivers, len(layout.drivers)),
        ):
            if has != wants:
                raise HilError(f"{what}: the board runs {has}, expected {wants}: flash it again")
    if digest is not None and info.digest != digest:
        raise HilError(f"design digest: the board runs {info.digest[:16]}…, expected {digest[:16]}…: flash it again")
    known = [found.name for found in NUMBER_FORMATS]
    if info.arithmetic not in known:
        raise HilError(f"number format: the board runs {info.arithmetic}, known are {', '.join(known)}")
