"""Mirror symmetry of a filter matrix, and the FIRs that it saves.

In a cabinet that is its own mirror image, every driver p has a mirror driver m.  The filter of m for left is that of p
for right, and the other way round.  Both have the same filter for the centre.  Rotate the inputs to mid = (L + R)/2 and
side = (L − R)/2.  This is Blumlein's shuffler, for filters that of Cooper & Bauck (J. Audio Eng. Soc. 37 (1989), 3).
Then p and m share three FIRs.  Those on mid and centre make the common sum, and the one on side makes the difference
sum.  A driver in the plane of symmetry has no FIR on side.

The buses are the inputs of the FIRs.  A *sum* is what FIRs of several buses add up to.  A *group* is the driver, or the
pair of drivers, that is made of its sums: plus = common + difference, minus = common − difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DIRECT_BUSES = ("left", "right", "centre")
SHUFFLED_BUSES = ("mid", "side", "centre")

# Filters that differ by less than this part of full scale (a thirtieth of an LSB of the finest word) are the same.
SAME_FILTER = 2.0**-36


@dataclass(frozen=True)
class Group:
    """Drivers that share their FIRs.

    Attributes
    ----------
    plus : int
        Driver that gets the common sum plus the difference sum, if there is one.
    minus : int or None
        Its mirror driver, which gets the common sum minus the difference sum.
    """

    plus: int
    minus: int | None = None

    @property
    def drivers(self) -> tuple[int, ...]:
        """Its one or two drivers, plus first."""
        return (self.plus,) if self.minus is None else (self.plus, self.minus)


@dataclass(frozen=True)
class Structure:
    """The filter graph: buses, sums and which driver is made of which.

    Attributes
    ----------
    shuffled : bool
        Whether the FIRs see mid and side instead of left and right.
    groups : tuple of Group
        Every driver once.

    Raises
    ------
    ValueError
        If a driver is missing or comes twice.
    """

    shuffled: bool
    groups: tuple[Group, ...]

    def __post_init__(self) -> None:
        drivers = sorted(d for group in self.groups for d in group.drivers)
        if drivers != list(range(len(drivers))):
            raise ValueError(f"groups name the drivers {drivers}, allowed is every driver once")

    @property
    def drivers(self) -> int:
        """Number of drivers D."""
        return sum(len(group.drivers) for group in self.groups)

    @property
    def buses(self) -> tuple[str, ...]:
        """Names of the FIRs' inputs, in order."""
        return SHUFFLED_BUSES if self.shuffled else DIRECT_BUSES

    @property
    def sums(self) -> tuple[tuple[int, int], ...]:
        """Every sum in order, as group and sign: +1 the common one, −1 the difference."""
        return tuple((g, sign) for g, group in enumerate(self.groups) for sign in (1, -1)[: len(group.drivers)])

    def sums_of(self, group: int) -> tuple[int, ...]:
        """Return the indices of a group's sums: common, then difference where there is one."""
        return tuple(k for k, (g, _) in enumerate(self.sums) if g == group)

    def group_of(self, driver: int) -> int:
        """Return the index of the group that makes a driver.

        Raises
        ------
        ValueError
            If there is no such driver.
        """
        for g, group in enumerate(self.groups):
            if driver in group.drivers:
                return g
        raise ValueError(f"driver {driver}: allowed are 0 to {self.drivers - 1}")

    def drivers_of(self, sum_index: int) -> tuple[int, ...]:
        """Return the drivers that a sum is part of, plus first."""
        return self.groups[self.sums[sum_index][0]].drivers

    def sign_of(self, sum_index: int, driver: int) -> int:
        """Return the sign, +1 or −1, with which a sum enters one of its drivers."""
        group, sign = self.sums[sum_index]
        return sign if driver == self.groups[group].minus else 1

    def sum_names(self, driver_names: tuple[str, ...]) -> tuple[str, ...]:
        """Names of the sums: the driver's, or 'left+right' and 'left-right'."""
        names = []
        for g, sign in self.sums:
            group = self.groups[g]
            plus = driver_names[group.plus]
            names.append(
                plus if group.minus is None else f"{plus}{'+' if sign > 0 else '-'}{driver_names[group.minus]}"
            )
        return tuple(names)


def direct_structure(drivers: int) -> Structure:
    """One sum for each driver, on the inputs as they are."""
    return Structure(False, tuple(Group(d) for d in range(drivers)))


def find_structure(impulse_responses: np.ndarray, tolerance: float = SAME_FILTER) -> Structure:
    """Find mirror images by comparing the filters.  The geometry is not used.

    Parameters
    ----------
    impulse_responses : (D, 3, N) float64
        Driver, input (left, right, centre), tap; full scale 1.
    tolerance : float
        Filters that differ by no more at any tap count as the same.

    Returns
    -------
    Structure
        Shuffled where it saves at least one FIR, else direct.
    """
    mirrored = impulse_responses[:, [1, 0, 2]]
    alike = np.abs(impulse_responses[:, None] - mirrored[None]).max(axis=(2, 3)) <= tolerance
    groups: list[Group] = []
    taken: set[int] = set()
    for d in range(impulse_responses.shape[0]):
        if d in taken:
            continue
        partner = next((m for m in np.flatnonzero(alike[d]).tolist() if m > d and m not in taken), None)
        # A driver in the plane of symmetry is its own image: alone it needs no FIR on side.
        groups.append(Group(d, None if alike[d, d] else partner))
        taken |= {d} if alike[d, d] or partner is None else {d, partner}
    own_image = any(alike[group.plus, group.plus] for group in groups)
    if own_image or any(group.minus is not None for group in groups):
        return Structure(True, tuple(groups))
    return direct_structure(impulse_responses.shape[0])


def split(structure: Structure, impulse_responses: np.ndarray, tolerance: float = SAME_FILTER) -> np.ndarray:
    """Responses from inputs to drivers → responses from buses to sums.

    Parameters
    ----------
    structure : Structure
    impulse_responses : (D, 3, N) float64
    tolerance : float
        As for `find_structure`.

    Returns
    -------
    (K, 3, N) float64
        Sum, bus, tap.  Differences between mirror images within the tolerance become 0.
    """
    on_buses = impulse_responses
    if structure.shuffled:
        left, right = impulse_responses[:, 0], impulse_responses[:, 1]
        on_buses = np.stack([left + right, left - right, impulse_responses[:, 2]], axis=1)
    sums = []
    for g, sign in structure.sums:
        group = structure.groups[g]
        plus = on_buses[group.plus]
        sums.append(plus if group.minus is None else (plus + sign * on_buses[group.minus]) / 2)
    result = np.stack(sums)
    if structure.shuffled:
        result[np.abs(result).max(axis=2) <= 2 * tolerance] = 0.0
    return result


def join(structure: Structure, components: np.ndarray) -> np.ndarray:
    """Responses from buses to sums → responses from inputs to drivers: the inverse of `split`.

    Parameters
    ----------
    structure : Structure
    components : (K, 3, N) float64

    Returns
    -------
    (D, 3, N) float64
    """
    on_buses = np.zeros((structure.drivers, *components.shape[1:]))
    for k, component in enumerate(components):
        for driver in structure.drivers_of(k):
            on_buses[driver] += structure.sign_of(k, driver) * component
    if not structure.shuffled:
        return on_buses
    mid, side = on_buses[:, 0], on_buses[:, 1]
    return np.stack([(mid + side) / 2, (mid - side) / 2, on_buses[:, 2]], axis=1)
