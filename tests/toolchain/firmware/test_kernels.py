"""Every kernel on every core against the definition: all lengths, all block sizes, random and extreme data."""

import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bare_image import CODE_ORIGINS, build_bare, run_bare
from designer.toolchain.boards import FIRMWARE_ROOT

HERE = Path(__file__).parent
KERNELS = ("q15", "q31x15", "q31")
SLACK, EXCESS, TAPS_MAX, FRAMES_MAX = 16, 8, 336, 256


class Generator:
    """The generator of kernels.c, many numbers at a time: s[n] = a^n s + (a^n − 1)/(a − 1) c, modulo 2**32."""

    def __init__(self, most):
        powers = np.cumprod(np.concatenate([[1], np.full(most, 1664525)]).astype(np.uint32), dtype=np.uint32)
        self._scale = powers[1:]
        self._offset = np.cumsum(powers[:-1], dtype=np.uint32) * np.uint32(1013904223)
        self._state = np.uint32(1)

    def draw(self, count):
        values = self._scale[:count] * self._state + self._offset[:count]
        self._state = values[-1]
        return values

    def signed(self, count):
        return self.draw(count).astype(np.int32).astype(np.int64)

    def extreme(self, count, least, most):
        return np.where(self.draw(count) >> np.uint32(31) != 0, most, least).astype(np.int64)


def towards_zero(values, divisor):
    """C's division."""
    return np.sign(values) * (np.abs(values) // divisor)


def coefficients(generator, kernel, taps, loud):
    if kernel == "q15":
        return generator.extreme(taps, -32767, 32767) if loud else towards_zero(generator.signed(taps), 65538)
    if kernel == "q31x15":
        most = min(65535 * 16 // taps, 32767)
        if loud:
            return generator.extreme(taps, -most, most)
        return towards_zero(towards_zero(generator.signed(taps), 65538), taps // 32 + 1)
    most = (2**31 - 1) // taps
    return generator.extreme(taps, -most, most) if loud else towards_zero(generator.signed(taps), taps + 1)


def expected():
    """CRCs of the sums as DESIGN.md defines them."""
    generator = Generator(TAPS_MAX + FRAMES_MAX + SLACK)
    with np.errstate(over="ignore"):
        for kernel in KERNELS:
            for taps in range(1, 301):
                crc = 0
                # Every block size comes with some length, all remainders of two, three and four with every length.
                sizes = [((taps * 2 + loud) % FRAMES_MAX + 1, loud) for loud in (False, True)]
                for frames, loud in sizes + [(n, n % 2 == 1) for n in range(1, 13)]:
                    c = coefficients(generator, kernel, taps, loud)
                    count = TAPS_MAX + FRAMES_MAX + SLACK
                    x = generator.extreme(count, -(2**31), 2**31 - 1) if loud else generator.signed(count)
                    start = generator.signed(FRAMES_MAX + EXCESS)[:frames]
                    first = taps % 2 if kernel == "q15" else 0
                    x = (x >> {"q15": 16, "q31x15": 4, "q31": 0}[kernel])[first:]
                    total = np.zeros(frames, dtype=np.int64)
                    for k, tap in enumerate(c):
                        product = x[k : k + frames] * tap
                        total += product >> 16 if kernel == "q31x15" else product
                    shift = 0 if kernel == "q31" else taps % 16
                    crc = zlib.crc32((start + (total << shift)).astype("<i8").tobytes(), crc)
                yield kernel, crc


@pytest.fixture(scope="module")
def definition():
    return list(expected())


def compare(found, definition):
    wrong = [
        f"{k[0]} with {1 + n % 300} taps" for n, (k, f) in enumerate(zip(definition, found, strict=True)) if k != f
    ]
    assert wrong == []


def test_portable_kernels_equal_the_definition(definition, tmp_path):
    core = FIRMWARE_ROOT / "core"
    sources = [HERE / "kernels.c", core / "dsp" / "fir_kernels.c", core / "tables" / "crc32.c"]
    program = tmp_path / "kernels"
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["gcc", *flags, f"-I{core}", *map(str, sources), "-o", str(program)], check=True)
    lines = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
    compare([(name, int(crc)) for name, crc in (line.split() for line in lines)], definition)


@pytest.mark.parametrize("board", sorted(CODE_ORIGINS))
def test_kernels_of_each_core_equal_the_definition(definition, board, tmp_path):
    crc = FIRMWARE_ROOT / "core" / "tables" / "crc32.c"
    elf = build_bare(board, [HERE / "kernels.c", crc], [], tmp_path / "kernels.elf")
    compare([(line.name, line.value) for line in run_bare(board, elf)], definition)
