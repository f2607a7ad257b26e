"""Quantise a float filter bank into integer taps, one exponent and one delay for each path.

16-bit taps are not rounded one by one: their error is moved out of the band that a path serves (see `weights` and
`nearest_plane`).  32-bit taps are rounded, 90 dB below what a 16-bit program can hold.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.filters.structure import Structure, find_structure, split
from designer.fixedpoint.bank import (
    MAX_EXPONENT,
    MAX_EXPONENT_Q31,
    MIN_EXPONENT,
    TAP_TYPES,
    Arithmetic,
    FixedPointBank,
    FixedPointPath,
)
from designer.fixedpoint.effective import effective_impulse_responses
from designer.fixedpoint.nearest_plane import nearest_plane, weight_factor, weighted_error
from designer.fixedpoint.proof import require_proof
from designer.fixedpoint.qformat import BUS_HEADROOM_BITS, COEFFICIENT_FORMATS, SAMPLE_FORMATS
from designer.fixedpoint.segments import LARGEST_SUM
from designer.fixedpoint.weights import ErrorWeights
from designer.triangular import solve_lower, solve_upper

# Up to this length a lattice can be reduced in a fraction of a second.
_LATTICE_TAPS = 64
# Least signal-to-noise ratio of the quantised filters on white noise at -6 dBFS.
NOISE_SNR_DB = {"q15": 70.0, "q31": 120.0, "q31x15": 70.0}
# The margin is for the noise being finite.  Where the weights would go below, their decibels are reduced; without any,
# taps are rounded.
_NOISE_MARGIN_DB = 0.2
# By how much a shaped tap may lie further from 0 than the real one, on average.
_SHAPING_LSB = 2
# Whatever is quieter gets the largest exponent anyhow.
_LEAST_SUM = 2.0**-64
_DEPTHS = (1.0, 0.9, 0.8, 0.6, 0.4, 0.2, 0.0)


def quantise_bank(bank: FilterBank, arithmetic: Arithmetic, weights: ErrorWeights | None = None) -> FixedPointBank:
    """Quantise every path and prove that nothing overflows.

    Parameters
    ----------
    bank : FilterBank
        Impulse responses (D, I, N), full scale 1.
    arithmetic : 'q15', 'q31' or 'q31x15'
    weights : ErrorWeights, optional
        (D, I, F): where the error of each path matters; without them taps are rounded.

    Returns
    -------
    FixedPointBank

    Raises
    ------
    InfeasibleDesignError
        If a path does not fit its word, or the proof fails, with the gain change that would make it fit.
    """
    structure = find_structure(bank.impulse_responses)
    components = split(structure, bank.impulse_responses)
    _require_range(structure.sum_names(bank.driver_names), structure.buses, components, arithmetic)
    shaped = weights is not None and TAP_TYPES[arithmetic] is np.int16
    for depth in _DEPTHS if shaped else (0.0,):
        power = weights.power**depth if weights is not None and depth else None
        fixed = _quantise_matrix(bank, arithmetic, power)
        if not depth or white_noise_snr_db(bank, fixed) >= NOISE_SNR_DB[arithmetic] + _NOISE_MARGIN_DB:
            break
    require_proof(fixed)
    return fixed


def _quantise_matrix(bank: FilterBank, arithmetic: Arithmetic, power: NDArray[np.float64] | None) -> FixedPointBank:
    """Quantise every path; equal responses under equal weights get equal taps, and a weight is factored once."""
    structure, taps = find_structure(bank.impulse_responses), bank.impulse_responses.shape[2]
    components = split(structure, bank.impulse_responses)
    on_buses = None if power is None else _component_power(structure, power)
    shared = _group_exponents_q31(structure, components)
    factors: dict[bytes, NDArray[np.float64]] = {}
    done: dict[tuple[bytes, bytes], FixedPointPath] = {}
    rows = []
    for k, responses in enumerate(components):
        row = []
        for b, response in enumerate(responses):
            weight = b"" if on_buses is None else on_buses[k, b].tobytes()
            if on_buses is not None and weight not in factors:
                factors[weight] = weight_factor(on_buses[k, b], taps)
            key = (response.tobytes(), weight)
            if arithmetic == "q31":
                row.append(quantise_path(response, arithmetic, exponent=shared[structure.sums[k][0]]))
                continue
            if key not in done:
                done[key] = quantise_path(response, arithmetic, factors.get(weight))
            row.append(done[key])
        rows.append(tuple(row))
    return FixedPointBank(arithmetic, bank.sample_rate_hz, bank.driver_names, bank.input_names, tuple(rows), structure)


def _component_power(structure: Structure, power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (D, I, F) of drivers and inputs → (K, B, F) of sums and buses: the largest that a path serves."""
    rows = []
    for g, _ in structure.sums:
        group = structure.groups[g]
        of_drivers = power[[d for d in (group.plus, group.minus) if d is not None]].max(axis=0)
        if structure.shuffled:
            both = np.maximum(of_drivers[0], of_drivers[1])
            of_drivers = np.stack([both, both, of_drivers[2]])
        rows.append(of_drivers)
    return np.stack(rows)


def white_noise_snr_db(bank: FilterBank, fixed: FixedPointBank) -> float:
    """Signal-to-noise ratio that independent white noise at -6 dBFS peak is expected to show, all drivers together.

    Parameters
    ----------
    bank : FilterBank
        Float design.
    fixed : FixedPointBank
        Its quantised form.

    Returns
    -------
    float
        dB; errors of the coefficients, of the halving of mid and side, and of the output's rounding.
    """
    wanted = bank.impulse_responses
    effective = effective_impulse_responses(fixed, wanted.shape[2])
    # Uniform within ±1/2: variance 1/12.  A rounding error is uniform within ±1/2 LSB.
    rounding = len(fixed.driver_names) / 12
    headroom = BUS_HEADROOM_BITS[fixed.arithmetic]
    if headroom:
        # Each input drops its low bits, and with them a mean: uniform from 0 to one step of the bus.
        steps = np.array([2.0, 2.0, 1.0] if fixed.structure.shuffled else [1.0, 1.0, 1.0]) * 2**headroom
        means = np.sum(effective.sum(axis=2) * steps / 2, axis=1)
        rounding += float(np.sum(effective**2 * (steps**2 / 12)[:, None]) + np.sum(means**2))
    elif fixed.structure.shuffled:
        # Where L + R is odd, so is L - R, and both halves lose 1/2 LSB: as if L lost one with probability 1/2.
        left = effective[:, 0]
        rounding += float(np.sum(left**2) + np.sum(left.sum(axis=1) ** 2)) / 4
    rounding *= SAMPLE_FORMATS[fixed.arithmetic].lsb ** 2
    rounding += _product_noise(fixed)
    return float(10 * np.log10(np.sum(wanted**2) / 12 / (np.sum((effective - wanted) ** 2) / 12 + rounding)))


def _product_noise(fixed: FixedPointBank) -> float:
    """Power of what the floors of q31x15's products drop, all drivers together: 0 to a unit of Q.26, mean included."""
    if fixed.arithmetic != "q31x15":
        return 0.0
    power = 0.0
    for g, group in enumerate(fixed.structure.groups):
        units = [
            [(path.taps, 2.0 ** -(26 + path.exponent)) for path in fixed.paths[k]] for k in fixed.structure.sums_of(g)
        ]
        variances = sum(n * unit**2 / 12 for row in units for n, unit in row)
        means = [sum(n * unit / 2 for n, unit in row) for row in units]
        signs = [(1, 1)] if group.minus is None else [(1, 1), (1, -1)]
        for sign in signs:
            mean = sum(s * m for s, m in zip(sign, means, strict=False))
            power += variances + mean**2
    return power


def quantise_path(
    response: np.ndarray,
    arithmetic: Arithmetic,
    factor: NDArray[np.float64] | None = None,
    exponent: int | None = None,
) -> FixedPointPath:
    """Quantise one impulse response at the largest exponent that its accumulator admits.

    Parameters
    ----------
    response : (N,) float64
        Impulse response, full scale 1.
    arithmetic : 'q15', 'q31' or 'q31x15'
    factor : (N, N) float64, optional
        From `weight_factor`: the norm in which the error is made small.  Without it, and always in q31, taps are
        rounded to nearest.
    exponent : int, optional
        Shared with other paths; without it the largest that this one admits.

    Returns
    -------
    FixedPointPath
        Without leading and trailing zero taps; the leading ones become the delay.  In the given norm its error is
        never larger than that of rounding, and it has no more taps.
    """
    word = COEFFICIENT_FORMATS[arithmetic]
    exponent = _exponent(response, arithmetic) if exponent is None else exponent
    # -32768 is never stored: four such factors overflow the dual 16-bit multiply-accumulate (Arm ARM, SMLALD).
    raw = np.maximum(word.quantise(np.ldexp(response, exponent)), -word.largest)
    if factor is not None and TAP_TYPES[arithmetic] is np.int16 and raw.any():
        raw = _shaped(np.ldexp(response, exponent + word.fraction_bits), raw, factor, word.largest)
    used = np.flatnonzero(raw)
    if used.size == 0:
        return FixedPointPath(np.zeros(0, dtype=TAP_TYPES[arithmetic]))
    first, last = int(used[0]), int(used[-1])
    return FixedPointPath(raw[first : last + 1].astype(TAP_TYPES[arithmetic]), delay=first, exponent=exponent)


def _shaped(
    target: NDArray[np.float64], rounded: NDArray[np.int64], factor: NDArray[np.float64], limit: int
) -> NDArray[np.int64]:
    """Integer taps near the target in the norm of the factor, within the span of the rounded ones."""
    used = np.flatnonzero(rounded)
    span = slice(int(used[0]), int(used[-1]) + 1)
    size = span.stop - span.start
    # What the taps outside of the span leave undone is made up for within it as well as it can be.  The leading block
    # of a Toeplitz matrix's factor is the factor of its leading block, and all blocks of one size are equal.
    block = factor[:size, :size]
    outside = -target
    outside[span] = 0.0
    wanted = target[span] - solve_upper(block, solve_lower(block.T, factor[:, span].T @ (factor @ outside)))
    points = nearest_plane(block, wanted, limit)[:1]
    if size <= _LATTICE_TAPS:
        # Imported only where a filter is short: most designs never need the library.
        from designer.fixedpoint.lattice import near_points, reduced_basis

        points = np.concatenate([points, near_points(block, reduced_basis(block), wanted)])
    best, least = rounded, weighted_error(factor, rounded - target)
    for point in points[np.abs(points).max(axis=1) <= limit]:
        candidate = np.zeros_like(rounded)
        candidate[span] = point.astype(np.int64)
        error = weighted_error(factor, candidate - target)
        if error < least:
            best, least = candidate, error
    return best


def _size_and_limit(response: np.ndarray, arithmetic: Arithmetic) -> tuple[float, float]:
    """Return what limits a path at exponent 0: its largest tap, or in q31 its sum's Σ|h|."""
    magnitude = np.abs(response)
    if arithmetic == "q31":
        # Rounding may add half an LSB at every tap.
        return float(magnitude.sum()), 1.0 - response.size * COEFFICIENT_FORMATS[arithmetic].lsb
    word = COEFFICIENT_FORMATS[arithmetic]
    return float(magnitude.max(initial=0.0)), word.largest * word.lsb


def _group_exponents_q31(structure: Structure, components: np.ndarray) -> list[int]:
    """One exponent for the paths of each group: the largest at which Σ|c| of each of its sums stays below 2**31."""
    found = []
    for g in range(len(structure.groups)):
        sums = components[list(structure.sums_of(g))].reshape(len(structure.sums_of(g)), -1)
        size, limit = max(_size_and_limit(row, "q31") for row in sums)
        found.append(
            MAX_EXPONENT_Q31
            if size == 0
            else int(np.clip(np.floor(np.log2(limit / size)), MIN_EXPONENT, MAX_EXPONENT_Q31))
        )
    return found


def _require_range(
    sums: tuple[str, ...], buses: tuple[str, ...], components: np.ndarray, arithmetic: Arithmetic
) -> None:
    faults = []
    for name, row in zip(sums, components, strict=True):
        # The paths of a sum in q31 share its accumulator.
        places = [(f"driver '{name}' ← input '{bus}'", response) for bus, response in zip(buses, row, strict=True)]
        for where, response in [(f"driver '{name}'", row.ravel())] if arithmetic == "q31" else places:
            size, limit = _size_and_limit(response, arithmetic)
            excess = math.ldexp(size / limit, MIN_EXPONENT)
            if excess > 1:
                what = "Σ|h|" if arithmetic == "q31" else "largest tap"
                excess_db = math.ceil(200 * math.log10(excess)) / 10
                faults.append(
                    f"{where}: {what} = {size:.3f}, limit {1 << -MIN_EXPONENT} in "
                    f"{arithmetic}; lower output.peak_gain_db by {max(excess_db, 0.1):.1f} dB"
                )
    if faults:
        raise InfeasibleDesignError("\n".join(faults))


def _exponent(response: np.ndarray, arithmetic: Arithmetic) -> int:
    """Largest left shift, -3 to 15, that the path's limit admits."""
    size, limit = _size_and_limit(response, arithmetic)
    if size == 0.0:
        return 0
    if arithmetic != "q31" and limit < size <= 1.0:
        return 0  # a tap that rounds to 1 is held one step below: that costs less than a bit of all the others
    exponent = int(np.floor(np.log2(limit / size)))
    if arithmetic == "q31x15":
        # One run holds the whole path: Σ|c| within the 32-bit accumulator, with room for what shaping adds to each tap.
        room = (LARGEST_SUM - _SHAPING_LSB * response.size) * COEFFICIENT_FORMATS[arithmetic].lsb
        exponent = min(exponent, int(np.floor(np.log2(room / max(float(np.abs(response).sum()), _LEAST_SUM)))))
    return int(np.clip(exponent, MIN_EXPONENT, MAX_EXPONENT))
