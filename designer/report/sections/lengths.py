"""How long the filters are, what that costs, and what a factored form would save."""

from __future__ import annotations

from designer.report.data import Card, ReportData
from designer.report.html import Section, decimal, paragraph, table

_WORDS = {
    "itd_us": ("time difference", "µs"),
    "ild_db": ("level difference", "dB"),
    "group_delay_samples": ("group delay", "samples"),
}


def build(data: ReportData) -> Section | None:
    """Tabulate the error budget, and the factored form beside it."""
    length = data.card.get("length")
    if not isinstance(length, dict):
        return None
    verdict = (
        "the shortest that keep the budget below"
        if length.get("within_budget")
        else "which is NOT enough to keep the budget below: leave filters.taps out, and the design chooses"
    )
    lead = paragraph(
        f"Left and right take {length.get('stereo_taps', '–')} taps, the centre {length.get('centre_taps', '–')}, "
        f"{verdict}. A loss is what filters of this length change at the listener's ears against the frequency design."
    )
    smallest = length.get("smallest_taps") or {}
    rows = [
        (
            f"{channel}, {_name(key)}",
            decimal(value, 2, _unit(key)),
            decimal((length.get("allowances") or {}).get(channel, {}).get(key), 2, _unit(key)),
            str(smallest.get(f"{channel}_{key}") or "–"),
        )
        for channel, losses in (length.get("losses") or {}).items()
        for key, value in losses.items()
    ]
    budget = table(("what", "lost", "allowed", "smallest length that keeps it, taps"), rows)
    return Section("length", "Filter length", lead + budget, (), _factored(data.card.get("rtf")))


def _factored(rtf: Card | None) -> str:
    if not isinstance(rtf, dict):
        return ""
    references = ", ".join(f"{name}: {driver}" for name, driver in (rtf.get("reference_drivers") or {}).items())
    rows = [
        (f"{channel}, {_name(key)}", decimal(value, 2, _unit(key)))
        for channel, losses in (rtf.get("losses") or {}).items()
        for key, value in losses.items()
    ]
    lead = paragraph(
        f"Factored into one equaliser of each channel and relative transfer functions to its reference driver "
        f"({references}), the filters would take {rtf.get('all_taps', '–')} taps instead of "
        f"{rtf.get('direct_all_taps', '–')}, and lose:"
    )
    return lead + table(("factored form", "lost"), rows)


def _name(key: str) -> str:
    return _WORDS.get(key, (key.removesuffix("_db").replace("_", " "), ""))[0]


def _unit(key: str) -> str:
    return _WORDS.get(key, ("", "dB"))[1]
