"""Bound of one intermediate value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """The extremes of one intermediate over all inputs, and the range in which it is exact.

    Attributes
    ----------
    stage : str
        As the scorecard stores it: 'upmix', 'volume', 'bus', 'equalised', 'accumulator', 'sum' or 'limiter'.  The
        stored names of three others are older: 'segment' (an accumulator run), 'part …' (a fast FIR's subfilters) and
        'feed' (a driver signal).
    where : str
        Which intermediate of the stage.
    least, most : int
        Extremes over all inputs within full scale, raw.
    limit : int
        It is exact from -limit to limit - 1.
    """

    stage: str
    where: str
    least: int
    most: int
    limit: int

    @property
    def holds(self) -> bool:
        """Whether the intermediate is exact for every input."""
        return -self.limit <= self.least and self.most < self.limit

    @property
    def bits(self) -> int:
        """Two's-complement bits that the extremes need."""
        return max(self.most.bit_length(), (-self.least - 1).bit_length()) + 1

    @property
    def limit_bits(self) -> int:
        """Two's-complement bits of the exact range."""
        return self.limit.bit_length()
