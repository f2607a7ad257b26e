"""A short run of the fuzzer on the kept corpus, and that it would notice."""

import shutil

import pytest
from designs import generate_small

from designer.errors import HilError
from designer.toolchain import compiler
from designer.toolchain.compiler import build_fuzzer
from hil_tests.harness import fuzz as fuzzing
from hil_tests.harness.fuzz import fuzz, fuzz_in_sessions

pytestmark = pytest.mark.skipif(shutil.which("clang") is None, reason="clang and libclang-rt-14-dev are not installed")
RUNS = 3000


@pytest.mark.parametrize(("name", "equalised"), [("q15", ()), ("q31", (True, False, True))])
def test_no_input_breaks_the_core(tmp_path, name, equalised):
    generate_small(name, tmp_path / "generated", equalised=equalised)
    report = fuzz(build_fuzzer(tmp_path / "generated", tmp_path / "fuzzer"), RUNS)
    assert report.runs >= RUNS
    # Parser, commands and validation are all reached from the corpus.
    assert report.edges > 200


def test_sessions_add_up(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzzing, "SESSION_RUNS", 1000)
    generate_small("q15", tmp_path / "generated")
    report = fuzz_in_sessions(build_fuzzer(tmp_path / "generated", tmp_path / "fuzzer"), 2500)
    assert 2500 <= report.runs < 2600
    assert report.edges > 200


def test_a_missing_check_is_found(tmp_path, monkeypatch):
    """TAP without the check of its channel, the fuzzer's own test: it must find the read beyond the buses."""
    root = tmp_path / "firmware"
    shutil.copytree(compiler.FIRMWARE_ROOT, root)
    tap = root / "core" / "pipeline" / "tap.c"
    check = "index >= channels_of(stage) || "
    assert check in tap.read_text()
    tap.write_text(tap.read_text().replace(check, "channels_of(stage) == 0 || "))
    monkeypatch.setattr(compiler, "FIRMWARE_ROOT", root)
    generate_small("q15", tmp_path / "generated")
    program = build_fuzzer(tmp_path / "generated", tmp_path / "fuzzer")
    with pytest.raises(HilError, match="fuzzing found a fault"):
        fuzz(program, 200_000)
