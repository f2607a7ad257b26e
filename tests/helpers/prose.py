"""How long the sentences of a Markdown page or of docstrings are.

Run as a program, it prints a table: `python tests/helpers/prose.py README.md docs/*.md`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from markdown_it import MarkdownIt
from markdown_it.token import Token

LONGEST_WORDS = 35
_MARKDOWN = MarkdownIt("commonmark").enable("table")
# A full stop after one of these, or after a single capital letter, ends no sentence.
_ABBREVIATIONS = "Acoust|Am|Audio|Eng|Fig|IEEE|J|Proc|Process|Soc|Speech|Trans|cf|e\\.g|i\\.e|no|vs"
_END = re.compile(r"(?<!\b[A-Z]\.)(?<=[.!?])[\"')”]*\s+(?=[\"'(“]?[A-Z0-9`+−])")
_ABBREVIATED = re.compile(rf"\b(?:{_ABBREVIATIONS})\.$")
_WORD = re.compile(r"[^\W_]")
# In docstrings, two spaces end a sentence.  Names of arguments, with their types, are no part of a sentence.
_DOCSTRING_END = re.compile(r"(?<=[.!?])  (?=\S)")
_ARGUMENT = re.compile(r"[\w*, ]+ : .*")


def _text(inline: Token) -> str:
    """Return the words of one paragraph, list item or table cell; a code span counts as one word."""
    parts = []
    for token in inline.children or []:
        if token.type == "code_inline":
            parts.append("`code`" if not parts or not parts[-1].endswith("`") else "code`")
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif token.type == "image":
            parts.append("")
        else:
            parts.append(token.content)
    return "".join(parts)


def sentences(markdown: str) -> Iterator[tuple[int, str]]:
    """Yield each sentence of a page with the line that its paragraph starts at; code blocks are left out."""
    for token in _MARKDOWN.parse(markdown):
        if token.type != "inline" or token.map is None:
            continue
        sentence = ""
        for piece in _END.split(_text(token)):
            sentence = f"{sentence} {piece}".strip()
            if not _ABBREVIATED.search(sentence):
                yield token.map[0] + 1, sentence
                sentence = ""
        if sentence:
            yield token.map[0] + 1, sentence


def docstring_sentences(source: str) -> Iterator[tuple[int, str]]:
    """Yield each sentence of a Python module's docstrings with the line that its docstring starts at."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (ast.get_docstring(node) or "").splitlines()
        apart = (f"\n{line}\n" if _ARGUMENT.fullmatch(line) else line.strip() for line in lines)
        for _, sentence in sentences(_DOCSTRING_END.sub("\n\n", "\n".join(apart))):
            yield node.body[0].lineno, sentence


def words(sentence: str) -> int:
    """Count what has a letter or a digit between spaces."""
    return sum(bool(_WORD.search(word)) for word in sentence.split())


def measure(markdown: str) -> tuple[int, float, int]:
    """Return how many sentences of three words and more a page has, their mean length and the longest."""
    counts = [count for _, sentence in sentences(markdown) if (count := words(sentence)) >= 3]
    return (len(counts), fmean(counts), max(counts)) if counts else (0, 0.0, 0)


def main(names: list[str]) -> None:
    """Print one line for each page."""
    print(f"{'page':32}{'words':>7}{'sentences':>11}{'mean':>7}{'longest':>9}")
    for name in names:
        text = Path(name).read_text()
        number, mean, longest = measure(text)
        print(f"{name:32}{len(text.split()):7}{number:11}{mean:7.1f}{longest:9}")


if __name__ == "__main__":
    main(sys.argv[1:])
