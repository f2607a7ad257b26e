"""The fuzz of the host's readers: its damage is what it says, and a short run finds nothing."""

import pytest

from benchmarks.fuzz_readers import READERS, damage, fuzz


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
    counts, _ = fuzz(name, 40, tmp_path)
    assert counts.total() == 40
