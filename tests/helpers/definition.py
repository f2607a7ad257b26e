"""FIR matrix and limiters of docs/arithmetic.md in Python integers, independent of the model, the C and CMSIS-DSP."""

import numpy as np

SAMPLE_BITS = {"q15": 15, "q31": 31, "q31x15": 31}


def limits(number_format):
    """Least and largest sample."""
    bits = SAMPLE_BITS[number_format]
    return -(2**bits), 2**bits - 1


def path_output(number_format, path, samples):
    """One FIR of one bus: (n,) object."""
    count = samples.shape[0]
    total = np.zeros(count, dtype=object)
    for k, tap in enumerate(path.coefficients.tolist()):
        lag = path.delay + k
        if lag < count:
            products = tap * samples[: count - lag].astype(object)
            total[lag:] += products >> 16 if number_format == "q31x15" else products
    return total


def filter_matrix(bank, samples):
    """Filter inputs (n, 3) → drivers (n, D), both int64."""
    return limited(bank.limiter, driver_signals(bank, samples))


def limited(limiter, x):
    """What the limiters make of driver_signals: both (n, D) int64."""
    one, hops, groups = 2**24, limiter.hops, 1 if limiter.linked else x.shape[1]
    count, delay = x.shape[0], 16 * (hops + 1)
    targets = []
    for start in range(0, count - 15, 16):
        row = []
        for d, limit in enumerate(limiter.limits):
            peak = max(v if v >= 0 else -v - 1 for v in x[start : start + 16, d].tolist())
            row.append(one if peak <= limit else limit * 2**24 // (peak + 1))
        targets.append([min(row)] if limiter.linked else row)
    output = np.zeros_like(x)
    for g in range(groups):
        t = [one] * hops + [row[g] for row in targets]
        smoothed, means = [one] * hops, [one, one]
        for h in range(len(targets)):
            released = smoothed[-1] + ((9 * one // 8 - smoothed[-1]) * limiter.release >> 31)
            smoothed.append(min(released, *t[h : h + hops + 1]))
            means.append(sum(smoothed[-hops:]) // hops)
        for n in range(delay, count):
            before, after = means[n // 16 : n // 16 + 2]
            gain = before * 16 + (after - before) * (n % 16)
            for d in range(x.shape[1]) if limiter.linked else [g]:
                output[n, d] = (int(x[n - delay, d]) * gain + 2**27) >> 28
    return output


def equalised(bank, buses):
    """Buses, each (n,) object → what the paths read."""
    at_zero = {"q15": 15, "q31": 31, "q31x15": -1}[bank.number_format.name]
    behind = []
    for bus, equaliser in zip(buses, bank.equalisers, strict=True):
        if equaliser is not None:
            shift = at_zero + equaliser.exponent
            bus = (path_output(bank.number_format.name, equaliser, bus) + ((1 << shift) >> 1)) >> shift
        behind.append(bus)
    return tuple(behind)


def driver_signals(bank, samples):
    """Filter inputs (n, 3) → drivers ahead of their limiters (n, D), both int64."""
    number_format = bank.number_format.name
    left, right, centre = samples.astype(object).T
    room = {"q15": 0, "q31": 2, "q31x15": 4}[number_format]
    buses = (left >> room, right >> room, centre >> room)
    if bank.structure.shuffled and room:
        left, right = left >> (room + 1), right >> (room + 1)
        buses = (left + right, left - right, centre >> room)
    elif bank.structure.shuffled:
        buses = ((left + right) >> 1, (left - right) >> 1, centre)
    buses = equalised(bank, buses)
    outputs = [None] * len(bank.driver_names)
    row = iter(bank.paths)
    for group in bank.structure.groups:
        rows = [next(row)] + ([next(row)] if group.minus is not None else [])
        least = {"q15": -15, "q31": -29, "q31x15": 5}[number_format]
        top = max([path.exponent for paths in rows for path in paths if path.taps] + [least])
        sums = [
            sum(
                path_output(number_format, path, bus) * 2 ** (top - path.exponent)
                for path, bus in zip(paths, buses, strict=True)
                if path.taps
            )
            for paths in rows
        ]
        shift = top + {"q15": 15, "q31": 29, "q31x15": -5}[number_format]
        for driver, total in ((group.plus, sum(sums)), (group.minus, 2 * sums[0] - sum(sums))):
            if driver is not None:
                rounded = (total + ((1 << shift) >> 1)) >> shift
                outputs[driver] = np.broadcast_to(rounded, left.shape)
    return np.stack(outputs, axis=1).astype(np.int64)
