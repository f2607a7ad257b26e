"""The campaign of faults: each fault happens, and what it may leave behind is told from what it may not."""

import os
import subprocess
import sys

import pytest
from places import ROOT

from benchmarks.fault_injection.check import Expectation
from benchmarks.fault_injection.faults import Fault, Outcome

BEFORE = {"a.npz": b"old", "b.html": b"<html>1</html>\n"}
AFTER = {"a.npz": b"new", "b.html": b"<html>2</html>\n", "c.txt": b"new"}
EXPECTED = Expectation(BEFORE, AFTER, frozenset({"b.html"}))

RUN = """
import sys
from pathlib import Path
from benchmarks.fault_injection.faults import Fault, run
found = run(["new", "mine"], Path(sys.argv[1]), Fault(sys.argv[2], int(sys.argv[3])))
print(found.code, found.changes, "Traceback" in found.said)
"""


def lay_out(place, files):
    for name, data in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (BEFORE, []),
        (AFTER, []),
        ({**BEFORE, "a.npz": b"new"}, []),
        ({**BEFORE, "a.npz": b"ne"}, ["half-written: a.npz"]),
        ({**BEFORE, "b.html": b"<html>3</html>\n"}, []),
        ({**BEFORE, "b.html": b"<html>3</ht"}, ["half-written: b.html"]),
        ({**BEFORE, "d.npz": b"new"}, ["a file of no run: d.npz"]),
        ({**BEFORE, ".a.npz.x.part": b"n"}, ["left .a.npz.x.part"]),
    ],
)
def test_after_a_fault_files_are_as_before_or_as_they_are_to_be(tmp_path, files, words):
    lay_out(tmp_path, files)
    assert EXPECTED.faults_at_once(Fault("disk", 1), Outcome(2, "error: the disk is full", 0), tmp_path) == words


def test_a_killed_process_may_leave_temporaries_until_the_next_run(tmp_path):
    lay_out(tmp_path, {**AFTER, ".a.npz.x.part": b"n", "tmp/proscenium-x.part/a": b"n"})
    assert EXPECTED.faults_at_once(Fault("kill", 1), Outcome(-9, "", 0), tmp_path) == []
    assert len(EXPECTED.faults_afterwards(Outcome(0, "", 0), tmp_path)) == 2


@pytest.mark.parametrize(("code", "said"), [(70, "error: internal"), (1, "Traceback (most recent"), (-11, "")])
def test_a_command_that_fails_has_to_say_why(tmp_path, code, said):
    lay_out(tmp_path, BEFORE)
    assert EXPECTED.faults_at_once(Fault("disk", 1), Outcome(code, said, 0), tmp_path) != []


def test_exit_code_0_means_that_the_result_is_there(tmp_path):
    lay_out(tmp_path, BEFORE)
    assert set(EXPECTED.faults_at_once(Fault("disk", 1), Outcome(0, "", 0), tmp_path)) == {
        "missing: c.txt",
        "wrong: a.npz",
    }


@pytest.mark.parametrize(
    ("kind", "value", "code"), [("none", 0, 0), ("kill", 1, -9), ("cut", 10, -25), ("large", 10, 2)]
)
def test_a_fault_happens(tmp_path, kind, value, code):
    (tmp_path / "place").mkdir()
    found = subprocess.run(
        [sys.executable, "-c", RUN, tmp_path / "place", kind, str(value)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    said, changes, trace = found.stdout.split()
    assert int(said) == code
    assert (int(changes) > 0) == (kind in ("none", "kill"))
    assert trace == "False"
    assert (tmp_path / "place" / "mine.toml").exists() == (kind == "none")
