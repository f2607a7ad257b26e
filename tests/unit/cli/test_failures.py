"""Every exception ends in one message with a remedy, an exit code, and a trace where a developer needs it."""

import errno
import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
import soundfile

from designer.cli.failures import INTERNAL_ERROR, explain, report
from designer.errors import HilError
from designer.files import LOCK_FILE, replace_file

PROSCENIUM = Path(sys.executable).with_name("proscenium")


def run(*arguments, **environment):
    return subprocess.run(
        [PROSCENIUM, *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
        timeout=100,
    )


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (HilError("the board is late"), "the board is late", 4),
        (OSError(errno.ENOSPC, "No space left on device", "x.npz"), "'x.npz': the disk is full", 2),
        (PermissionError(errno.EACCES, "Permission denied", "x.npz"), "'x.npz': permission denied", 2),
        (OSError(errno.EROFS, "Read-only file system", "x"), "read-only", 2),
        (OSError(errno.EMFILE, "Too many open files"), "raise 'ulimit -n'", 2),
        (OSError(errno.ENOTCONN, "Transport endpoint is not connected", b"x"), "'x': Transport endpoint", 2),
        (BrokenProcessPool(), "fewer --jobs", 1),
        (MemoryError(), "not enough memory", 1),
        (RecursionError(), "nested too deeply", 2),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "save the file as UTF-8", 2),
        (UnicodeEncodeError("utf-8", "\udce9", 0, 1, "surrogates not allowed"), "rename the file", 2),
        (ValueError("embedded null byte"), "null character", 2),
        (soundfile.LibsndfileError(2), "audio file", 2),
        (KeyError("gain"), "a fault of Proscenium: KeyError", INTERNAL_ERROR),
    ],
)
def test_each_kind_has_its_message_and_exit_code(error, words, code):
    failure = explain(error)
    assert words in failure.message
    assert failure.exit_code == code


def test_an_unknown_error_leaves_its_trace_in_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(KeyError) as caught:
        {}["gain"]
    assert report(caught.value) == INTERNAL_ERROR
    message = capsys.readouterr().err
    assert "Traceback" not in message
    (trace,) = tmp_path.iterdir()
    assert str(trace) in message
    assert "KeyError: 'gain'" in trace.read_text()


def test_without_a_place_for_the_trace_it_is_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    report(KeyError("gain"))
    assert "KeyError: 'gain'" in capsys.readouterr().err


def test_a_full_disk_names_the_file(tmp_path):
    def fill(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "tables.npz"
    with pytest.raises(OSError, match=r"tables\.npz"):
        replace_file(target, fill)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        ("sample_rate_hz = " + "1" * 5000, "too many digits"),
    ],
)
def test_a_hostile_layout_gets_a_message(text, words, tmp_path):
    layout = tmp_path / "hostile.toml"
    layout.write_text(text)
    result = run("check", layout)
    assert result.returncode == 2
    assert words in result.stderr.decode()
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_terminal_shows_the_drawing(encoding):
    result = run("check", "front3", PYTHONIOENCODING=encoding)
    assert result.returncode == 0
    assert (
        b"azimuth -90deg" in result.stdout if encoding == "ascii" else "azimuth -90°".encode(encoding) in result.stdout
    )


def test_a_name_that_is_not_utf8_is_no_obstacle(tmp_path):
    layout = os.path.join(os.fsencode(tmp_path), b"n\xe9.toml")
    Path(os.fsdecode(layout)).write_bytes(Path("layouts/pair2.toml").read_bytes())
    assert run("check", layout).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_no_part_of_a_file(number, tmp_path):
    command = [PROSCENIUM, "sweep", "pair2", "--vary", "listener.distance_m=1:3:500", "--jobs", "1", "--out", tmp_path]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    journal = tmp_path / "points.jsonl"
    while process.poll() is None and not (journal.is_file() and journal.stat().st_size):
        time.sleep(0.02)
    process.send_signal(number)
    _, message = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else 128 + number), message
    assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK_FILE, "points.jsonl"]
    assert b"Traceback" not in message
