"""What one intermediate can reach, and what it can hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """What one intermediate can reach, and what it can hold.

    Attributes
    ----------
    stage : str
        'upmix', 'volume', 'bus', 'equalised', 'accumulator', 'segment', 'part …' (see `parts`), 'sum', 'feed' or
        'limiter'; other stages name themselves.
    where : str
        Which one.
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
        """Whether it stays exact for every input."""
        return -self.limit <= self.least and self.most < self.limit

    @property
    def bits(self) -> int:
        """Two's-complement bits that the extremes need."""
        return max(self.most.bit_length(), (-self.least - 1).bit_length()) + 1

    @property
    def limit_bits(self) -> int:
        """Bits that there are."""
        return self.limit.bit_length()
