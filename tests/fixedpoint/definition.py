"""DESIGN.md's FIR matrix in Python integers: written from the text, independent of twin, C and CMSIS-DSP."""

import numpy as np

SAMPLE_BITS = {"q15": 15, "q31": 31, "q31x15": 31}


def limits(arithmetic):
    """Least and largest sample."""
    bits = SAMPLE_BITS[arithmetic]
    return -(2**bits), 2**bits - 1


def path_output(arithmetic, path, samples):
    """One FIR of one bus: (n,) object."""
    count = samples.shape[0]
    total = np.zeros(count, dtype=object)
    for k, tap in enumerate(path.coefficients.tolist()):
        lag = path.delay + k
        if lag < count:
            products = tap * samples[: count - lag].astype(object)
            total[lag:] += products >> 16 if arithmetic == "q31x15" else products
    return total


def filter_matrix(bank, samples):
    """Filter inputs (n, 3) → drivers (n, D), both int64."""
    arithmetic = bank.arithmetic
    left, right, centre = samples.astype(object).T
    room = {"q15": 0, "q31": 2, "q31x15": 4}[arithmetic]
    buses = (left >> room, right >> room, centre >> room)
    if bank.structure.shuffled and room:
        left, right = left >> (room + 1), right >> (room + 1)
        buses = (left + right, left - right, centre >> room)
    elif bank.structure.shuffled:
        buses = ((left + right) >> 1, (left - right) >> 1, centre)
    outputs = [None] * len(bank.driver_names)
    row = iter(bank.paths)
    for group in bank.structure.groups:
        rows = [next(row)] + ([next(row)] if group.minus is not None else [])
        least = {"q15": -15, "q31": -29, "q31x15": 5}[arithmetic]
        top = max([path.exponent for paths in rows for path in paths if path.taps] + [least])
        sums = [
            sum(
                path_output(arithmetic, path, bus) * 2 ** (top - path.exponent)
                for path, bus in zip(paths, buses, strict=True)
                if path.taps
            )
            for paths in rows
        ]
        shift = top + {"q15": 15, "q31": 29, "q31x15": -5}[arithmetic]
        for driver, total in ((group.plus, sum(sums)), (group.minus, 2 * sums[0] - sum(sums))):
            if driver is not None:
                rounded = (total + ((1 << shift) >> 1)) >> shift
                low, high = limits(arithmetic)
                outputs[driver] = np.clip(np.broadcast_to(rounded, left.shape).astype(object), low, high)
    return np.stack(outputs, axis=1).astype(np.int64)
