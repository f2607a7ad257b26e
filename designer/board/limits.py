"""Limits of a board's own playing, in dBFS: read them, or set them at most to those of the design."""

from __future__ import annotations

import math
from dataclasses import dataclass

from designer import protocol
from designer.board.health import per_driver
from designer.board.link import unpack_reply
from designer.errors import LayoutError
from designer.fixedpoint.number_format import NumberFormat

# Levels are shown with two decimals.  A shown level may be set again.
_SHOWN_DECIMALS = 2


@dataclass(frozen=True)
class Limits:
    """Content of LIMITS_REPLY: the largest magnitude of each driver, raw.

    Attributes
    ----------
    number_format : NumberFormat
        Of the image: its samples' full scale.
    release : int
        Of all drivers, as `FixedLimiter` has it.
    raw : tuple of D int
        Current limits.
    design_raw : tuple of D int
        Limits of the design; the current ones never exceed them.
    """

    number_format: NumberFormat
    release: int
    raw: tuple[int, ...]
    design_raw: tuple[int, ...]

    @classmethod
    def from_reply(cls, reply: bytes, number_format: NumberFormat, drivers: int) -> Limits:
        """Read a payload of LIMITS_REPLY."""
        fields = unpack_reply(protocol.LIMITS_REPLY, reply)
        raw, design_raw = (tuple(per_driver(fields[name], drivers)) for name in ("limits", "design_limits"))
        return cls(number_format, int(fields["release"]), raw, design_raw)

    def levels_db(self, raw: tuple[int, ...]) -> tuple[float, ...]:
        """Levels of limits in dBFS; the magnitude of the most negative sample counts."""
        lsb = self.number_format.sample.lsb
        return tuple(20 * math.log10((limit + 1) * lsb) for limit in raw)

    def raw_at(self, channel: int, level_db: float, name: str) -> int:
        """Compute the largest magnitude that keeps a level.

        Parameters
        ----------
        channel : int
            From 0, below the number of drivers.
        level_db : float
            In dBFS.
        name : str
            Name of the driver in an error message.

        Raises
        ------
        LayoutError
            If the level is above that of the design, or below one step of a sample.
        """
        least, most = self.levels_db((1,))[0], self.levels_db(self.design_raw)[channel]
        # This form also refuses "not a number".
        if not least - 0.5 * 10**-_SHOWN_DECIMALS <= level_db <= round(most, _SHOWN_DECIMALS):
            raise LayoutError(
                f"limit of {name} = {level_db:g} dB: allowed are {least:.2f} to {most:.2f} dB, the limit in the "
                "design on the board; for more, raise the driver's limit_db in the layout and flash it "
                "(proscenium flash)"
            )
        fraction_bits = self.number_format.sample.fraction_bits
        limit = math.floor(math.ldexp(10 ** (level_db / 20), fraction_bits)) - 1
        return min(max(limit, 1), self.design_raw[channel])
