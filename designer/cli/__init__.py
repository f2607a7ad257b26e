"""The command line: the only place that prints, picks default paths and exits.

One module for each group of verbs; `common` holds what they share.
"""

from __future__ import annotations

import sys

import typer

from designer.cli import board, design, doctor, export, listen, look, playing, sweep, tune
from designer.cli.common import app
from designer.errors import ProsceniumError
from designer.numerics.threads import limit_blas_threads

__all__ = ["app", "board", "design", "doctor", "export", "listen", "look", "main", "playing", "sweep", "tune"]


def main() -> None:
    """Entry point: a user's mistake is one message and an exit code, never a stack trace."""
    # No verb has imported NumPy yet: BLAS starts with one thread.
    limit_blas_threads()
    try:
        app()
    except ProsceniumError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        typer.echo(f"error: {error.filename or 'file'}: {error.strerror}: check the path and its permissions", err=True)
        sys.exit(2)
