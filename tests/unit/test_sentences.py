"""No sentence of the documents, or of a docstring, is longer than one can read in one breath."""

import pytest
from places import ROOT
from prose import LONGEST_WORDS, docstring_sentences, measure, sentences, words

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


@pytest.mark.parametrize(("page", "most"), [("README.md", 900), ("DESIGN.md", 1800)])
def test_first_pages_are_short(page, most):
    assert len((ROOT / page).read_text().split()) <= most


def test_sentences_of_docstrings_are_short():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {count} words: {sentence}"
        for path in sorted((ROOT / "designer").rglob("*.py"))
        for line, sentence in docstring_sentences(path.read_text())
        if (count := words(sentence)) > LONGEST_WORDS
    ]
    assert not found, "\n".join(found)


def test_docstrings_are_split_at_two_spaces_and_at_arguments():
    source = '''
def gain():
    """Gain of R.  It has no unit.

    Parameters
    ----------
    level_db, other : float
        From 0
        to 10.
    """
'''
    assert list(docstring_sentences(source)) == [
        (3, "Gain of R."),
        (3, "It has no unit."),
        (3, "Parameters"),
        (3, "level_db, other : float"),
        (3, "From 0 to 10."),
    ]


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
