"""The command line: the only place that prints, picks default paths and exits.

One module for each group of verbs; `common` holds what they share.
"""

from __future__ import annotations

import sys
import warnings
from typing import TextIO

import typer

from designer.cli import board, design, doctor, export, listen, look, play, playing, sweep, tune
from designer.cli.common import app
from designer.errors import ProsceniumError
from designer.layout.renamed import RenamedKeyWarning
from designer.numerics.threads import limit_blas_threads

__all__ = ["app", "board", "design", "doctor", "export", "listen", "look", "main", "play", "playing", "sweep", "tune"]


_show_others = warnings.showwarning


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print one line for a renamed key; leave all other warnings to Python."""
    if issubclass(category, RenamedKeyWarning):
        typer.echo(f"warning: {message}", err=True)
    else:
        _show_others(message, category, filename, lineno, file, line)


def main() -> None:
    """Run the command line.  An error of the user ends with one message and an exit code, not with a stack trace."""
    # No verb has imported NumPy yet: BLAS starts with one thread.
    limit_blas_threads()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", RenamedKeyWarning)
            warnings.showwarning = _show_warning
            app()
    except ProsceniumError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        typer.echo(f"error: {error.filename or 'file'}: {error.strerror}: check the path and its permissions", err=True)
        sys.exit(2)
