"""The command that checks the machine for tools: doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from designer.cli.common import JsonOption, PortOption, QuietOption, app, print_json

if TYPE_CHECKING:
    from designer.toolchain.doctor import Finding


@app.command()
def doctor(port: PortOption = None, json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List tools that are missing on this machine, and how to get them. Exit code 5 if a needed one is missing.

    With --port, it also asks the board there what it is.
    """
    from designer.cli.tables import findings_table
    from designer.toolchain.doctor import examine

    findings = [*examine(), *([] if port is None else [_board_at(port)])]
    if json:
        print_json([finding.to_dict() for finding in findings])
    elif not quiet:
        findings_table(findings)
    if any(finding.needed and not finding.found for finding in findings):
        raise typer.Exit(5)


def _board_at(port: str) -> Finding:
    """Ask the board at a port for its identity."""
    from designer.board.open import SerialBoard
    from designer.errors import ProsceniumError
    from designer.toolchain.doctor import Finding

    name, purpose = f"board at {port}", "what you asked for with --port"
    try:
        with SerialBoard(port) as board:
            info = board.info
    except ProsceniumError as error:
        return Finding(name, purpose, False, str(error), True)
    return Finding(name, purpose, True, f"{info.board_name}, layout '{info.layout_name}', digest {info.digest}", True)
