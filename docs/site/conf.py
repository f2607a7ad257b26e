"""Sphinx's configuration: the pages of the repository, and the API reference from the docstrings."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]

project = "Proscenium"
author = "the Proscenium contributors"
release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

extensions = ["myst_parser", "numpydoc", "sphinx.ext.apidoc", "sphinx.ext.autodoc"]

# The pages stay where readers of the repository find them.
root_doc = "README"
include_patterns = ["*.md", "docs/*.md", "build/api/**"]
exclude_patterns = [".*", "build/site", "build/doctrees", "designer", "firmware", "hil_tests", "tests"]

# Links to headings inside a page, as GitHub makes them.
myst_heading_anchors = 3
# Languages of code blocks that Pygments has no lexer for are drawings.
suppress_warnings = ["misc.highlighting_failure"]
highlight_language = "none"
smartquotes = False

apidoc_modules = [
    {
        "path": str(ROOT / "designer"),
        "destination": "build/api",
        "separate_modules": True,
        "module_first": True,
        "automodule_options": {"members"},
    }
]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"exclude-members": "model_config, model_post_init"}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
# A name between single backquotes becomes a link where it is known, and code elsewhere.
default_role = "py:obj"

html_theme = "furo"
html_title = f"Proscenium {release}"
html_copy_source = False
html_show_sphinx = False
html_static_path = ["style"]
html_css_files = ["proscenium.css"]

CONTENTS = """
```{toctree}
:hidden:
:caption: Use
docs/tutorial
docs/commands
docs/layout
docs/board
docs/stm32h743
docs/flashing
docs/tuning
docs/playing
docs/virtual_board
docs/regression
docs/walkthrough
```
```{toctree}
:hidden:
:caption: Understand
DESIGN
docs/science
docs/filters
docs/arithmetic
docs/guarantees
docs/benchmarks
docs/glossary
```
```{toctree}
:hidden:
:caption: Develop
CONTRIBUTING
docs/protocol
docs/porting
CHANGELOG
API reference <build/api/modules>
```
"""


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Append the table of contents to the README, which readers of the repository see without it."""
    if name == root_doc:
        source[0] += CONTENTS


def escape_markup(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """Escape what is plain text in our docstrings and markup in reStructuredText: `|x|`, `2*x`, `x_`, but no bullet."""
    for number, line in enumerate(lines):
        bullet, text = re.match(r"( *(?:\* )?)(.*)", line, re.DOTALL).groups()
        parts = re.split(r"(`[^`]*`)", text)
        parts[::2] = [re.sub(r"([|*\\]|(?<=\w)_(?!\w))", r"\\\1", part) for part in parts[::2]]
        lines[number] = bullet + "".join(parts)


def write_index(app: Sphinx, error: Exception | None) -> None:
    """Let the site begin with the README."""
    if error is None and app.builder.name == "html":
        shutil.copyfile(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")


def setup(app: Sphinx) -> None:
    """Register the three steps above."""
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", escape_markup, priority=1)
    app.connect("build-finished", write_index)
