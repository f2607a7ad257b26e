"""The fuzz of the host's readers: its damage is what it says, and a short run finds nothing."""

import os
import signal

import pytest

from benchmarks.fuzz_readers.damage import damage
from benchmarks.fuzz_readers.readers import READERS
from benchmarks.fuzz_readers.run import CaseError, fuzz_in_process
from benchmarks.fuzz_readers.sofa import _seeds, _write
from designer.acoustics.measured.files import read_driver, read_head


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("flip", 1, 3, b""), b"abcdef".replace(b"b", bytes([ord("b") ^ 3]))),
        (("put", 2, 1, b"XY"), b"abXYcdef"),
        (("cut", 1, 2, b""), b"adef"),
        (("repeat", 1, 2, b""), b"abcbcdef"),
        (("end", 4, 1, b""), b"abcd"),
        (("end", 7 + 4, 1, b""), b"abcd"),
    ],
)
def test_damage_is_what_it_says(edit, expected):
    assert damage(b"abcdef", [edit]) == expected


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_reader_gives_a_result_or_a_refusal(name, tmp_path):
    assert fuzz_in_process(name, 40, tmp_path, 0).total == 40


@pytest.mark.parametrize("name", ["audio", "history", "layout", "responses"])
def test_what_is_damaged_is_valid_without_damage(name, tmp_path, monkeypatch):
    """Damage of what is refused anyhow would reach little of a reader."""
    monkeypatch.setattr("benchmarks.fuzz_readers.readers.damage", lambda data, edits: data)
    assert fuzz_in_process(name, 20, tmp_path, 0).refused == 0


def test_the_sofa_files_that_are_damaged_are_valid_without_damage(tmp_path):
    for attributes, variables, is_head in _seeds():
        _write(tmp_path / "seed.sofa", attributes, variables)
        read = read_head if is_head else lambda path: read_driver(path, 343.0)
        assert len(read(tmp_path / "seed.sofa").places_m) == 8


def _ends(folder):
    del folder
    return lambda data: os.kill(os.getpid(), signal.SIGSEGV)


def _raises(folder):
    del folder

    def read(data):
        raise IndexError("of what was read")

    return read


@pytest.mark.parametrize(("reader", "message"), [(_ends, "ended by SIGSEGV"), (_raises, "IndexError: of what")])
def test_a_fault_is_told_and_its_case_is_kept(monkeypatch, tmp_path, reader, message):
    monkeypatch.setitem(READERS, "broken", reader)
    with pytest.raises(CaseError, match=message):
        fuzz_in_process("broken", 40, tmp_path, 0)
    assert (tmp_path / "case").stat().st_size > 0
