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
    MIN_EXPONENT,
    TAP_TYPES,
    Arithmetic,
    FixedPointBank,
    FixedPointPath,
)
from designer.fixedpoint.dequantised import dequantised_impulse_responses, path_responses
from designer.fixedpoint.number_format import BUS_HEADROOM_BITS, SAMPLE_FORMATS
from designer.fixedpoint.proof.overflow import require_proof
from designer.fixedpoint.quantise.equaliser import quantise_equalisers
from designer.fixedpoint.quantise.error_weights import ErrorWeights
from designer.fixedpoint.quantise.nearest_plane import weight_factor
from designer.fixedpoint.quantise.path import group_exponents_q31, quantise_path, size_and_limit

__all__ = ["NOISE_SNR_DB", "keeps_noise_snr", "quantise_bank", "quantise_path", "white_noise_snr_db"]

# Least signal-to-noise ratio of the quantised filters on white noise at -6 dBFS.
NOISE_SNR_DB = {"q15": 70.0, "q31": 120.0, "q31x15": 70.0}
# The margin is for the noise being finite.  Where the weights would go below, their decibels are reduced; without any,
# taps are rounded.
_NOISE_MARGIN_DB = 0.2
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
    shaped = weights is not None and TAP_TYPES[arithmetic] is np.int16
    for depth in _DEPTHS if shaped else (0.0,):
        # Without depth an error of either stage is still heard through the other, if all frequencies count alike.
        power = weights.power**depth if weights is not None and shaped and (depth or bank.two_stage) else None
        fixed = _quantise_matrix(bank, arithmetic, power)
        if not depth or keeps_noise_snr(bank, fixed):
            break
    require_proof(fixed)
    return fixed


def _quantise_matrix(bank: FilterBank, arithmetic: Arithmetic, power: NDArray[np.float64] | None) -> FixedPointBank:
    """Quantise every path; equal responses under equal weights get equal taps, and a weight is factored once."""
    equalisers: tuple[FixedPointPath | None, ...] = ()
    if bank.two_stage is None:
        structure = find_structure(bank.impulse_responses)
        components = split(structure, bank.impulse_responses)
        on_buses = None if power is None else _component_power(structure, power)
    else:
        structure = bank.two_stage.structure
        on_buses = None if power is None else _component_power(structure, power)
        equalisers, components, on_buses = quantise_equalisers(bank.two_stage, arithmetic, on_buses)
    _require_range(structure.sum_names(bank.driver_names), structure.buses, components, arithmetic)
    taps = components.shape[2]
    shared = group_exponents_q31(structure, components)
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
    names = bank.driver_names, bank.input_names
    return FixedPointBank(arithmetic, bank.sample_rate_hz, *names, tuple(rows), structure, equalisers=equalisers)


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


def keeps_noise_snr(bank: FilterBank, fixed: FixedPointBank) -> bool:
    """Whether quantised filters keep `NOISE_SNR_DB` on white noise, with a margin for its being finite."""
    return white_noise_snr_db(bank, fixed) >= NOISE_SNR_DB[fixed.arithmetic] + _NOISE_MARGIN_DB


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
        dB; errors of the coefficients, of the halving of mid and side, of equalisers' and of the output's rounding.
    """
    wanted = bank.impulse_responses
    effective = dequantised_impulse_responses(fixed, wanted.shape[2])
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
    rounding += _product_noise(fixed) + _equaliser_noise(fixed)
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


def _equaliser_noise(fixed: FixedPointBank) -> float:
    """Power of what equalisers round, behind the paths that it passes, all drivers together."""
    if not fixed.is_equalised:
        return 0.0
    paths, power = path_responses(fixed), 0.0
    drivers = [1 if fixed.structure.groups[g].minus is None else 2 for g, _ in fixed.structure.sums]
    step = SAMPLE_FORMATS[fixed.arithmetic].lsb * (1 << BUS_HEADROOM_BITS[fixed.arithmetic])
    means = np.zeros(paths.shape[:2])
    for b, equaliser in enumerate(fixed.equalisers):
        if equaliser is not None:
            # In units of the bus: the rounding is uniform over one, but for halves, which go upward.
            unit = 2.0 ** -fixed.equaliser_shift(b)
            floors = equaliser.taps if fixed.arithmetic == "q31x15" else 0
            variance = (1 - unit**2) / 12 + floors * unit**2 / 12
            power += variance * step**2 * float(np.sum(paths[:, b] ** 2 * np.array(drivers)[:, None]))
            means[:, b] = ((1.0 if unit < 1 else 0.0) - floors) * unit / 2 * step * paths[:, b].sum(axis=1)
    return power + float(np.sum(means.sum(axis=1) ** 2 * drivers))


def _require_range(
    sums: tuple[str, ...], buses: tuple[str, ...], components: np.ndarray, arithmetic: Arithmetic
) -> None:
    faults = []
    for name, row in zip(sums, components, strict=True):
        # The paths of a sum in q31 share its accumulator.
        places = [(f"driver '{name}' ← input '{bus}'", response) for bus, response in zip(buses, row, strict=True)]
        for where, response in [(f"driver '{name}'", row.ravel())] if arithmetic == "q31" else places:
            size, limit = size_and_limit(response, arithmetic)
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
