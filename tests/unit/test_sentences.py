"""No sentence of the documents is longer than one can read in one breath."""

import pytest
from places import ROOT
from prose import LONGEST_WORDS, measure, sentences, words

PAGES = [
    "README.md",
    "DESIGN.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")),
]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_sentences_are_short(page):
    found = [
        f"{page}:{line}: {count} words: {sentence}"
        for line, sentence in sentences((ROOT / page).read_text())
        if (count := words(sentence)) > LONGEST_WORDS
    ]
    assert not found, "\n".join(found)


def test_a_full_stop_ends_a_sentence_and_an_abbreviation_does_not():
    text = "It is short. See J. Audio Eng. Soc. 52 for 1.5 dB, e.g. here. `make` ends\nit. Done!"
    assert [sentence for _, sentence in sentences(text)] == [
        "It is short.",
        "See J. Audio Eng. Soc. 52 for 1.5 dB, e.g. here.",
        "`code` ends it.",
        "Done!",
    ]


def test_code_blocks_are_left_out_and_cells_and_items_stand_alone():
    text = "# A title\n\n```\nno prose here\n```\n\n* one item\n* two items\n\n| a | b c |\n|---|---|\n| d | e |\n"
    assert [(line, s) for line, s in sentences(text)][:3] == [(1, "A title"), (7, "one item"), (8, "two items")]
    assert measure("One two three four. One two three.") == (2, 3.5, 4)
