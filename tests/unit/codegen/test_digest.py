"""The digest changes with every bit of a design, and with nothing else."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from designs import small_bank, small_layout
from places import ROOT

from designer.codegen import digest as module
from designer.codegen.digest import design_digest, layout_hash
from designer.fixedpoint.bank import FixedPointPath
from designer.fixedpoint.limiter_settings import FixedLimiter
from designer.layout.sections import Measured, MeasuredHead


def with_path(bank, **changes):
    row = list(bank.paths[0])
    row[0] = dataclasses.replace(row[0], **changes)
    return dataclasses.replace(bank, paths=(tuple(row), *bank.paths[1:]))


def with_exponents_lowered(bank):
    """All paths of the first sum: in q31 they share theirs."""
    row = tuple(dataclasses.replace(path, exponent=path.exponent - 1) for path in bank.paths[0])
    return dataclasses.replace(bank, paths=(row, *bank.paths[1:]))


def test_equal_designs_have_one_digest(number_format):
    layout = small_layout(number_format)
    first, second = (design_digest(layout, small_bank(layout)) for _ in range(2))
    assert first == second
    assert len(bytes.fromhex(first)) == 32


def test_every_part_counts(number_format):
    layout = small_layout(number_format)
    bank = small_bank(layout)
    flipped = np.array(bank.paths[0][0].coefficients)
    flipped[3] ^= 1
    variants = [
        (layout, bank),
        (layout, with_path(bank, coefficients=flipped)),
        (layout, with_path(bank, coefficients=flipped[::-1])),
        (layout, with_path(bank, delay=1)),
        (layout, with_exponents_lowered(bank)),
        (layout.model_copy(update={"description": "other"}), bank),
        (layout.model_copy(update={"block_samples": 64}), bank),
        (layout, dataclasses.replace(bank, sample_rate_hz=44100)),
        (layout, dataclasses.replace(bank, driver_names=("d0", "dx"))),
    ]
    digests = {design_digest(*variant) for variant in variants}
    assert len(digests) == len(variants)


def test_every_tap_of_an_equaliser_counts_and_the_bus_that_it_is_on(number_format):
    layout = small_layout(number_format)
    bank = small_bank(layout)
    taps = np.arange(1, 5).astype(bank.paths[0][0].coefficients.dtype)
    exponent = 1 if number_format == "q31x15" else 0
    fir, other, late = (FixedPointPath(t, d, exponent) for t, d in ((taps, 0), (taps[::-1], 0), (taps, 1)))
    firs = [(None, None, None), (fir, None, None), (None, fir, None), (other, None, None), (late, None, None)]
    digests = {design_digest(layout, dataclasses.replace(bank, equalisers=equalisers)) for equalisers in firs}
    assert len(digests) == len(firs)
    assert design_digest(layout, bank) in digests


def test_where_measured_files_lie_does_not_count(tmp_path):
    layout = small_layout("q15")
    bank = small_bank(layout)

    def digest(directory, name):
        measured = Measured(file=str(directory / name))
        listener = layout.listener.model_copy(update={"hrtf": str(directory / "head.sofa")})
        drivers = (layout.drivers[0].model_copy(update={"measured": measured}), *layout.drivers[1:])
        return design_digest(layout.model_copy(update={"drivers": drivers, "listener": listener}), bank)

    assert digest(tmp_path, "a.sofa") == digest(tmp_path / "elsewhere", "a.sofa") != digest(tmp_path, "b.sofa")


def test_where_measured_heads_lie_does_not_count(tmp_path):
    layout = small_layout("q15")
    bank = small_bank(layout)

    def digest(directory, name):
        head = MeasuredHead(hrtf=str(directory / name))
        listener = layout.listener.model_copy(update={"head": (head,)})
        virtual = layout.virtualisation.model_copy(update={"hrtf": str(directory / "virtual.sofa")})
        return design_digest(layout.model_copy(update={"listener": listener, "virtualisation": virtual}), bank)

    assert digest(tmp_path, "a.sofa") == digest(tmp_path / "elsewhere", "a.sofa") != digest(tmp_path, "b.sofa")


def test_a_width_of_0_is_another_design_than_none():
    layout = small_layout("q15")
    bank = small_bank(layout)
    widths = [None, 0.0, 0.5, 1.0, "room"]
    crosstalks = [layout.crosstalk.model_copy(update={"width": width}) for width in widths]
    digests = {design_digest(layout.model_copy(update={"crosstalk": each}), bank) for each in crosstalks}
    assert len(digests) == len(widths)


def test_a_design_keeps_its_digest():
    """A board that was flashed is recognised by it.  Whoever changes these values also changes GENERATOR_VERSION."""
    layout = small_layout("q15")
    bank = small_bank(layout)
    assert design_digest(layout, bank) == "a0813ca9ee4af12508aae3ce463aa11429025805ae1e6caa34875ab72aab4e59"
    assert layout_hash(layout, bank) == 17775727


def test_a_tap_that_moves_to_the_next_path_is_another_design():
    layout = small_layout("q15")
    bank = small_bank(layout)

    def split(at):
        taps = np.arange(1, 5, dtype=np.int16)
        row = list(bank.paths[0])
        row[0] = dataclasses.replace(row[0], coefficients=taps[:at], delay=0, exponent=0)
        row[1] = dataclasses.replace(row[1], coefficients=taps[at:], delay=0, exponent=0)
        return dataclasses.replace(bank, paths=(tuple(row), *bank.paths[1:]))

    assert design_digest(layout, split(1)) != design_digest(layout, split(3))


def test_the_generator_counts(monkeypatch: pytest.MonkeyPatch):
    layout = small_layout("q15")
    bank = small_bank(layout)
    before = design_digest(layout, bank)
    monkeypatch.setattr(module, "GENERATOR_VERSION", "next")
    assert design_digest(layout, bank) != before


def test_tables_take_each_others_place_where_all_else_that_the_digest_names_is_alike(
    number_format, monkeypatch: pytest.MonkeyPatch
):
    layout = small_layout(number_format)
    bank = small_bank(layout)
    image = layout_hash(layout, bank)
    assert layout_hash(layout, small_bank(layout, 2)) == image
    assert layout_hash(layout.model_copy(update={"description": "other"}), bank) == image
    full = 2**15 if number_format == "q15" else 2**31
    others = [
        (layout.model_copy(update={"name": "other"}), bank),
        (layout.model_copy(update={"block_samples": 64}), bank),
        (layout, dataclasses.replace(bank, sample_rate_hz=44100)),
        (layout, dataclasses.replace(bank, driver_names=("d0", "dx"))),
        (layout, dataclasses.replace(bank, limiter=FixedLimiter((full // 2, full // 2)))),
        (layout, dataclasses.replace(bank, limiter=dataclasses.replace(bank.limiter, linked=False))),
    ]
    hashes = {image, *(layout_hash(*other) for other in others)}
    # The upmix comes with the image: a board must not give itself the name of a design with another one.
    monkeypatch.setattr(module, "GENERATOR_VERSION", "next")
    assert len({*hashes, layout_hash(layout, bank)}) == len(others) + 2


FIVE = """
name = "five"
cabinet = { shape = "sphere", radius_m = 0.10 }
listener = { distance_m = 1.5 }
driver = [
  { name = "front", channel = 0, radius_m = 0.03, azimuth_deg = 0.0 },
  { name = "fl", channel = 1, radius_m = 0.025, azimuth_deg = 40.0 },
  { name = "fr", channel = 2, radius_m = 0.025, azimuth_deg = -40.0 },
  { name = "sl", channel = 3, radius_m = 0.025, azimuth_deg = 100.0 },
  { name = "sr", channel = 4, radius_m = 0.025, azimuth_deg = -100.0 },
]
"""


def test_digest_does_not_depend_on_the_machines_threads(tmp_path):
    """Two threads of BLAS add in another order: this layout's tables then differed in their last bits.

    The library is used here as any program would use it: nothing but `build_design` holds BLAS to one thread.
    """
    (tmp_path / "five.toml").write_text(FIVE)
    code = (
        "from threadpoolctl import threadpool_info\n"
        "from designer.design.build import build_design; from designer.layout.shipped import find_layout\n"
        "threads = lambda: max(library['num_threads'] for library in threadpool_info())\n"
        "before = threads()\n"
        "print(before, build_design(find_layout('five.toml')).digest, threads())"
    )
    found = {
        threads: subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        ).stdout.split()
        for threads in ("1", "2")
    }
    for threads, (before, _, after) in found.items():
        # BLAS had as many threads as it was given, and has them again.
        assert before == after == threads
    assert found["1"][1] == found["2"][1]
