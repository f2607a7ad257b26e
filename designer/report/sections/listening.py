"""Figures under conditions that the design did not use: a dummy head, a moving listener, a room."""

from __future__ import annotations

from collections.abc import Iterator

from designer.evaluation.cancellation import CancellationFigures
from designer.evaluation.head_spread import HeadSpread
from designer.evaluation.listening import ListeningFigures, NotMeasured
from designer.evaluation.movement import HeadShiftFigures
from designer.evaluation.records import Curve
from designer.evaluation.room import ChannelInRoom, RoomFigures
from designer.evaluation.time_response import TimeResponseFigures
from designer.report.chart import BEFORE, INPUT_COLOURS, SERIES, TARGET, Chart, band, chart, frequency_axis, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table


def build(data: ReportData) -> Section:
    """Show the listening figures of the quantised tables, compared with the stereo downmix where it has them."""
    figures = data.card.listening.quantised
    lead = paragraph(
        "The design uses a sphere as the head, in a few places. This section evaluates it with a dummy head (KEMAR), "
        "at other places and in a room."
    )
    room, downmix_room = figures.room, data.card.listening.downmix.room
    parts = (
        _heads(data, figures),
        _spread(data.card.listening.heads),
        _room(room, downmix_room),
        _timing(figures.timing),
    )
    tail = "".join(parts)
    return Section("listening", "Other heads, other places, a room", lead, tuple(_charts(data, figures)), tail)


def _charts(data: ReportData, figures: ListeningFigures) -> Iterator[Chart]:
    if not isinstance(figures.kemar, NotMeasured):
        yield _kemar(data.card.quantised.cancellation, figures.kemar, data.card.listening.heads)
    shift = figures.head_shift
    yield _shifts(
        shift,
        (shift.left.cancellation_gain_db, shift.right.cancellation_gain_db),
        "Cancellation for a head moved to its left, 1 to 8 kHz.",
        "dB",
    )
    yield _shifts(
        shift,
        (shift.left.itd_us, shift.right.itd_us),
        "Time difference of the virtual sources for a head moved to its left.",
        "µs",
    )
    spread = figures.directivity
    curves = (
        ("listening window", spread.listening_window_db),
        ("sides", spread.early_sides_db),
        ("rear", spread.rear_db),
        ("mean over the circle", spread.horizontal_power_db),
    )
    yield chart(
        "Directivity of the centre channel: level in each zone, relative to the axis.",
        [line(label, spread.band_centres_hz, curve, SERIES[n]) for n, (label, curve) in enumerate(curves)],
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "level, dB"}},
    )


def _kemar(sphere: CancellationFigures, kemar: CancellationFigures, spread: HeadSpread | None) -> Chart:
    centres = kemar.band_centres_hz
    others = (
        []
        if spread is None
        else band("all heads, left", centres, spread.left.least_gain_db, spread.left.most_gain_db, INPUT_COLOURS[0])
    )
    return chart(
        "Cancellation on KEMAR, which the design did not see, and on the sphere that it was made for. The shaded area "
        "spans heads of 7.5 to 9.5 cm with ears at 90 to 110°, and KEMAR.",
        [
            *others,
            line("target", centres, kemar.target_gain_db, TARGET, dash="dash"),
            line("sphere, left", sphere.band_centres_hz, sphere.left.cancellation_gain_db, BEFORE, dash="dot"),
            line("KEMAR, left", centres, kemar.left.cancellation_gain_db, INPUT_COLOURS[0]),
            line("KEMAR, right", centres, kemar.right.cancellation_gain_db, INPUT_COLOURS[1]),
        ],
        xaxis=frequency_axis(100, 16000),
        yaxis={"title": {"text": "own ear over other ear, dB"}, "range": [-8, 27]},
    )


def _shifts(shift: HeadShiftFigures, channels: tuple[Curve, Curve], caption: str, unit: str) -> Chart:
    centimetres = [100 * value for value in shift.shift_m]
    curves = [
        line(name, centimetres, values, INPUT_COLOURS[n], mode="lines+markers")
        for n, (name, values) in enumerate(zip(("left", "right"), channels, strict=True))
    ]
    return chart(caption, curves, 300, xaxis={"title": {"text": "shift, cm"}}, yaxis={"title": {"text": unit}})


def _heads(data: ReportData, figures: ListeningFigures) -> str:
    kemar, sphere = figures.kemar, data.card.quantised.cancellation
    if isinstance(kemar, NotMeasured):
        return paragraph(f"There are no figures on KEMAR: {kemar.not_measured}.")
    channels = (sphere.left, sphere.right, kemar.left, kemar.right)
    rows = [
        (
            "time difference",
            *(decimal(channel.itd_us, 0, "µs") for channel in channels),
            decimal(kemar.real_pair_itd_us, 0, "µs"),
        ),
        (
            "level difference, 1.5 to 6 kHz",
            *(decimal(channel.mean_ild_db, 1, "dB") for channel in channels),
            decimal(kemar.real_pair_mean_ild_db, 1, "dB"),
        ),
        ("largest deviation of timbre", *(decimal(channel.worst_timbre_db, 1, "dB") for channel in channels), "–"),
    ]
    headings = ("virtual sources", "sphere, left", "right", "KEMAR, left", "right", "KEMAR, real pair")
    return table(headings, rows)


def _spread(spread: HeadSpread | None) -> str:
    if spread is None:
        return ""
    left, right = spread.left, spread.right
    columns = (
        *((left.cancellation_gain_db, "dB", 1), (right.cancellation_gain_db, "dB", 1)),
        *((left.ild_db, "dB", 1), (right.ild_db, "dB", 1), (spread.real_pair_ild_db, "dB", 1)),
        *((left.itd_us, "µs", 0), (right.itd_us, "µs", 0), (spread.real_pair_itd_us, "µs", 0)),
    )
    rows = [
        (head, *(decimal(values[n], digits, unit) for values, unit, digits in columns))
        for n, head in enumerate(spread.heads)
    ]
    gains = (*left.cancellation_gain_db, *right.cancellation_gain_db)
    pairs = zip(spread.real_pair_ild_db, left.ild_db, right.ild_db, strict=True)
    short = max(0.0, *(pair - min(own) for pair, *own in pairs))
    lead = paragraph(
        f"Listeners differ. Over these heads the mean cancellation from 1 to 5 kHz is {decimal(min(gains), 1)} to "
        f"{decimal(max(gains), 1, 'dB')}. The level difference of the virtual sources is up to "
        f"{decimal(short, 1, 'dB')} smaller than that of a real pair on the same head."
    )
    headings = (
        *("head", "cancellation, left", "right", "level difference, left", "right", "real pair"),
        *("time difference, left", "right", "real pair"),
    )
    return lead + table(headings, rows)


def _room(room: RoomFigures, downmix: RoomFigures) -> str:
    def channels(figures: RoomFigures) -> tuple[tuple[str, ChannelInRoom], ...]:
        return ("left", figures.left), ("right", figures.right), ("centre", figures.centre)

    pairs = [(name, here, there) for (name, here), (_, there) in zip(channels(room), channels(downmix), strict=True)]
    rows = []
    for name, here, there in pairs:
        values = (here.direct_to_reverberant_db, there.direct_to_reverberant_db)
        rows.append((f"direct over reverberant sound, {name}", *(decimal(value, 1, "dB") for value in values)))
    for name, here, there in pairs:
        values = (here.clarity_c50_db, there.clarity_c50_db)
        rows.append((f"clarity C50, {name}", *(decimal(value, 1, "dB") for value in values)))
    for name, here, there in pairs:
        values = (here.critical_distance_m, there.critical_distance_m)
        rows.append((f"critical distance, {name}", *(decimal(value, 2, "m") for value in values)))
    lead = paragraph(
        f"The living room has a reverberation time of {decimal(room.reverberation_time_s, 2, 's')}. A narrow beam "
        "brings more direct sound. Cancellation costs some of it."
    )
    return lead + table(("in the room", "design", "stereo downmix"), rows)


def _timing(timing: TimeResponseFigures) -> str:
    channels = (timing.left, timing.right, timing.centre)
    rows = [
        ("arrival after the input", *(decimal(channel.arrival_ms, 2, "ms") for channel in channels)),
        ("pre-ringing", *(decimal(channel.pre_ringing_db, 1, "dB") for channel in channels)),
        (
            "pre-ringing, more than 1 ms ahead",
            *(decimal(channel.pre_ringing_before_1_ms_db, 1, "dB") for channel in channels),
        ),
    ]
    spread = decimal(timing.group_delay_spread_samples, 2)
    note = paragraph(f"Left, right and centre arrive within {spread} samples of each other.")
    return table(("at the listener", "left", "right", "centre"), rows) + note
