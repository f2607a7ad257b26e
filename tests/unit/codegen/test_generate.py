"""Generated C: the same bytes every time, the numbers of the bank, and a compiler that refuses a mismatch."""

import re
import subprocess
import sys

import numpy as np
import pytest
from designs import MIRRORED, generate_small, small_bank, small_layout
from jinja2 import UndefinedError
from places import ROOT

from designer.codegen.environment import BANNER_MARK, create_environment
from designer.codegen.generate import _sums, generate
from designer.codegen.tables import Tables
from designer.codegen.upmix import _flat
from designer.errors import BuildError
from designer.toolchain.compiler import build_host_library


@pytest.fixture
def design(number_format):
    layout = small_layout(number_format)
    bank = small_bank(layout)
    return layout, bank, generate(layout, bank)


def table(text, symbol):
    body = re.search(rf"{symbol}\[\d+\][^=]*= {{(.*?)}};", text, re.DOTALL).group(1)
    return [int(value) for value in body.replace(",", " ").split()]


def descriptors(text):
    """Every FIR's fields and tables, as the C text has them."""
    pattern = (
        r"\.taps = (\w+), (?:\.taps_odd = (\w+), )?\.length = (\d+), \.start = (\d+), \.bus = (\d+), \.shift = (\d+)"
    )
    for symbol, odd, *numbers in re.findall(pattern, text):
        yield table(text, symbol), table(text, odd) if odd else None, *map(int, numbers)


def test_tables_say_what_the_bank_says(design):
    _, bank, sources = design
    text = sources.files["design.c"]
    history = int(re.search(r"PS_HISTORY_SAMPLES (\d+)", sources.files["design.h"]).group(1))
    firs = list(descriptors(text))
    sums = [(int(a), int(n)) for a, n in re.findall(r"{\.first = (\d+), \.count = (\d+)}", text)]
    for group, paths in enumerate(bank.paths):
        first, count = sums[group]
        found = np.zeros((3, history + 2), dtype=np.int64)
        for even, odd, length, start, bus, shift in firs[first : first + count]:
            # Whole iterations of every kernel's loop: PS_FIR_FILL.
            assert len(even) % 24 == 0
            assert not any(even[length:])
            # Tap k of the reversed table meets the sample at start + k: its delay is what is left to the newest.
            for k, tap in enumerate(even):
                found[bus, history - start - k] += tap << shift
            if bank.number_format.name == "q15":
                assert start % 2 == 0
                assert odd == [0, *even[:-1]]
                assert length % 2 == 0
                assert even[length - 1] == 0
            if bank.number_format.name == "q31x15":
                assert sum(map(abs, even)) <= 65535 * 16
        top = max(path.exponent for path in paths if path.taps)
        top = max(top, 5) if bank.number_format.name == "q31x15" else top
        for bus, path in enumerate(paths):
            expected = np.zeros(history + 2, dtype=np.int64)
            expected[path.delay : path.delay + path.taps] = path.coefficients.astype(np.int64) << (top - path.exponent)
            np.testing.assert_array_equal(found[bus], expected)


def test_a_path_of_no_taps_has_no_table(design):
    _, _, sources = design
    assert "taps_s0_b2" not in sources.files["design.c"]


def test_a_mirror_pair_shares_its_tables(number_format):
    layout = small_layout(number_format, drivers=3)
    text = generate(layout, small_bank(layout, structure=MIRRORED)).files
    assert "#define PS_SHUFFLED 1" in text["design.h"]
    assert "#define PS_GROUPS 2" in text["design.h"]
    assert re.findall(r"\.plus = (\w+),\s+\.minus = (\w+)", text["design.c"]) == [("0", "2"), ("1", "PS_NONE")]
    assert text["design.h"].count("mid, side, centre") == 1


def test_sizes(design):
    layout, _, sources = design
    header = sources.files["design.h"]
    for name, value in (
        ("PS_DRIVERS", 2),
        ("PS_INPUTS", 3),
        ("PS_BLOCK_SAMPLES", 32),
        ("PS_SAMPLE_RATE_HZ", 48000),
        ("PS_MAX_TAPS", max(fir[2] for fir in descriptors(sources.files["design.c"]))),
        # the single tap after 90 samples looks back 90, 64 taps after 12 look back 75; and room to tune
        ("PS_HISTORY_SAMPLES", 90 + 128),
    ):
        assert f"#define {name} {value}\n" in header
    assert f'#include "dsp/format_{layout.number_format}.h"\n' in header


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
from designer.codegen.generate import _sums, generate
from designer.codegen.tables import Tables
from designer.codegen.upmix import _flat
layout = small_layout({number_format!r})
sources = generate(layout, small_bank(layout))
print(hashlib.sha256(repr(sorted(sources.files.items())).encode()).hexdigest())
"""


def test_the_same_bytes_in_every_process(number_format):
    path = [str(ROOT / "tests" / "helpers"), str(ROOT)]
    digests = {
        subprocess.run(
            [sys.executable, "-c", PRINT_FILES.format(path=path, number_format=number_format)],
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
        ("design.h", "#define PS_GENERATED_ABI 5", "#define PS_GENERATED_ABI 1", "another version of firmware/core"),
        ("design.c", "PS_DESIGN_ABI == 5", "PS_DESIGN_ABI == 1", "the tables and firmware/core disagree"),
        ("design.h", '#include "dsp/format_q15.h"', "", "names no number format"),
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


def test_generated_text_is_laid_out_for_readers(design):
    """Tables in rows that fit on a line, without blanks at the ends of lines."""
    _, bank, sources = design
    rows = re.findall(r"^ +(-?\d+(?:, -?\d+)*),?$", sources.files["design.c"], re.MULTILINE)
    assert max(row.count(",") + 1 for row in rows) == (8 if bank.number_format.name == "q31" else 12)
    for text in sources.files.values():
        assert "\n\n\n" not in text
        assert not re.search(r"[ \t]$", text, re.MULTILINE)


def test_rows_hold_all_values_in_their_order():
    assert _flat(np.arange(20)) == ["0, 1, 2, 3, 4, 5, 6, 7", "8, 9, 10, 11, 12, 13, 14, 15", "16, 17, 18, 19"]


def test_a_sum_of_nothing_has_no_first_fir():
    assert _sums(Tables((), 0), ["silent"], 0) == [{"name": "silent", "first": 0, "firs": 0}]
