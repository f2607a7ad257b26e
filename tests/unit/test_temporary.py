"""Temporaries go with their process: at once where it ends by itself, and at the next visit where it was killed."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from designer.files import locked, replace_file
from designer.temporary import remove_abandoned, temporary_directory, temporary_file

HOLD = """
import sys
import tempfile
from pathlib import Path
from designer.temporary import temporary_directory, temporary_file
target = Path(sys.argv[1])
with temporary_file(target) as file, temporary_directory(f".{target.name}", target.parent) as directory:
    file.write_text("half")
    (directory / "inside").write_text("half")
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(target):
    """Another process with a temporary file and a temporary directory for a target."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    return other


def end(process, number=signal.SIGKILL):
    process.send_signal(number)
    process.communicate()


def parts(directory):
    return sorted(path.name for path in directory.glob(".*.part"))


@pytest.mark.parametrize("visit", ["replace", "lock", "file", "directory"])
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path, visit):
    target = tmp_path / "tables.npz"
    end(hold(target))
    assert len(parts(tmp_path)) == 2
    if visit == "replace":
        replace_file(target, lambda file: file.write(b"whole"))
    elif visit == "lock":
        with locked(tmp_path):
            pass
    elif visit == "file":
        with temporary_file(target):
            pass
    else:
        with temporary_directory(".tables.npz", tmp_path):
            pass
    assert parts(tmp_path) == []


def test_what_a_living_process_holds_stays(tmp_path):
    target = tmp_path / "tables.npz"
    other = hold(target)
    try:
        replace_file(target, lambda file: file.write(b"whole"))
        remove_abandoned(tmp_path)
        assert len(parts(tmp_path)) == 2
    finally:
        end(other)


def test_a_process_that_ends_by_itself_leaves_nothing(tmp_path):
    other = hold(tmp_path / "tables.npz")
    other.communicate("")
    assert list(tmp_path.iterdir()) == []


def test_files_of_others_and_links_stay(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / ".linked.part").symlink_to(elsewhere)
    (tmp_path / "seen.part").write_text("mine")
    (tmp_path / ".hidden").write_text("mine")
    before = sorted(os.listdir(tmp_path))
    remove_abandoned(tmp_path)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_directory_that_is_taken_for_abandoned_at_once_is_made_again(tmp_path, monkeypatch):
    """Between the making of a directory and its lock, another process may visit."""
    make, made = tempfile.mkdtemp, []

    def visited(*words):
        made.append(make(*words))
        if len(made) == 1:
            remove_abandoned(tmp_path, "objects.")
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", visited)
    with temporary_directory("objects", tmp_path) as directory:
        assert str(directory) == made[1]
        assert directory.is_dir()
    assert list(tmp_path.iterdir()) == []
