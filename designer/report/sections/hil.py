"""The results of the hardware-in-the-loop regression, if it has been run on this design."""

from __future__ import annotations

from designer.report.data import Card, ReportData
from designer.report.html import Section, decimal, details, notices, paragraph, table


def build(data: ReportData) -> Section:
    """Tabulate the verdict, signals, figures and faults of each board."""
    if not data.hil:
        return Section("hil", "Hardware in the loop", paragraph(data.hil_missing))
    others = [report for report in data.boards.values() if report.get("board") != data.hil.get("board")]
    body = _board(data.hil) + "".join(_verdict(report) for report in others)
    return Section("hil", "Hardware in the loop", body, (), _more(data.hil))


def _verdict(hil: Card) -> str:
    passed = "Passed" if hil.get("verdict") == "pass" else "FAILED"
    exact = [s.get("bit_exact") for s in [*_records(hil.get("signals")), *_records(hil.get("generated"))]]
    text = f"{passed} on {hil.get('board', 'a board')}, {decimal(hil.get('seconds_of_audio'), 2, 's')} of audio, "
    return paragraph(f"{text}{sum(map(bool, exact))} of {len(exact)} signals bit exact.")


def _board(hil: Card) -> str:
    rows = [
        (
            s.get("name", "–"),
            "bit exact" if s.get("bit_exact") else "DIFFERS",
            f"{decimal(s.get('max_error_lsb'), 2)} ({decimal(s.get('error_bound_lsb'), 2)})",
            f"{decimal(s.get('snr_db'))} ({decimal(s.get('snr_limit_db'))})",
            "pass" if s.get("passed") else "FAIL",
        )
        for s in _records(hil.get("signals"))
    ]
    rows += [
        (
            f"{g.get('signal', '–')}, {g.get('entry', '–')}: {g.get('frames', '–')} frames",
            "bit exact" if g.get("bit_exact") else "DIFFERS",
            f"{g.get('crcs', '–')} CRCs",
            "–",
            "pass" if g.get("bit_exact") else "FAIL",
        )
        for g in _records(hil.get("generated"))
    ]
    headings = ("signal", "board = model", "error (bound), LSB", "SNR (required), dB", "verdict")
    faults = [(str(f), "") for f in hil.get("faults", [])]
    faults += [(f"Not measured: {name}.", f"{reason}.") for name, reason in (hil.get("not_measured") or {}).items()]
    return _verdict(hil) + (table(headings, rows) if rows else "") + (notices(faults) if faults else "")


def _more(hil: Card) -> str:
    units = hil.get("figure_units") or {}
    figures = [
        (name.replace("_", " "), f"{value:.6g}", units.get(name, "–"))
        for name, value in (hil.get("figures") or {}).items()
    ]
    injected = [
        (f.get("kind", "–"), str(f.get("injected", "–")), "yes" if f.get("recovered") else "NO")
        for f in _records(hil.get("injected_faults"))
    ]
    body = details("Figures of the board", table(("figure", "value", "unit"), figures)) if figures else ""
    if injected:
        body += details("Faults injected on the serial line", table(("fault", "injected", "recovered"), injected))
    return body + paragraph("hil.html, in the same directory, has spectra, errors over time and the history.")


def _records(found: object) -> list[Card]:
    values = found.values() if isinstance(found, dict) else found if isinstance(found, list) else []
    return [value for value in values if isinstance(value, dict)]
