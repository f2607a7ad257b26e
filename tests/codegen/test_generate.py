"""Generated C: the same bytes every time, the numbers of the bank, and a compiler that refuses a mismatch."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from designs import generate_small, small_bank, small_layout
from jinja2 import UndefinedError

from designer.codegen.environment import BANNER_MARK, create_environment
from designer.codegen.generate import generate
from designer.errors import BuildError
from designer.toolchain.compiler import build_host_library


@pytest.fixture
def design(arithmetic):
    layout = small_layout(arithmetic)
    bank = small_bank(layout)
    return layout, bank, generate(layout, bank)


def table(text, symbol):
    body = re.search(rf"{symbol}\[\d+\][^=]*= {{(.*?)}};", text, re.DOTALL).group(1)
    return [int(value) for value in body.replace(",", " ").split()]


def test_tables_are_the_taps_time_reversed(design):
    _, bank, sources = design
    for d, row in enumerate(bank.paths):
        for i, path in enumerate(row):
            if path.taps:
                assert table(sources.files["design.c"], f"taps_d{d}_i{i}") == path.coefficients[::-1].tolist()


def test_descriptors_carry_taps_delay_and_shift(design):
    _, bank, sources = design
    found = re.findall(r"\.taps = (\d+), \.delay = (\d+), \.shift = (\d+)", sources.files["design.c"])
    expected = [
        (path.taps, path.delay, max(other.exponent for other in row) - path.exponent)
        for row in bank.paths
        for path in row
    ]
    assert [tuple(map(int, numbers)) for numbers in found] == expected


def test_a_path_of_no_taps_has_no_table(design):
    _, _, sources = design
    assert "taps_d0_i2" not in sources.files["design.c"]
    assert ".coefficients = NULL, .taps = 0" in sources.files["design.c"]


def test_sizes(design):
    layout, _, sources = design
    header = sources.files["design.h"]
    for name, value in (
        ("PS_DRIVERS", 2),
        ("PS_INPUTS", 3),
        ("PS_BLOCK_SAMPLES", 32),
        ("PS_SAMPLE_RATE_HZ", 48000),
        ("PS_MAX_TAPS", 64),
        # the single tap after 90 samples looks back 90; 64 taps after 12 look back 75
        ("PS_HISTORY_SAMPLES", 90),
        (f"PS_ARITHMETIC_{layout.arithmetic.upper()}", 1),
    ):
        assert f"#define {name} {value}\n" in header


def test_every_file_begins_with_the_banner_and_names_the_digest(design):
    layout, _, sources = design
    assert sorted(sources.files) == ["design.c", "design.h", "protocol.h", "upmix_tables.c"]
    for text in sources.files.values():
        assert text.startswith(BANNER_MARK)
        assert f"'{layout.name}'" in text.splitlines()[0]
        assert sources.digest in text.splitlines()[1]
        assert text.endswith("\n")


PRINT_FILES = """
import hashlib, sys
sys.path[:0] = {path!r}
from designs import small_bank, small_layout
from designer.codegen.generate import generate
layout = small_layout({arithmetic!r})
sources = generate(layout, small_bank(layout))
print(hashlib.sha256(repr(sorted(sources.files.items())).encode()).hexdigest())
"""


def test_the_same_bytes_in_every_process(arithmetic):
    path = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    digests = {
        subprocess.run(
            [sys.executable, "-c", PRINT_FILES.format(path=path, arithmetic=arithmetic)],
            env={"PYTHONHASHSEED": seed, "TZ": zone, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert len(digests) == 1


@pytest.mark.parametrize("change", [{"sample_rate_hz": 44100}, {"driver_names": ("x", "y")}])
def test_a_bank_of_another_layout_is_refused(change):
    layout = small_layout("q15")
    bank = small_bank(layout)
    object.__setattr__(bank, *next(iter(change.items())))
    with pytest.raises(ValueError, match="the bank has"):
        generate(layout, bank)


def test_a_name_that_nobody_set_is_an_error():
    with pytest.raises(UndefinedError):
        create_environment().get_template("design.h.j2").render(banner="")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("design.h", "#define PS_GENERATED_ABI 1", "#define PS_GENERATED_ABI 2", "another version of firmware/core"),
        ("design.c", "PS_DESIGN_ABI == 1", "PS_DESIGN_ABI == 2", "the tables and firmware/core disagree"),
        ("design.h", "#define PS_ARITHMETIC_Q15 1", "", "exactly one of PS_ARITHMETIC_Q15"),
    ],
)
def test_tables_of_another_version_do_not_compile(tmp_path, file, old, new, message):
    generate_small("q15", tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new))
    with pytest.raises(BuildError, match=message):
        build_host_library(tmp_path, tmp_path / "core.so")


def test_extreme_taps_are_spelled_as_c_understands(tmp_path):
    layout = small_layout("q31")
    bank = small_bank(layout)
    text = generate(layout, bank).files["design.c"]
    # -2147483648 would be a negated constant of another type; the bank cannot hold it.
    assert str(np.iinfo(np.int32).min) not in text
