"""Identity of a board, as HELLO_REPLY gives it, and the check that it is the expected one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from designer import protocol
from designer.errors import HilError
from designer.fixedpoint.number_format import NUMBER_FORMATS, NumberFormat
from designer.layout.model import Layout

CLOCK_NAMES = {code: name for name, code in protocol.CLOCK.items()}
_NUMBER_FORMAT_NAMES = {code: name.lower() for name, code in protocol.NUMBER_FORMAT.items()}
_RESET_NAMES = {code: name for name, code in protocol.RESET.items()}


@dataclass(frozen=True)
class BoardInfo:
    """Identity of a board and of its image, from HELLO_REPLY."""

    board_name: str
    layout_name: str
    digest: str
    format_name: str
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
        """Number format of the image; `check_info` refuses an unknown one."""
        return NumberFormat.named(self.format_name)


def read_info(fields: dict[str, Any]) -> BoardInfo:
    """Convert the fields of a HELLO_REPLY."""
    return BoardInfo(
        board_name=fields["board_name"],
        layout_name=fields["layout_name"],
        digest=fields["digest"].hex(),
        format_name=_NUMBER_FORMAT_NAMES.get(fields["number_format"], f"code {fields['number_format']}"),
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
    """Refuse a board that runs another design or layout; None accepts any.

    Raises
    ------
    HilError
        If layout, number format, rate, drivers or digest differ, or the number format is unknown.
    """
    if layout is not None:
        for what, has, wants in (
            ("layout", info.layout_name, layout.name),
            ("number format", info.format_name, layout.number_format),
            ("sample rate", info.sample_rate_hz, layout.sample_rate_hz),
            ("number of drivers", info.drivers, len(layout.drivers)),
        ):
            if has != wants:
                raise HilError(f"{what}: the board runs {has}, expected {wants}: flash it again")
    if digest is not None and info.digest != digest:
        raise HilError(f"design digest: the board runs {info.digest[:16]}…, expected {digest[:16]}…: flash it again")
    known = [found.name for found in NUMBER_FORMATS]
    if info.format_name not in known:
        raise HilError(f"number format: the board runs {info.format_name}, known are {', '.join(known)}")
