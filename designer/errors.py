"""Errors that users of Proscenium can act on.  Each kind has its exit code."""

from __future__ import annotations


class ProsceniumError(Exception):
    """Base class of errors that are reported to the user without a stack trace.

    Attributes
    ----------
    exit_code : int
        Exit status of the command line for this kind of error.
    """

    exit_code = 1


class InputWarning(UserWarning):
    """An input is used, but not as its author may expect.  The command line prints it as one line."""


class MeasurementWarning(InputWarning):
    """Measured data are used, but something about them should be known: what it is, and what to do."""


class LayoutError(ProsceniumError):
    """A layout or another input is refused.  The message says what, where, allowed and remedy."""

    exit_code = 2


class InfeasibleDesignError(ProsceniumError):
    """The layout is valid, but no design keeps its limits, or the proof fails."""

    exit_code = 3


class HilError(ProsceniumError):
    """The board's output, or its identity, is not what the design promises."""

    exit_code = 4


class BoardNotFoundError(ProsceniumError):
    """No board, probe, port or tool was found where one was looked for."""

    exit_code = 5


class FlashError(ProsceniumError):
    """A board was not written, or not verified.  The message says why, and what to do.

    Attributes
    ----------
    cause : str
        What went wrong, as one term: see `designer.toolchain.flashing.failures.Cause`.
    """

    exit_code = 5

    def __init__(self, message: str, cause: str = "unknown") -> None:
        super().__init__(message)
        self.cause = cause


class OutputConflictError(ProsceniumError):
    """A file that Proscenium did not write is in the place of an output file."""

    exit_code = 2


class BuildError(ProsceniumError):
    """The firmware does not compile or does not fit the board."""

    exit_code = 1
