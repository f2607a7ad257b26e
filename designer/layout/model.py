"""The layout of a loudspeaker, validated once: each key by itself (`sections`), then all together (`checks`).

The coordinates are those of AES69, seen by the listener.  The origin is the centre of the head.  x points forward to
the cabinet, y left, and z up.  On the cabinet, azimuth 0° faces the listener, azimuth +90° the listener's left, and
elevation +90° up.
"""

from __future__ import annotations

from pydantic import model_validator

from designer.layout.checks import driver_faults
from designer.layout.sections import LayoutSections


class Layout(LayoutSections):
    """A complete and validated description of one loudspeaker board.

    Raises
    ------
    pydantic.ValidationError
        With all faults, see `designer.layout.load.parse_layout`.
    """

    @model_validator(mode="after")
    def _check_drivers(self) -> Layout:
        faults = driver_faults(self)
        if faults:
            raise ValueError("\n".join(faults))
        return self
