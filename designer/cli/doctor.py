"""The command that checks the machine for tools: doctor."""

from __future__ import annotations

import typer

from designer.cli.common import JsonOption, QuietOption, app, print_json


@app.command()
def doctor(json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List tools that are missing on this machine, and how to get them. Exit code 5 if a needed one is missing."""
    from designer.cli.tables import findings_table
    from designer.toolchain.doctor import examine

    findings = examine()
    if json:
        print_json([finding.to_dict() for finding in findings])
    elif not quiet:
        findings_table(findings)
    if any(finding.needed and not finding.found for finding in findings):
        raise typer.Exit(5)
