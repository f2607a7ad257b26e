"""Quantise a float filter bank into integer taps, one exponent and one delay for each path.

Taps of 16 bits are not rounded one by one.  Their error is moved out of the band that a path serves (see
`error_weights` and `nearest_plane`).  Taps of 32 bits are rounded: their error lies 90 dB below that of 16-bit samples.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.filters.structure import Structure, find_structure, split
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.dequantised import dequantised_impulse_responses, path_responses
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.proof.overflow import require_proof
from designer.fixedpoint.quantise.equaliser import quantise_equalisers
from designer.fixedpoint.quantise.error_weights import ErrorWeights
from designer.fixedpoint.quantise.nearest_plane import weight_factor
from designer.fixedpoint.quantise.path import group_exponents, quantise_path, size_and_limit

__all__ = ["keeps_noise_snr", "quantise_bank", "quantise_path", "white_noise_snr_db"]

# The margin is for the finite length of the noise.  If the full weights keep less than required, their decibels are
# reduced in these steps.  In the last step, taps are rounded.
_NOISE_MARGIN_DB = 0.2
_DEPTHS = (1.0, 0.9, 0.8, 0.6, 0.4, 0.2, 0.0)


def quantise_bank(bank: FilterBank, number_format: NumberFormat, weights: ErrorWeights | None = None) -> FixedPointBank:
    """Quantise every path and prove that nothing overflows.

    Parameters
    ----------
    bank : FilterBank
        Impulse responses (D, I, N), full scale 1.
    number_format : NumberFormat
    weights : ErrorWeights, optional
        (D, I, F): how much the error of each path matters at each frequency.  Without them taps are rounded.

    Returns
    -------
    FixedPointBank

    Raises
    ------
    InfeasibleDesignError
        If a path does not fit its word, or the overflow proof fails.  The message names the gain change that helps.
    """
    shaped = weights is not None and number_format.shapes_taps
    for depth in _DEPTHS if shaped else (0.0,):
        # At depth 0 all frequencies count alike, but the error of one stage is still filtered by the other.
        power = weights.power**depth if weights is not None and shaped and (depth or bank.two_stage) else None
        fixed = quantise_matrix(bank, number_format, power)
        if not depth or keeps_noise_snr(bank, fixed):
            break
    require_proof(fixed)
    return fixed


def quantise_matrix(bank: FilterBank, number_format: NumberFormat, power: NDArray[np.float64] | None) -> FixedPointBank:
    """Quantise every path; equal responses under equal weights get equal taps, and each weight is factored once.

    Parameters
    ----------
    bank : FilterBank
    number_format : NumberFormat
    power : (D, I, F) float64, optional
        Weight of the error of each path; without it taps are rounded.
    """
    equalisers: tuple[FixedPointPath | None, ...] = ()
    if bank.two_stage is None:
        structure = find_structure(bank.impulse_responses)
        components = split(structure, bank.impulse_responses)
        on_buses = None if power is None else _component_power(structure, power)
    else:
        structure = bank.two_stage.structure
        on_buses = None if power is None else _component_power(structure, power)
        equalisers, components, on_buses = quantise_equalisers(bank.two_stage, number_format, on_buses)
    _require_range(structure.sum_names(bank.driver_names), structure.buses, components, number_format)
    taps = components.shape[2]
    shared = group_exponents(structure, components, number_format)
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
            if number_format.shares_exponent:
                row.append(quantise_path(response, number_format, exponent=shared[structure.sums[k][0]]))
                continue
            if key not in done:
                done[key] = quantise_path(response, number_format, factors.get(weight))
            row.append(done[key])
        rows.append(tuple(row))
    names = bank.driver_names, bank.input_names
    return FixedPointBank(number_format, bank.sample_rate_hz, *names, tuple(rows), structure, equalisers=equalisers)


def _component_power(structure: Structure, power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (D, I, F) of drivers and inputs → (K, B, F) of sums and buses: the largest of all that a path serves."""
    rows = []
    for k in range(len(structure.sums)):
        of_drivers = power[list(structure.drivers_of(k))].max(axis=0)
        if structure.shuffled:
            both = np.maximum(of_drivers[0], of_drivers[1])
            of_drivers = np.stack([both, both, of_drivers[2]])
        rows.append(of_drivers)
    return np.stack(rows)


def keeps_noise_snr(bank: FilterBank, fixed: FixedPointBank) -> bool:
    """Whether quantised filters keep the required SNR on white noise, with a margin for its finite length."""
    return white_noise_snr_db(bank, fixed) >= fixed.number_format.noise_snr_db + _NOISE_MARGIN_DB


def white_noise_snr_db(bank: FilterBank, fixed: FixedPointBank) -> float:
    """Predict the signal-to-noise ratio for independent white noise at -6 dBFS peak, over all drivers together.

    Parameters
    ----------
    bank : FilterBank
        Float design.
    fixed : FixedPointBank
        Its quantised form.

    Returns
    -------
    float
        dB.  The noise is that of coefficients, of halving to mid and side, and of rounding in equalisers and outputs.
    """
    wanted = bank.impulse_responses
    dequantised = dequantised_impulse_responses(fixed, wanted.shape[2])
    # Uniform within ±1/2: variance 1/12.  A rounding error is uniform within ±1/2 LSB.
    rounding = len(fixed.driver_names) / 12
    headroom = fixed.number_format.headroom_bits
    if headroom:
        # Each input drops its low bits, and with them a mean: uniform from 0 to one step of the bus.
        steps = np.array([2.0, 2.0, 1.0] if fixed.structure.shuffled else [1.0, 1.0, 1.0]) * 2**headroom
        means = np.sum(dequantised.sum(axis=2) * steps / 2, axis=1)
        rounding += float(np.sum(dequantised**2 * (steps**2 / 12)[:, None]) + np.sum(means**2))
    elif fixed.structure.shuffled:
        # Where L + R is odd, so is L - R, and both halves lose 1/2 LSB: as if L lost one with probability 1/2.
        left = dequantised[:, 0]
        rounding += float(np.sum(left**2) + np.sum(left.sum(axis=1) ** 2)) / 4
    rounding *= fixed.number_format.sample.lsb**2
    rounding += _product_noise(fixed) + _equaliser_noise(fixed)
    return float(10 * np.log10(np.sum(wanted**2) / 12 / (np.sum((dequantised - wanted) ** 2) / 12 + rounding)))


def _product_noise(fixed: FixedPointBank) -> float:
    """Power of what the floors of products drop, means included, over all drivers together."""
    if not fixed.number_format.floors_products:
        return 0.0
    fraction, power = fixed.number_format.sum_fraction_bits, 0.0
    for g, group in enumerate(fixed.structure.groups):
        sums = fixed.structure.sums_of(g)
        units = [[(path.taps, 2.0 ** -(fraction + path.exponent)) for path in fixed.paths[k]] for k in sums]
        variances = sum(n * unit**2 / 12 for row in units for n, unit in row)
        means = [sum(n * unit / 2 for n, unit in row) for row in units]
        for driver in group.drivers:
            mean = sum(fixed.structure.sign_of(k, driver) * m for k, m in zip(sums, means, strict=True))
            power += variances + mean**2
    return power


def _equaliser_noise(fixed: FixedPointBank) -> float:
    """Power of what equalisers round, filtered by the paths behind them, over all drivers together."""
    if not fixed.is_equalised:
        return 0.0
    paths, power = path_responses(fixed), 0.0
    drivers = [len(fixed.structure.drivers_of(k)) for k in range(len(fixed.paths))]
    step = fixed.number_format.sample.lsb * (1 << fixed.number_format.headroom_bits)
    means = np.zeros(paths.shape[:2])
    for b, equaliser in enumerate(fixed.equalisers):
        if equaliser is not None:
            # In units of the bus: a rounding error is uniform within ±1/2; halves are rounded upward.
            unit = 2.0 ** -fixed.equaliser_shift(b)
            floors = equaliser.taps if fixed.number_format.floors_products else 0
            variance = (1 - unit**2) / 12 + floors * unit**2 / 12
            power += variance * step**2 * float(np.sum(paths[:, b] ** 2 * np.array(drivers)[:, None]))
            means[:, b] = ((1.0 if unit < 1 else 0.0) - floors) * unit / 2 * step * paths[:, b].sum(axis=1)
    return power + float(np.sum(means.sum(axis=1) ** 2 * drivers))


def _require_range(
    sums: tuple[str, ...], buses: tuple[str, ...], components: np.ndarray, number_format: NumberFormat
) -> None:
    faults, least = [], number_format.exponents[0]
    for name, row in zip(sums, components, strict=True):
        # Paths that share an exponent are limited by their sum.
        places = [(f"driver '{name}' ← input '{bus}'", response) for bus, response in zip(buses, row, strict=True)]
        for where, response in [(f"driver '{name}'", row.ravel())] if number_format.shares_exponent else places:
            size, limit = size_and_limit(response, number_format)
            excess = math.ldexp(size / limit, least)
            if excess > 1:
                what = "Σ|h|" if number_format.shares_exponent else "largest tap"
                excess_db = math.ceil(200 * math.log10(excess)) / 10
                faults.append(
                    f"{where}: {what} = {size:.3f}, limit {1 << -least} in "
                    f"{number_format}; lower output.peak_gain_db by {max(excess_db, 0.1):.1f} dB"
                )
    if faults:
        raise InfeasibleDesignError("\n".join(faults))
