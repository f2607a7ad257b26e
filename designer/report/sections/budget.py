"""Memory and load of the design on each board."""

from __future__ import annotations

from designer.report.data import Card, ReportData
from designer.report.html import Section, decimal, paragraph, table, table_of
from designer.toolchain.boards import BOARDS

# What runs in `firmware.elf` unless another board was asked for.
_MAIN = "stm32f405"


def build(data: ReportData) -> Section:
    """Tabulate tables, image and load for each board."""
    fixed = data.fixed
    taps = sum(fir.taps for fir in fixed.firs)
    coefficient_bytes = sum(fir.coefficients.nbytes for fir in fixed.firs)
    rows = [
        (
            name,
            *_memory(_image(data, name), board.flash_bytes, board.ram_bytes),
            *_load(data, name),
            _channels(len(fixed.driver_names), board.audio_channels),
        )
        for name, board in sorted(BOARDS.items())
    ]
    lead = paragraph(
        f"{taps} taps in {len(fixed.firs)} {'filters' if fixed.is_equalised else 'paths'}, "
        f"{coefficient_bytes / 1024:.1f} KiB of coefficients, {fixed.number_format}. Flash and RAM are those of the "
        "built image (proscenium build). Instructions are counted on the virtual board (proscenium hil, with --board "
        "for another)."
    )
    saved = paragraph("What each step of the structure saves:") + table_of(
        [step.to_json() for step in data.card.structure.steps]
    )
    image = _image(data, _MAIN)
    if image and "stack_bound_bytes" in image:
        saved += paragraph(
            f"Stack: at most {image['stack_bound_bytes']} of {image['stack_reserved_bytes']} reserved bytes. The bound "
            "follows every call of the image and every interrupt."
            + (f" The test used {image['stack_used_bytes']} bytes." if "stack_used_bytes" in image else "")
        )
    boards = table(("board", "flash", "RAM", "instructions a frame", "load", "audio outputs"), rows)
    return Section("budget", "Board budget", lead + boards + saved)


def _image(data: ReportData, name: str) -> Card | None:
    image = (data.boards.get(name) or {}).get("image")
    return image or (data.image if name == _MAIN else None)


def _memory(image: Card | None, flash_bytes: int, ram_bytes: int) -> tuple[str, str]:
    if not image:
        return f"of {flash_bytes // 1024} KiB", f"of {ram_bytes // 1024} KiB"
    return _part(image.get("flash_bytes"), flash_bytes), _part(image.get("ram_bytes"), ram_bytes)


def _part(used: int | None, total: int) -> str:
    if used is None:
        return "–"
    return f"{decimal(used / 1024, 1)} of {total // 1024} KiB ({100 * used / total:.0f} %)"


def _load(data: ReportData, name: str) -> tuple[str, str]:
    """Instructions of a frame, and the load where the board has a core of known speed behind it."""
    figures = (data.boards.get(name) or {}).get("figures") or {}
    instructions = figures.get("instructions_per_frame")
    load = figures.get("load_percent") if not BOARDS[name].is_virtual_only else None
    return decimal(instructions, 0), decimal(load, 0, "%")


def _channels(drivers: int, outputs: int) -> str:
    if outputs == 0:
        return "none: virtual only"
    return f"{drivers} of {outputs}" if drivers <= outputs else f"{drivers} needed, {outputs} there"
