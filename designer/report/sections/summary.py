"""The first screen: key figures of the design, and warnings with what to change."""

from __future__ import annotations

from collections.abc import Iterator

from designer.evaluation.cancellation import CancellationFigures, ChannelCancellation
from designer.report.data import ReportData
from designer.report.html import Section, decimal, notices, paragraph, tiles

_SHORTFALL_DB = 1.0
_ITD_US, _ILD_DB = 30.0, 1.5
_TIMBRE_DB = 1.5
_LATENCY_MS = 10.0
# Below and above these a listener cannot place a source by level.
_PLACED_HZ = (200.0, 10000.0)


def build(data: ReportData) -> Section:
    """Key figures and warnings."""
    found = list(warnings(data))
    text = paragraph(
        f"{data.layout.description or data.layout.name}: {len(data.bank.driver_names)} drivers, "
        f"{data.bank.sample_rate_hz} Hz, {data.fixed.number_format}, {data.bank.impulse_responses.shape[2]} taps."
    )
    advice = notices(found) if found else paragraph("There are no warnings.")
    return Section("summary", "Summary", text + tiles(_key_figures(data)) + advice)


def _key_figures(data: ReportData) -> Iterator[tuple[str, str, str]]:
    cancellation, beam = data.card.quantised.cancellation, data.card.quantised.beam
    gains = [
        gain
        for f, gain in zip(cancellation.band_centres_hz, cancellation.left.cancellation_gain_db, strict=True)
        if 900 <= f <= 5100
    ]
    yield decimal(sum(gains) / len(gains), 1, "dB"), "cancellation, 1 – 5 kHz", ""
    yield decimal(cancellation.left.itd_us, 0, "µs"), "time difference of the left source", ""
    yield decimal(beam.mean_null_depth_db, 1, "dB"), "null of the centre beam", ""
    yield decimal(data.card.latency_ms, 2, "ms"), "latency", ""
    holds = data.card.proof.holds
    yield ("proved" if holds else "not proved"), "no overflow", "good" if holds else "bad"
    if data.hil:
        passed = data.hil.get("verdict") == "pass"
        yield ("passed" if passed else "FAILED"), "hardware in the loop", "good" if passed else "bad"


def warnings(data: ReportData) -> Iterator[tuple[str, str]]:
    """Name each shortfall, with what to change."""
    figures = data.card.quantised.cancellation
    yield from _cancellation_warnings(figures)
    yield from _effort_warnings(data)
    yield from _source_warnings(figures, "left", figures.left)
    yield from _source_warnings(figures, "right", figures.right)
    yield from _beam_warnings(data)
    if data.card.latency_ms > _LATENCY_MS:
        yield (
            f"The signal path delays by {data.card.latency_ms:.1f} ms.",
            f"Above {_LATENCY_MS:g} ms sound lags behind the picture. Lower filters.taps or output.look_ahead_ms.",
        )


def _cancellation_warnings(figures: CancellationFigures) -> Iterator[tuple[str, str]]:
    rows = zip(
        figures.band_centres_hz,
        figures.target_gain_db,
        figures.left.cancellation_gain_db,
        figures.right.cancellation_gain_db,
        strict=True,
    )
    short = [
        (f, target - min(left, right))
        for f, target, left, right in rows
        if target - min(left, right) > _SHORTFALL_DB and _PLACED_HZ[0] <= f <= _PLACED_HZ[1]
    ]
    if short:
        worst_hz, worst_db = max(short, key=lambda item: item[1])
        bands = ", ".join(f"{f:.0f}" for f, _ in short)
        yield (
            f"Cancellation misses its target in the third octaves at {bands} Hz. The largest shortfall is "
            f"{worst_db:.1f} dB at {worst_hz:.0f} Hz.",
            "Allow more effort (crosstalk.effort_cap_db), or ask for less gain there (crosstalk.target_gain_db). Or "
            "narrow the listener's spans, or move two drivers further apart.",
        )


def _effort_warnings(data: ReportData) -> Iterator[tuple[str, str]]:
    figures, cap_db = data.card.quantised.cancellation, data.layout.crosstalk.effort_cap_db
    for side, channel in (("left", figures.left), ("right", figures.right)):
        worst_db, worst_hz = max(zip(channel.effort_db, figures.band_centres_hz, strict=True))
        if worst_db > cap_db:
            yield (
                f"The null of the {side} channel takes up to {worst_db:.2f} dB of effort, at {worst_hz:.0f} Hz. The "
                f"cap is {cap_db:g} dB.",
                "The frequency design keeps the cap, and its filters pass it. A lower crosstalk.effort_cap_db brings "
                "it down.",
            )


def _source_warnings(
    figures: CancellationFigures, side: str, channel: ChannelCancellation
) -> Iterator[tuple[str, str]]:
    itd = channel.itd_us - figures.target_itd_us
    ild = channel.mean_ild_db - figures.target_mean_ild_db
    if abs(itd) > _ITD_US or abs(ild) > _ILD_DB:
        yield (
            f"The virtual {side} source is off by {itd:+.0f} µs in time and {ild:+.1f} dB in level.",
            "The listener hears it closer to the middle. More cancellation from 500 Hz to 6 kHz moves it outwards.",
        )
    if channel.worst_timbre_db > _TIMBRE_DB:
        yield (
            f"The {side} channel's timbre deviates by up to {channel.worst_timbre_db:.1f} dB.",
            "Longer filters (filters.taps) follow the target more closely.",
        )


def _beam_warnings(data: ReportData) -> Iterator[tuple[str, str]]:
    figures, beam = data.card.quantised.beam, data.layout.beamformer
    if figures.least_white_noise_gain_db < beam.white_noise_gain_floor_db - 0.5:
        yield (
            f"The white noise gain of the centre beam falls to {figures.least_white_noise_gain_db:.1f} dB.",
            "Mismatch of the drivers will fill the nulls. Raise the lower edge of beamformer.band_hz.",
        )
    if figures.mean_null_depth_db < 10.0:
        yield (
            f"The null of the centre beam is only {figures.mean_null_depth_db:.1f} dB deep.",
            "Add a driver that faces the null, or one at the rear.",
        )
