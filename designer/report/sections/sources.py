"""The virtual stereo pair: the time and level differences that the two ears receive."""

from __future__ import annotations

from designer.report.chart import BEFORE, INPUT_COLOURS, chart, frequency_axis, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table


def build(data: ReportData) -> Section:
    """Compare the virtual sources with real ones in the same place."""
    figures, downmix = data.card.quantised.cancellation, data.downmix_figures.cancellation
    left, right = figures.left, figures.right
    azimuth = data.layout.virtualisation.azimuth_deg
    times = (figures.target_itd_us, left.itd_us, right.itd_us, downmix.left.itd_us)
    levels = (figures.target_mean_ild_db, left.mean_ild_db, right.mean_ild_db, downmix.left.mean_ild_db)
    rows = [
        ("time difference, 0.5 – 1.5 kHz", *(decimal(value, 0, "µs") for value in times)),
        ("level difference, 1.5 – 6 kHz", *(decimal(value, 1, "dB") for value in levels)),
    ]
    lead = paragraph(
        f"The listener should hear left and right at ±{azimuth:g}°. Below about 1.5 kHz the ears locate a source by "
        "the time difference. Above 1.5 kHz they locate it by the level difference."
    )
    ild = chart(
        "Level difference between the ears for each channel, per third octave.",
        [
            line("left", figures.band_centres_hz, left.ild_db, INPUT_COLOURS[0]),
            line("right", figures.band_centres_hz, right.ild_db, INPUT_COLOURS[1], dash="dot"),
            line("stereo downmix", figures.band_centres_hz, downmix.left.ild_db, BEFORE, dash="dot"),
        ],
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "own ear over other ear, dB"}},
    )
    headings = ("at the ears", "real source", "left", "right", "stereo downmix")
    return Section("sources", "Virtual sources", lead + table(headings, rows) + _limit(data), (ild,))


def _limit(data: ReportData) -> str:
    """State what any drive of this layout could do for the time difference, and at which effort."""
    limits = data.card.virtual_limits
    sides = (limits.left, limits.right)
    cap, real_us = data.layout.crosstalk.effort_cap_db, limits.real_pair_itd_us
    alone_us, both_us = min(side.cap_itd_us for side in sides), min(side.nulls_itd_us for side in sides)
    needed = [side.effort_for_itd_db for side in sides]
    known = [effort for effort in needed if effort is not None]
    enough = f"{max(known):g} dB would be enough" if len(known) == len(needed) else "no effort that was tried is enough"
    return paragraph(
        f"A real pair gives {real_us:.0f} µs. With {cap:g} dB of effort for the whole channel, this loudspeaker could "
        f"give at most {alone_us:.0f} µs. With {cap:g} dB for each of the two nulls it could give {both_us:.0f} µs. To "
        f"come within 30 µs of a real pair, {enough}. The filters spend at most "
        f"{max(side.greatest_effort_db for side in sides):.1f} dB."
    )
