"""The command line: the only package that prints, picks default paths and exits.

There is one module for each group of commands.  `common` holds what they share.
"""

from __future__ import annotations

import sys
import warnings
from typing import TextIO

import typer

from designer.cli import board, design, doctor, export, listen, look, play, playing, studio, sweep, tune
from designer.cli.common import app, output_locks
from designer.cli.failures import prepare_process, report
from designer.errors import InputWarning
from designer.layout.renamed import RenamedKeyWarning
from designer.numerics.threads import limit_blas_threads

__all__ = [
    "app",
    "board",
    "design",
    "doctor",
    "export",
    "listen",
    "look",
    "main",
    "play",
    "playing",
    "studio",
    "sweep",
    "tune",
]


_show_others = warnings.showwarning


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print one line for a warning of Proscenium; leave all other warnings to Python."""
    if issubclass(category, RenamedKeyWarning | InputWarning):
        typer.echo(f"warning: {message}", err=True)
    else:
        _show_others(message, category, filename, lineno, file, line)


def main() -> None:
    """Run the command line.  An error ends with one message and an exit code, not with a stack trace."""
    prepare_process()
    # No verb has imported NumPy yet: BLAS starts with one thread.
    limit_blas_threads()
    try:
        with warnings.catch_warnings(), output_locks():
            warnings.simplefilter("default", RenamedKeyWarning)
            warnings.simplefilter("always", InputWarning)
            warnings.showwarning = _show_warning
            app()
    except Exception as error:
        sys.exit(report(error))
