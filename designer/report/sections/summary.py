"""The first screen: what this design achieves, and what to change if it falls short."""

from __future__ import annotations

from collections.abc import Iterator

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
    advice = notices(found) if found else paragraph("Nothing to warn of.")
    return Section("summary", "In short", text + tiles(_key_figures(data)) + advice)


def _key_figures(data: ReportData) -> Iterator[tuple[str, str, str]]:
    cancellation, beam = data.card["quantised"]["cancellation"], data.card["quantised"]["beam"]
    gains = [
        gain
        for f, gain in zip(cancellation["band_centres_hz"], cancellation["left_cancellation_gain_db"], strict=True)
        if 900 <= f <= 5100
    ]
    yield decimal(sum(gains) / len(gains), 1, "dB"), "cancellation, 1 – 5 kHz", ""
    yield decimal(cancellation.get("left_itd_us"), 0, "µs"), "time difference of the left source", ""
    yield decimal(beam.get("mean_null_depth_db"), 1, "dB"), "null of the centre beam", ""
    yield decimal(data.card.get("latency_ms"), 2, "ms"), "latency", ""
    proof = data.card.get("proof", {})
    yield ("proved" if proof.get("holds") else "not proved"), "no overflow", "good" if proof.get("holds") else "bad"
    if data.hil:
        passed = data.hil.get("verdict") == "pass"
        yield ("passed" if passed else "FAILED"), "hardware in the loop", "good" if passed else "bad"


def warnings(data: ReportData) -> Iterator[tuple[str, str]]:
    """Say what falls short, in plain words, each with what to change."""
    yield from _cancellation_warnings(data)
    yield from _source_warnings(data)
    yield from _beam_warnings(data)
    if (data.card.get("latency_ms") or 0.0) > _LATENCY_MS:
        yield (
            f"The signal path delays by {data.card['latency_ms']:.1f} ms.",
            f"Above {_LATENCY_MS:g} ms lips and sound part: lower filters.taps or output.look_ahead_ms.",
        )
    for item in data.card.get("warnings", []):
        yield str(item), ""


def _cancellation_warnings(data: ReportData) -> Iterator[tuple[str, str]]:
    figures = data.card["quantised"]["cancellation"]
    rows = zip(
        figures["band_centres_hz"],
        figures["target_gain_db"],
        figures["left_cancellation_gain_db"],
        figures["right_cancellation_gain_db"],
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
            f"Cancellation misses its target in the third octaves at {bands} Hz, most at {worst_hz:.0f} Hz "
            f"({worst_db:.1f} dB).",
            "Allow more effort (crosstalk.effort_cap_db), ask for less there (crosstalk.target_gain_db), narrow the "
            "listener's spans, or set two drivers further apart.",
        )


def _source_warnings(data: ReportData) -> Iterator[tuple[str, str]]:
    figures = data.card["quantised"]["cancellation"]
    for side in ("left", "right"):
        itd = figures.get(f"{side}_itd_us", 0.0) - figures.get("target_itd_us", 0.0)
        ild = figures.get(f"{side}_mean_ild_db", 0.0) - figures.get("target_mean_ild_db", 0.0)
        if abs(itd) > _ITD_US or abs(ild) > _ILD_DB:
            yield (
                f"The virtual {side} source is off by {itd:+.0f} µs in time and {ild:+.1f} dB in level.",
                "It is heard nearer to the middle; more cancellation from 500 Hz to 6 kHz brings it out.",
            )
        timbre = figures.get(f"{side}_worst_timbre_db")
        if isinstance(timbre, float) and timbre > _TIMBRE_DB:
            yield (
                f"The {side} channel's timbre deviates by up to {timbre:.1f} dB.",
                "Longer filters (filters.taps) follow the target more closely.",
            )


def _beam_warnings(data: ReportData) -> Iterator[tuple[str, str]]:
    figures, beam = data.card["quantised"]["beam"], data.layout.beamformer
    noise = figures.get("least_white_noise_gain_db")
    if isinstance(noise, float) and noise < beam.white_noise_gain_floor_db - 0.5:
        yield (
            f"The centre beam's white noise gain falls to {noise:.1f} dB.",
            "Driver mismatch will fill the nulls: raise the lower edge of beamformer.band_hz.",
        )
    depth = figures.get("mean_null_depth_db")
    if isinstance(depth, float) and depth < 10.0:
        yield (
            f"The centre beam's null is only {depth:.1f} dB deep.",
            "A driver that faces the null, or one at the rear, gives the beam what it lacks.",
        )
