"""The layout of a loudspeaker: drivers, cabinet, listener and targets, read from TOML and validated once.

Conventions (AES69, seen by the listener): origin at the centre of the head, x forward to the cabinet, y left,
z up.  On the cabinet, azimuth 0 degrees faces the listener, +90 degrees faces the listener's left, elevation
+90 degrees faces up.
"""

from __future__ import annotations

from pydantic import model_validator

from designer.layout.checks import driver_faults
from designer.layout.sections import LayoutSections


class Layout(LayoutSections):
    """A complete, validated description of one loudspeaker board."""

    @model_validator(mode="after")
    def _check_drivers(self) -> Layout:
        faults = driver_faults(self)
        if faults:
            raise ValueError("\n".join(faults))
        return self
