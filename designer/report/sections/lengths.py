"""How long the filters are, what that costs, and what filtering in two stages saves."""

from __future__ import annotations

from designer.report.data import Card, ReportData
from designer.report.html import Section, decimal, paragraph, table

_WORDS = {
    "itd_us": ("time difference", "µs"),
    "ild_db": ("level difference", "dB"),
    "group_delay_samples": ("group delay", "samples"),
}


def build(data: ReportData) -> Section | None:
    """Tabulate the error budget of one stage, and of two where they are used."""
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
    if not rtf.get("used"):
        return paragraph(f"Left and right are filtered in one stage: {rtf.get('why_not', '–')}.")
    references = ", ".join(f"{driver} on {bus}" for bus, driver in (rtf.get("references") or {}).items())
    lead = paragraph(
        f"Left and right are filtered in two stages: equalisers of {rtf.get('equaliser_taps', '–')} taps ahead of the "
        f"split, filters of {rtf.get('relative_taps', '–')} taps relative to a reference behind it ({references}). "
        f"That takes {rtf.get('stereo_taps', '–')} taps instead of {rtf.get('direct_stereo_taps', '–')}, and loses, in "
        "the place of what is said of left and right above:"
    )
    rows = [(_name(key), decimal(value, 2, _unit(key))) for key, value in (rtf.get("losses") or {}).items()]
    return lead + table(("two stages", "lost"), rows)


def _name(key: str) -> str:
    return _WORDS.get(key, (key.removesuffix("_db").replace("_", " "), ""))[0]


def _unit(key: str) -> str:
    return _WORDS.get(key, ("", "dB"))[1]
