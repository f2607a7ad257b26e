"""The whole chain on the virtual board; and that a single wrong bit is caught."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT
from shipped import shipped_design

from designer.board.open import open_board
from designer.design.store import save_design
from designer.regression.signals import standard_signals
from designer.regression.suite import run_regression
from designer.toolchain.compiler import build_image


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    """A designed and generated layout, and its short signals."""
    directory = tmp_path_factory.mktemp("chain")
    design = shipped_design("pair2")
    save_design(design, directory)
    signals = [s for s in standard_signals(design.fixed) if s.name.startswith("impulse") or s.name == "noise"]
    return design, directory, signals


def regression(chain, directory):
    design, _, signals = chain
    image = build_image(directory, "stm32f405", directory.parent / f"{directory.name}.elf")
    with open_board(image.elf, design.digest, design.layout) as board:
        return run_regression(design, board, signals)


def tampered(chain, tmp_path, change):
    """The generated sources with `change` applied to design.c."""
    directory = tmp_path / "generated"
    directory.mkdir()
    for path in (chain[1] / "generated").iterdir():
        (directory / path.name).write_text(path.read_text())
    text = (directory / "design.c").read_text()
    changed = change(text)
    assert changed != text
    (directory / "design.c").write_text(changed)
    return directory


# What the mirror drivers have in common, from the centre.
TABLE = re.compile(r"(taps_s0_b2_0\[[^\]]*\][^{]*\{)([^}]*)\}")


def flip_one_bit(text):
    def flip(match):
        values = match[2].split(",")
        middle = len(values) // 2
        values[middle] = f" {int(values[middle]) ^ 1}"
        return f"{match[1]}{','.join(values)}}}"

    return TABLE.sub(flip, text, count=1)


def reverse_coefficients(text):
    def reverse(match):
        values = [value.strip() for value in match[2].split(",") if value.strip()]
        return f"{match[1]}{', '.join(reversed(values))}}}"

    return TABLE.sub(reverse, text, count=1)


def test_untouched_image_passes(chain):
    report = regression(chain, chain[1] / "generated")
    assert report.faults() == []
    assert report.passed


@pytest.mark.parametrize("change", [flip_one_bit, reverse_coefficients])
def test_a_wrong_table_fails(chain, tmp_path, change):
    report = regression(chain, tampered(chain, tmp_path, change))
    assert not report.passed
    broken = {signal.name for signal in report.signals if not signal.bit_exact}
    # The last bit of one coefficient is worth a fraction of an LSB of the output: it takes noise to find it.
    assert "noise" in broken
    assert broken <= {"impulse_centre", "noise"}
    # The table is the mirror drivers' common one.
    wrong = [fault for fault in report.faults() if "differs from model" in fault]
    assert all("driver 'left'" in fault or "driver 'right'" in fault for fault in wrong)


def test_make_hil_fails_with_exit_code_4_on_a_flipped_bit(tmp_path):
    """`proscenium hil`, with a generator that flips one bit of one table behind the digest's back."""
    script = tmp_path / "broken.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(ROOT / 'tests' / 'helpers')!r}]\n"
        "import designer.design.build as stages\n"
        "from test_regression import flip_one_bit\n"
        "from designer.codegen.generate import GeneratedSources\n"
        "honest = stages.generate\n"
        "def generate(layout, bank):\n"
        "    sources = honest(layout, bank)\n"
        "    files = {**sources.files, 'design.c': flip_one_bit(sources.files['design.c'])}\n"
        "    return GeneratedSources(files, sources.digest)\n"
        "stages.generate = generate\n"
        "import designer.regression.signals as signals\n"
        "whole = signals.standard_signals\n"
        "wanted = ('impulse_left', 'impulse_right', 'impulse_centre', 'noise')\n"
        "signals.standard_signals = lambda bank, music=None: [s for s in whole(bank) if s.name in wanted]\n"
        "from designer.cli import main\n"
        f"sys.argv = ['proscenium', 'hil', 'pair2', '--seconds', '0.1', '--out', {str(tmp_path / 'out')!r}]\n"
        "main()\n"
    )
    result = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 4, result.stdout + result.stderr
    report = json.loads((tmp_path / "out" / "hil.json").read_text())
    assert report["verdict"] == "fail"
    assert not report["signals"]["noise"]["bit_exact"]
    assert report["signals"]["impulse_left"]["bit_exact"]
    assert any(fault.startswith("signal 'noise': board differs from model: driver '") for fault in report["faults"])
    assert any("the first stage that differs: path of the FIR matrix" in fault for fault in report["faults"])
    # What it plays through its converters is wrong as well.
    assert [played["bit_exact"] for played in report["played"]] == [False]
    # What the board generates by itself finds it as well, in the same stage.
    (generated,) = [g for g in report["generated"] if g["signal"] == "noise"]
    assert generated["difference"]["stage"] == "path"
