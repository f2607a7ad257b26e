"""The Makefile's targets, run as they are typed: in a tree of links to this one, so that what they write goes there.

`make test` and `make hil` run pytest: of the whole suite, and of the whole regression, they are given one test here.
`make bench` is not run: it measures for five to eight minutes, and writes what tests/benchmarks hold piece by piece.
`make docs` is not run: it installs Sphinx and takes minutes; continuous integration runs it.
A real board's flash is written by a stand-in for OpenOCD; what it is told is in tests/toolchain/test_flash.py.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from places import LAYOUTS, ROOT

ENVIRONMENT = ROOT / ".venv"
NOT_RUN = {"bench", "distclean", "docs"}  # as above; and the environment that runs this stays

# What a target would have to install first is the affair of who calls make, not of a test.
ready = pytest.mark.skipif(not (ENVIRONMENT / ".ready").is_file(), reason="not set up by make setup")
ready_to_test = pytest.mark.skipif(
    not (ENVIRONMENT / ".test-packages").is_file() or not (ENVIRONMENT / "share" / "STM32F40x.svd").is_file(),
    reason="the packages of the tests and the vendor's SVD have not been fetched: make test does it",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Links to all that the project is made of, without what was built."""
    directory = tmp_path_factory.mktemp("tree")
    for path in ROOT.iterdir():
        if path.name not in ("build", ".pytest_cache", ".hypothesis"):
            (directory / path.name).symlink_to(path)
    return directory


def make(tree, *words, tests="", path=""):
    """Type make; pytest, where the target runs it, runs only `tests` (its option -k)."""
    environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}" if path else os.environ["PATH"]}
    environment["PYTEST_ADDOPTS"] = f"-p no:cacheprovider -k '{tests}'" if tests else "-p no:cacheprovider"
    return subprocess.run(
        ["make", *words],
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def succeeded(result):
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@ready
def test_setup_that_is_done_does_nothing(tree):
    assert "Nothing to be done" in succeeded(make(tree, "setup"))


@ready
def test_coefficients_of_a_layout_of_ones_own(tree):
    text = (LAYOUTS / "pair2.toml").read_text()
    (tree / "mine.toml").write_text(text.replace('name = "pair2"', 'name = "mine"'))
    assert re.search(r"^digest [0-9a-f]{64}$", succeeded(make(tree, "coefficients", "LAYOUT=mine.toml")), re.MULTILINE)
    assert (tree / "build" / "mine" / "generated" / "design.c").is_file()


@ready
def test_flash_of_the_virtual_board(tree):
    said = succeeded(make(tree, "flash", "BOARD=virtual", "LAYOUT=pair2"))
    assert re.search(r"virtual:stm32f405 runs layout 'pair2', digest [0-9a-f]{64}", said)


@ready
def test_flash_of_a_real_board_through_a_stand_in(tree, tmp_path):
    openocd = tmp_path / "openocd"
    openocd.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho "** Verified OK **" >&2\n')
    openocd.chmod(0o755)
    # The Makefile puts the environment's programs ahead of the path, and OpenOCD is none of them.
    result = make(tree, "flash", "BOARD=stm32f405", "LAYOUT=pair2", "CRYSTAL=12", path=str(tmp_path))
    assert "the flash read back by OpenOCD" in succeeded(result)
    arguments = (tmp_path / "arguments").read_text()
    assert "program {build/pair2/firmware.elf} verify reset exit" in arguments


@ready
def test_hil(tree):
    said = succeeded(make(tree, "hil", "LAYOUT=pair2", tests="runs_this_design or impulse_left"))
    assert "HIL: layout 'pair2' on virtual:stm32f405" in said
    told = json.loads((tree / "build" / "pair2" / "hil.json").read_text())
    assert told["signals"]["impulse_left"]["bit_exact"]
    assert (tree / "build" / "pair2" / "hil.xml").is_file()


@ready
def test_hil_of_a_real_board_needs_its_port(tree):
    result = make(tree, "hil", "BOARD=stm32f405")
    assert result.returncode == 2
    assert "BOARD=stm32f405 needs PORT, such as PORT=/dev/ttyACM0" in result.stderr


@ready_to_test
def test_test(tree):
    assert "1 passed" in succeeded(make(tree, "test", tests="test_every_module_has_a_floor"))


@ready_to_test
def test_check(tree):
    """All of it but the analysers, which are tests of their own; of these one is picked."""
    said = succeeded(make(tree, "check", tests="test_cppcheck"))
    assert "All checks passed!" in said
    assert "Success: no issues found" in said


@ready_to_test
def test_fuzz(tree):
    assert re.search(r"\b1000 (runs|executions)", succeeded(make(tree, "fuzz", "RUNS=1000")))


def test_clean(tree):
    (tree / "build").mkdir(exist_ok=True)
    succeeded(make(tree, "clean"))
    assert not (tree / "build").exists()
    assert (tree / ".venv").exists() == ENVIRONMENT.exists()


def test_every_target_is_run_here_or_said_not_to_be():
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    run = set(re.findall(r'make\(tree, "(\w+)"', Path(__file__).read_text()))
    assert run | NOT_RUN == set(targets.split())
