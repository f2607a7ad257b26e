"""Length of the filters, what it costs, and what two stages save."""

from __future__ import annotations

from designer.evaluation.realisation import OneStage, TwoStages
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table

_WORDS = {
    "itd_us": ("time difference", "µs"),
    "ild_db": ("level difference", "dB"),
    "group_delay_samples": ("group delay", "samples"),
}


def build(data: ReportData) -> Section:
    """Tabulate the error budget of one stage, and of two where they are used."""
    length = data.card.length
    verdict = (
        "These are the shortest filters that keep the error budget below."
        if length.within_budget
        else "They do NOT keep the error budget below: leave filters.taps out, and the design chooses the length."
    )
    lead = paragraph(
        f"Left and right have {length.stereo_taps} taps, the centre has {length.centre_taps}. {verdict} A loss is what "
        "the finite length changes at the listener's ears."
    )
    rows = [
        (
            f"{channel}, {_name(key)}",
            decimal(value, 2, _unit(key)),
            decimal(allowed[key], 2, _unit(key)),
            str(length.smallest_taps[f"{channel}_{key}"] or "–"),
        )
        for channel, losses, allowed in (
            ("stereo", length.losses.stereo, length.allowances.stereo),
            ("centre", length.losses.centre, length.allowances.centre),
        )
        for key, value in losses.items()
    ]
    budget = table(("figure", "lost", "allowed", "smallest length that keeps it, taps"), rows)
    return Section("length", "Filter length", lead + budget, (), _stages(data.card.stages))


def _stages(stages: OneStage | TwoStages) -> str:
    if isinstance(stages, OneStage):
        return paragraph(f"Left and right are filtered in one stage: {stages.why_not}.")
    references = ", ".join(f"{driver} on {bus}" for bus, driver in stages.references.items())
    lead = paragraph(
        f"Left and right are filtered in two stages. Each bus has an equaliser of {stages.equaliser_taps} taps. "
        f"Filters of {stages.relative_taps} taps follow; they are relative to a reference ({references}). This takes "
        f"{stages.stereo_taps} taps instead of {stages.direct_stereo_taps}. The losses below replace those of left and "
        "right above:"
    )
    rows = [(_name(key), decimal(value, 2, _unit(key))) for key, value in stages.losses.items()]
    return lead + table(("two stages", "lost"), rows)


def _name(key: str) -> str:
    return _WORDS.get(key, (key.removesuffix("_db").replace("_", " "), ""))[0]


def _unit(key: str) -> str:
    return _WORDS.get(key, ("", "dB"))[1]
