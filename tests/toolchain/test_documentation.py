"""What the documents tell to type is typed, in their order; what they point to is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from places import ROOT

DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "DESIGN.md",
    *sorted(p.name for p in ROOT.glob("docs/*.md")),
]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def path_of(name):
    return ROOT / name if (ROOT / name).is_file() else ROOT / "docs" / name


def blocks(name, language):
    return [text for found, text in _BLOCK.findall(path_of(name).read_text()) if found == language]


# The README's commands go on where those of the longer page have ended: what both have runs once.
_AFTER = {"commands.md": ("README.md",)}


def command_lines(name):
    """The lines of a document's shell blocks, then those of the documents behind it, each once."""
    lines = [line for each in (name, *_AFTER.get(name, ())) for line in "".join(blocks(each, "sh")).splitlines()]
    return list(dict.fromkeys(lines))


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if blocks(name, "sh") and name != "README.md"])
def test_every_command_of_a_document_works(name, tmp_path):
    """Save its layouts, then run its shell blocks line by line, all in one empty directory with a recording."""
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "song.wav", rng.uniform(-0.3, 0.3, (22050, 2)), 44100)
    for text in blocks(name, "toml"):
        title = re.search(r'^name = "(.*)"$', text, re.MULTILINE).group(1)
        (tmp_path / f"{title}.toml").write_text(text)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in command_lines(name):
        result = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
    if name == "tutorial.md":
        assert "Passed on" in (tmp_path / "build" / "my-five" / "report.html").read_text()


def test_the_commands_that_are_run_are_many():
    commands = {name: len("".join(blocks(name, "sh")).splitlines()) for name in DOCUMENTS}
    assert commands["README.md"] >= 7
    assert commands["commands.md"] >= 15
    assert commands["tutorial.md"] >= 12


def test_make_targets_of_the_documents_exist():
    for name in DOCUMENTS:
        for target in set(re.findall(r"`make ([a-z]+)", path_of(name).read_text())):
            result = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, timeout=60)
            assert result.returncode == 0, f"{name}: make {target}\n{result.stderr}"


def test_the_regressions_commands_are_understood(tmp_path):
    lines = [
        line for text in _BLOCK.findall((ROOT / "docs" / "regression.md").read_text()) for line in text[1].splitlines()
    ]
    commands = [line.partition("#")[0] for line in lines if line.startswith("pytest hil_tests")]
    assert len(commands) >= 3
    for command in commands:
        words = command.replace("hil.xml", str(tmp_path / "hil.xml")).split()
        result = subprocess.run(
            [sys.executable, "-m", *words, "--collect-only", "-q"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    path = path_of(name)
    for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not link.startswith("http"):
            assert (path.parent / link).exists(), link


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_are_named_exist(name):
    for named in re.findall(
        r"`((?:designer|firmware|hil_tests|tests|layouts|templates)/[\w./-]*)`", path_of(name).read_text()
    ):
        assert (ROOT / named).exists(), named


def test_files_that_sources_name_exist():
    """Comments and docstrings name files from the root of the checkout."""
    named = re.compile(
        r"(?<![\w./-])((?:designer|firmware/\w+|hil_tests|benchmarks|tests|docs)/[\w./-]+\.(?:py|c|h|S|md))\b"
    )
    folders = ("designer", "firmware", "hil_tests", "benchmarks", "tests", "templates")
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.*"))
        if path.suffix in (".py", ".c", ".h", ".S", ".ld", ".j2")
        for name in named.findall(path.read_text(encoding="utf-8"))
        if not (ROOT / name).is_file()
    ]
    assert missing == []


def glossary_places():
    """Term, kind of place and name for each place in the glossary's last columns."""
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        kind = None
        for entry in re.finditer(r"(\w+): |`([^`]+)`|\b([A-Z][A-Z_]+)\b", cells[-1] if len(cells) == 5 else ""):
            kind = entry.group(1) or kind
            if name := entry.group(2) or entry.group(3):
                yield cells[0], kind, name


def test_the_glossary_names_many_places():
    kinds = [kind for _, kind, _ in glossary_places()]
    assert kinds.count("P") >= 50
    assert kinds.count("C") >= 15
    assert kinds.count("line") >= 20


@pytest.mark.parametrize(("term", "kind", "name"), list(glossary_places()))
def test_places_of_the_glossary_exist(term, kind, name):
    """A path is a file or directory; a C name and a name of the protocol stand in the firmware and on its page."""
    if kind == "P":
        assert (ROOT / "designer" / name).exists(), term
    elif kind == "C" and "/" in name:
        assert list((ROOT / "firmware" / "core").glob(name)), term
    elif kind == "C":
        sources = "".join(path.read_text() for path in (ROOT / "firmware" / "core").rglob("*.[ch]"))
        assert all(re.search(rf"\b{part}\b", sources) for part in name.split(".")), term
    elif kind == "line":
        assert re.search(rf"\b{name}\b", (ROOT / "docs" / "protocol.md").read_text()), term
    elif kind == "test":
        assert (ROOT / name).is_file(), term
    else:
        assert kind in ("R", "layout", "command"), term
