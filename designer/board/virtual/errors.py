"""What ends the run of a virtual board."""

from __future__ import annotations

from designer.errors import HilError


class HardwareRefusalError(HilError):
    """The image did what the hardware ignores, forbids or answers in no defined way."""


class PowerCutError(HilError):
    """The supply failed at the flash operation that a test chose."""
