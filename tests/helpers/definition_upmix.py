"""The upmix of docs/arithmetic.md, sample by sample in Python integers, independent of the model and of the C."""

import itertools

import numpy as np
from definition import SAMPLE_BITS

from designer.dsp.upmix_tables import BAND_BINS, upmix_tables

ONE, RATIO_ONE = 2**15, 2**16


def ratio(numerator, denominator):
    """A quotient in Q0.16, at most 1, from 32 bits of the numerator and 16 of the denominator."""
    if numerator >= denominator:
        return RATIO_ONE
    zeros = 64 - denominator.bit_length()
    return min(((numerator << zeros) >> 32) // ((denominator << zeros) >> 48), RATIO_ONE)


def target_gains(mid, side, cross):
    """Gains of mid and side for the centre, in Q0.15, from the smoothed powers."""
    if side >= mid:
        return 0, 0
    floored, magnitude = side + (mid >> 16) + 1, abs(cross)
    side_to_mid, cross_to_mid = ratio(side, mid), ratio(magnitude, mid)
    if magnitude < floored:
        slope = ratio(magnitude, floored)
        coherence = (cross_to_mid * slope) >> 16
        left_over = RATIO_ONE - coherence
    else:
        slope = RATIO_ONE
        coherence = ratio(cross_to_mid, ratio(floored, magnitude))
        left_over = max(RATIO_ONE - 2 * cross_to_mid + side_to_mid, 1)
    gain = (ratio(RATIO_ONE - side_to_mid, left_over) >> 1) * min(2 * (RATIO_ONE - coherence), RATIO_ONE) >> 16
    product = (gain * slope) >> 16
    return gain, product if cross >= 0 else -product


def transform(x):
    """Radix 4 in time: a list of (re, im), every product of a twiddle rounded."""
    count = len(x)
    if count == 1:
        return x
    parts, out = [transform(x[r::4]) for r in range(4)], [(0, 0)] * count
    for k in range(count // 4):
        turned = []
        for r, part in enumerate(parts):
            cosine, sine = map(int, upmix_tables().twiddles[r * k * 64 // count])
            re, im = part[k]
            turned.append(((re * cosine - im * sine + 2**29) >> 30, (re * sine + im * cosine + 2**29) >> 30))
        for q in range(4):
            # Powers of −j: 1, −j, −1, j.
            quarter = [
                (re, im) if (t := r * q % 4) == 0 else ((im, -re), (-re, -im), (-im, re))[t - 1]
                for r, (re, im) in enumerate(turned)
            ]
            out[k + q * count // 4] = tuple(map(sum, zip(*quarter, strict=True)))
    return out


def powers(low, high):
    """Powers of mid, of side and of both crossed in 7 bands, from 64 low-rate samples and 16 of the top band."""
    window = upmix_tables().window.tolist()
    bins = transform([tuple((int(x) * w + 2**20) >> 21 for x in pair) for pair, w in zip(low, window, strict=True)])
    found = []
    for first, end in itertools.pairwise(BAND_BINS):
        total = [0, 0, 0]
        for k in range(first, end):
            (re, im), (mirror_re, mirror_im) = bins[k], bins[64 - k]
            mid, side = (re + mirror_re, im - mirror_im), (im + mirror_im, mirror_re - re)
            for n, (one, other) in enumerate(((mid, mid), (side, side), (mid, side))):
                total[n] += one[0] * other[0] + one[1] * other[1]
        found.append(total)
    return [*found, [sum(int(a[i]) * int(a[j]) for a in high) for i, j in ((0, 0), (1, 1), (0, 1))]]


def upmix(number_format, stereo):
    """(n, 2) int64 → L', R', C (n, 3) int64, and the gains after each hop, (7, 2) each."""
    tables, bits = upmix_tables(), SAMPLE_BITS[number_format]
    rate, half = tables.rate_filter.astype(object), tables.prototypes.astype(object)
    prototypes = np.concatenate([half, half[:, -2::-1]], axis=1)
    count = len(stereo)
    # All time is shifted by 400 samples, or 100 at the low rate: zeros, longer than any filter.
    given = np.concatenate([np.zeros((400, 2), dtype=np.int64), stereo]).astype(object)
    left, right = (given << (31 - bits)).T
    mid_side = np.stack([(left + right) >> 1, (left - right) >> 1], axis=1)
    low = np.zeros((100 + -(-count // 4), 2), dtype=object)
    centre_low, high = np.zeros(len(low), dtype=object), np.zeros_like(low)
    gains, state, centre = [np.zeros((7, 2), dtype=object)] * 2, np.zeros((7, 3), dtype=object), []
    for n in range(count):
        before, after = gains[n // 64], gains[n // 64 + 1]
        j = 100 + n // 4
        if n % 4 == 0:
            low[j] = (rate @ mid_side[400 + n - np.arange(29)] + 2**31) >> 32
            high[j] = ((mid_side[400 + n - 14] >> 3) - low[j]) >> 6
            past, ends = low[j - np.arange(53)], []
            for at_end in (before, after):
                c, e = (at_end[:6] - at_end[6]).T @ prototypes
                ends.append((c @ past[:, 0] - e @ past[:, 1] + 2**31) >> 32)
            centre_low[j] = (ends[0] * (16 - n // 4 % 16) + ends[1] * (n // 4 % 16) + 8) >> 4
        a, b = before[6] * 64 + (after[6] - before[6]) * (n % 64)
        taps = rate[n % 4 :: 4]
        mid, side = mid_side[400 + n - 132]
        total = taps @ centre_low[j - np.arange(len(taps))] + 2 * (a * mid - b * side)
        c = (total + 2 ** (52 - bits)) >> (53 - bits)
        pair = given[400 + n - 132]
        lowest, highest = max(max(pair) - 2**bits + 1, -(2**bits)), min(min(pair) + 2**bits, 2**bits - 1)
        centre.append(min(max(c, lowest), highest))
        if n % 64 == 63:
            of_hop = np.array(powers(low[j - 63 : j + 1], high[j - 15 : j + 1]), dtype=object)
            state = state + (of_hop >> 4) - (state >> 4)
            targets = np.array([target_gains(*map(int, row)) for row in state], dtype=object)
            gains.append(after + np.clip(targets - after, -ONE // 4, ONE // 4))
    c = np.array(centre, dtype=np.int64)
    delayed = given[400 - 132 : 400 - 132 + count].astype(np.int64)
    return np.column_stack([delayed - c[:, None], c]), gains[2:]
