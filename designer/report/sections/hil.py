"""The results of the hardware-in-the-loop regression, if it has been run on this design."""

from __future__ import annotations

from designer.report.data import Card, ReportData
from designer.report.html import Section, decimal, notices, paragraph, table


def build(data: ReportData) -> Section | None:
    """Tabulate the signals and the verdict."""
    if not data.hil:
        return Section(
            "hil",
            "Hardware in the loop",
            paragraph(
                f"Not run yet on this design: proscenium hil {data.layout.name} streams audio through the board."
            ),
        )
    hil = data.hil
    rows = [
        (
            s.get("name", "–"),
            "bit exact" if s.get("bit_exact") else "DIFFERS",
            f"{decimal(s.get('max_error_lsb'), 2)} ({decimal(s.get('error_bound_lsb'), 2)})",
            f"{decimal(s.get('snr_db'))} ({decimal(s.get('snr_limit_db'))})",
            "pass" if s.get("passed") else "FAIL",
        )
        for s in _signals(hil.get("signals"))
    ]
    verdict = f"{'Passed' if hil.get('verdict') == 'pass' else 'FAILED'} on {hil.get('board', 'a board')}, "
    verdict += f"{decimal(hil.get('seconds_of_audio'), 2, 's')} of audio."
    headings = ("signal", "board against twin", "error (bound), LSB", "SNR (required), dB", "verdict")
    faults = [(str(f), "") for f in hil.get("faults", [])]
    body = paragraph(verdict) + (table(headings, rows) if rows else "") + (notices(faults) if faults else "")
    return Section("hil", "Hardware in the loop", body)


def _signals(found: object) -> list[Card]:
    values = found.values() if isinstance(found, dict) else found if isinstance(found, list) else []
    return [value for value in values if isinstance(value, dict)]
