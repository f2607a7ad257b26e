"""Memory and load: what the design takes of a board."""

from __future__ import annotations

from designer.report.data import Card, ReportData
from designer.report.html import Section, decimal, paragraph, table, table_of
from designer.toolchain.boards import BOARDS


def build(data: ReportData) -> Section:
    """Tabulate tables, image and load for each board."""
    fixed = data.fixed
    every = [path for row in fixed.paths for path in row]
    taps = sum(path.taps for path in every)
    coefficient_bytes = sum(path.coefficients.nbytes for path in every)
    rows = [
        (
            name,
            *_memory(data.image, board.flash_bytes, board.ram_bytes),
            _channels(len(fixed.driver_names), board.audio_channels),
        )
        for name, board in sorted(BOARDS.items())
    ]
    lead = paragraph(
        f"{taps} taps in {len([p for p in every if p.taps])} paths, {coefficient_bytes / 1024:.1f} KiB of "
        f"coefficients, {fixed.arithmetic}. " + _load(data)
    )
    note = "" if data.image else paragraph("Flash and RAM are known once the image is built: proscenium build.")
    steps = (data.card.get("structure") or {}).get("steps")
    saved = paragraph("What structure saved:") + table_of(steps) if steps else ""
    boards = table(("board", "flash", "RAM", "audio outputs"), rows)
    return Section("budget", "Board budget", lead + boards + note + saved)


def _memory(image: Card | None, flash_bytes: int, ram_bytes: int) -> tuple[str, str]:
    if not image:
        return f"of {flash_bytes // 1024} KiB", f"of {ram_bytes // 1024} KiB"
    return _part(image.get("flash_bytes"), flash_bytes), _part(image.get("ram_bytes"), ram_bytes)


def _part(used: int | None, total: int) -> str:
    if used is None:
        return "–"
    return f"{decimal(used / 1024, 1)} of {total // 1024} KiB ({100 * used / total:.0f} %)"


def _channels(drivers: int, outputs: int) -> str:
    if outputs == 0:
        return "none: virtual only"
    return f"{drivers} of {outputs}" if drivers <= outputs else f"{drivers} needed, {outputs} there"


def _load(data: ReportData) -> str:
    instructions = (data.hil or {}).get("instructions_per_block")
    if not isinstance(instructions, int | float):
        return "The load is counted by proscenium hil."
    per_frame = instructions / data.layout.block_samples
    return f"{decimal(per_frame, 0)} instructions for each frame of audio, counted on the virtual board."
