"""The upmix on stems that it was not tuned for."""

import numpy as np

from benchmarks.upmix import METHODS, STEMS, measure
from benchmarks.upmix_unseen import UNSEEN_STEMS

SECONDS = 8.0


def parts(stems):
    """Path and start of every piece of music, and every sentence."""
    return [piece for _, music in stems for piece in music], {spoken for spoken, _ in stems}


def test_no_second_of_music_and_no_sentence_is_in_both_sets():
    (tuned, said), (unseen, other) = parts(STEMS), parts(UNSEEN_STEMS)
    assert said.isdisjoint(other)
    shared = [
        (path, start, before)
        for path, start in unseen
        for known, before in tuned
        if path == known and abs(start - before) < SECONDS
    ]
    assert shared == []


def test_centre_of_unseen_stems_is_cleaner_than_the_passive_mid():
    results = measure({"q31": METHODS["regression and Wiener gain, q31"]}, seconds=4.0, stems=UNSEEN_STEMS)
    # The benchmark prints 4.9 to 6.8 dB; half of the least means that the rule holds on new music.
    for balance in {r.balance for r in results}:
        assert np.mean([r.scale_invariant_db for r in results if r.balance == balance]) > 2.5
