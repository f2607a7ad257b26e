"""Results of a run on one screen of a terminal, from the content of ``hil.json``."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table

WIDTH = 110
_SHOWN = (
    ("thd_n_db", "THD+N {:.1f} dB"),
    ("dynamic_range_db", "dynamic range {:.1f} dB(A)"),
    ("level_linearity_db", "linearity {:.4f} dB"),
    ("response_deviation_db", "response {:.5f} dB"),
    ("latency_samples", "latency {:.0f} samples"),
    ("inter_channel_delay_error_samples", "delay error {:.5f} samples"),
    ("cancellation_gain_db", "cancellation {:.1f} dB"),
    ("null_depth_db", "null {:.1f} dB"),
    ("instructions_per_frame", "{:.0f} instructions a frame"),
    ("load_percent", "load {:.0f} %"),
)


def screen(report: dict[str, Any], width: int = WIDTH) -> str:
    """Lay a report out for a terminal.

    Parameters
    ----------
    report : dict
        As in ``hil.json``.
    width : int
        Columns.
    """
    console = Console(width=width, record=True, file=StringIO(), markup=False)
    console.print(_signals(report))
    for line in _lines(report):
        console.print(line, markup=False, highlight=False)
    return "\n".join(line.rstrip() for line in console.export_text().splitlines()) + "\n"


def _signals(report: dict[str, Any]) -> Table:
    table = Table(title=f"HIL: layout '{report['layout']}' on {report['board']}", title_justify="left")
    for heading in ("signal", "samples", "board = model", "error (bound), LSB", "SNR (required), dB", "verdict"):
        table.add_column(heading, justify="left" if heading == "signal" else "right")
    for s in report["signals"].values():
        table.add_row(
            s["name"],
            str(s["samples"]),
            "bit exact" if s["bit_exact"] else f"differs by {s['board_twin_max_difference_lsb']}",
            f"{s['max_error_lsb']:.3g} ({s['error_bound_lsb']:.3g})",
            f"{s['snr_db']:.1f} ({s['snr_limit_db']:.1f})",
            "pass" if s["passed"] else "FAIL",
        )
    for g in report["generated"]:
        table.add_row(
            f"{g['signal']}, {g['entry']}",
            str(g["frames"]),
            "bit exact" if g["bit_exact"] else "differs",
            f"{g['crcs']} CRCs",
            f"{g['times_real_time']:.1f} x real time",
            "pass" if g["bit_exact"] else "FAIL",
        )
    for p in report.get("played", []):
        table.add_row(
            f"{p['signal']}, converters",
            str(p["frames"]),
            "bit exact" if p["bit_exact"] else "differs",
            f"{p['late_blocks']} late, {p['races']} races",
            f"{p['times_real_time']:.1f} x real time",
            "pass" if p["passed"] else "FAIL",
        )
    return table


def _lines(report: dict[str, Any]) -> list[str]:
    figures = report.get("figures", {})
    shown = [text.format(figures[name]) for name, text in _SHOWN if name in figures]
    lines = ["; ".join(shown[n : n + 4]) for n in range(0, len(shown), 4)]
    deviations = report["acoustic_deviations"]
    if deviations:
        worst = sum(not d["passed"] for d in deviations)
        lines.append(f"at the ears, board against float design: {len(deviations)} figures, {worst} out of bounds")
    if report["image"]:
        image = report["image"]
        lines.append(f"flash {image['flash_bytes']} bytes, RAM {image['ram_bytes']} bytes")
        if "stack_bound_bytes" in image:
            used = f", used {image['stack_used_bytes']}" if "stack_used_bytes" in image else ""
            lines.append(f"stack at most {image['stack_bound_bytes']} of {image['stack_reserved_bytes']} bytes{used}")
    faults = report["injected_faults"]
    if faults:
        count = sum(f["injected"] for f in faults)
        recovered = sum(f["recovered"] for f in faults)
        lines.append(f"faults put on the line: {count} of {len(faults)} kinds; recovered from {recovered}")
    lines += [
        f"semihosting: '{name}' at {x:.1f} x real time" for name, x in report["fast_lane_times_real_time"].items()
    ]
    lines += [f"not measured: {name}: {reason}" for name, reason in report["not_measured"].items()]
    lines += [f"FAIL {fault}" for fault in report["faults"]]
    lines.append(
        f"{report['verdict'].upper()}: {report['seconds_of_audio']:.2f} s of audio in {report['wall_s']:.0f} s, "
        f"digest {report['digest'][:16]}…"
    )
    return lines
