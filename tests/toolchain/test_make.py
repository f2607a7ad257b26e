"""The Makefile's targets: make prints what a target would run, and a shell runs that with stand-ins for the programs.

No target is built here: a build inside a build would design, compile and test everything again. What the commands do is
held by the tests of the command line (`test_cli.py`), of pytest as the runner (`tests/board/test_runner.py`) and of the
fuzzer. That a fresh machine is set up is proved by CI, which runs `make test` in bare containers of Debian.
"""

import os
import re
import shlex
import shutil
import subprocess
import time

import pytest
from places import ROOT

TARGETS = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
# In the order in which the set-up makes them: each is newer than what it depends on.
STAMPS = (
    ".packages",
    ".test-packages",
    ".bench-packages",
    ".tools",
    "share/cmsis-dsp-1.10.3/.ready",
    ".ready",
    "share/STM32F40x.svd",
    "share/axe.min.js",
    "lab/.ready",
    ".docs-tools",
)
PROGRAMS = ("python", "proscenium", "ruff", "mypy", "clang-format", "sphinx-build")
AN_HOUR_AGO = time.time() - 3600
STAND_IN = '#!/bin/sh\nprintf "%s\\n" "$(basename "$0")" "$@" "" >> {log}\n'


@pytest.fixture
def tree(tmp_path):
    """A project that is set up, as make sees it; its programs write down their arguments and do nothing."""
    for name in ("Makefile", "pyproject.toml", *(path.name for path in ROOT.glob("requirements*"))):
        shutil.copyfile(ROOT / name, tmp_path / name)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in PROGRAMS:
        (programs / name).write_text(STAND_IN.format(log=tmp_path / "log"))
        (programs / name).chmod(0o755)
    for path in tmp_path.iterdir():
        os.utime(path, (AN_HOUR_AGO, AN_HOUR_AGO))
    for number, name in enumerate(STAMPS, 1):
        stamp = tmp_path / ".venv" / name
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        os.utime(stamp, (AN_HOUR_AGO + number, AN_HOUR_AGO + number))
    return tmp_path


def environment(tree):
    """Of a user's shell: nothing of the make that may run these tests."""
    own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    return own | {"PATH": f"{tree / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def dry_run(tree, *words):
    """What make would run: it runs nothing."""
    command = ["make", "--dry-run", *words]
    return subprocess.run(command, cwd=tree, env=environment(tree), capture_output=True, text=True, timeout=60)


def recorded(tree, *words):
    """Run a target's recipe in a shell, with stand-ins: the commands, each a list of words."""
    printed = dry_run(tree, *words)
    assert printed.returncode == 0, printed.stderr
    shell = subprocess.run(
        ["bash", "-e"],
        input=printed.stdout,
        cwd=tree,
        env=environment(tree),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shell.returncode == 0, shell.stdout + shell.stderr
    return [shlex.split(block.replace("\n", " ")) for block in (tree / "log").read_text().strip().split("\n\n")]


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_has_a_recipe(tree, target):
    result = dry_run(tree, target)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout


def test_a_bare_checkout_is_set_up_first(tree):
    shutil.rmtree(tree / ".venv")
    steps = re.findall(r'echo "==> (set-up \d/3)', dry_run(tree, "hil").stdout)
    assert steps == ["set-up 1/3", "set-up 2/3", "set-up 3/3"]


def test_setup_that_is_done_does_nothing(tree):
    assert "Nothing to be done" in dry_run(tree, "setup").stdout


def test_new_pins_set_up_again(tree):
    (tree / "requirements.txt").touch()
    assert "set-up 3/3" in dry_run(tree, "setup").stdout


def test_test_is_one_run_of_pytest(tree):
    runs = [words for words in recorded(tree, "test") if words[:3] == ["python", "-m", "pytest"]]
    assert len(runs) == 1
    assert not any(word.startswith("tests/") for word in runs[0])


def test_quick_runs_the_unit_tests_only(tree):
    (words,) = recorded(tree, "quick")
    assert words[:3] == ["python", "-m", "pytest"]
    assert words[-1] == "tests/unit"


def test_hil_of_the_default_layout(tree):
    (words,) = recorded(tree, "hil")
    assert words == [
        *("python", "-m", "pytest", "hil_tests", "-v", "--tb=short", "--no-header", "--layout", "front3"),
        *("--board", "virtual:stm32f405", "--junitxml", "build/front3/hil.xml"),
    ]


@pytest.mark.parametrize("value", ["it's.wav", "`touch hacked`.wav", "a;touch hacked", "$HOME", "$(touch hacked)"])
def test_no_value_reaches_the_shell_as_a_command(tree, value):
    targets = [("hil", "INPUT"), ("hil", "LAYOUT"), ("hil", "PORT"), ("flash", "LAYOUT"), ("coefficients", "LAYOUT")]
    for target, name in targets:
        printed = dry_run(tree, target, f"{name}={value}")
        subprocess.run(["bash", "-e"], input=printed.stdout, cwd=tree, env=environment(tree), text=True, check=True)
        assert value in (tree / "log").read_text().splitlines()
        (tree / "log").unlink()
    assert not (tree / "hacked").exists()


@pytest.mark.parametrize(
    ("board", "name"),
    [
        ("qemu", "qemu:stm32f405"),
        ("mps2-an500", "qemu:mps2-an500"),
        ("stm32h743", "virtual:stm32h743"),
        ("virtual:stm32h743", "virtual:stm32h743"),
    ],
)
def test_hil_without_hardware(tree, board, name):
    (words,) = recorded(tree, "hil", f"BOARD={board}")
    assert words[words.index("--board") + 1] == name


def test_hil_of_a_layout_of_ones_own_on_a_real_board(tree):
    (words,) = recorded(
        tree, "hil", "LAYOUT=my layouts/mine.toml", "BOARD=stm32f405", "PORT=/dev/ttyACM0", "INPUT=a song.wav"
    )
    options = " ".join(words)
    assert "--layout my layouts/mine.toml --board /dev/ttyACM0" in options
    assert options.endswith("--junitxml build/mine/hil.xml --input a song.wav")


def test_hil_of_an_stm32h743_at_a_port_names_the_board(tree):
    (words,) = recorded(tree, "hil", "BOARD=stm32h743", "PORT=/dev/ttyACM0")
    assert words[words.index("--board") + 1] == "stm32h743:/dev/ttyACM0"


def test_hil_of_a_real_board_needs_its_port(tree):
    result = dry_run(tree, "hil", "BOARD=stm32f405")
    assert result.returncode == 2
    assert "BOARD=stm32f405 needs PORT, such as PORT=/dev/ttyACM0" in result.stderr


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ((), "flash front3 --board virtual"),
        (("BOARD=virtual", "LAYOUT=pair2"), "flash pair2 --board virtual"),
        (("BOARD=stm32f405", "PORT=/dev/ttyACM0"), "flash front3 --board stm32f405 --port /dev/ttyACM0"),
    ],
)
def test_flash(tree, variables, options):
    assert recorded(tree, "flash", *variables) == [["proscenium", *options.split()]]


def test_coefficients(tree):
    assert recorded(tree, "coefficients", "LAYOUT=mine.toml") == [["proscenium", "generate", "mine.toml"]]


def test_fuzz(tree):
    (words,) = recorded(tree, "fuzz", "RUNS=1000")
    assert words[-2:] == ["--runs", "1000"]
    assert recorded(tree, "fuzz")[-1][-2:] == ["--runs", "10000000"]


def test_check_runs_every_checker(tree):
    # clang-format takes its files from Git.
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    (tree / "firmware").mkdir()
    (tree / "firmware" / "one.c").touch()
    subprocess.run(["git", "add", "firmware"], cwd=tree, check=True)
    commands = [" ".join(words) for words in recorded(tree, "check")]
    assert {"ruff check .", "ruff format --check .", "mypy"} <= set(commands)
    assert "clang-format --dry-run --Werror firmware/one.c" in commands
    assert any("tests/toolchain/firmware/test_static_analysis.py" in words for words in commands)


def test_clean_leaves_the_environment(tree):
    (tree / "build").mkdir()
    printed = dry_run(tree, "clean").stdout
    subprocess.run(["bash", "-e"], input=printed, cwd=tree, env=environment(tree), text=True, check=True, timeout=60)
    assert not (tree / "build").exists()
    assert (tree / ".venv" / ".ready").is_file()
