"""Write the report of a saved design, with what else lies beside it: the image, the HIL results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from designer.errors import BuildError
from designer.files import replace_file
from designer.pipeline import Design
from designer.report.data import ReportData
from designer.report.page import render_report
from designer.toolchain.image import read_image


def save_report(result: Design, card: dict[str, Any], directory: Path) -> Path:
    """Write ``report.html``, in one step.

    Parameters
    ----------
    result : Design
    card : dict
        Its scorecard.
    directory : Path
        Where the design is saved; ``firmware.elf`` and ``hil.json`` of the same digest are taken in.

    Returns
    -------
    Path
    """
    hil = _hil(directory / "hil.json", result.digest)
    image = _image(directory / "firmware.elf", result.digest) or (hil or {}).get("image")
    data = ReportData(result.layout, result.bank, result.fixed, card, image, hil)
    path = directory / "report.html"
    page = render_report(data).encode()
    replace_file(path, lambda file: file.write(page))
    return path


def _hil(path: Path, digest: str) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("digest") == digest else None


def _image(path: Path, digest: str) -> dict[str, Any] | None:
    try:
        image = read_image(path)
    except (BuildError, OSError):
        return None
    if image.digest != digest:
        return None
    return {"flash_bytes": image.flash_bytes, "ram_bytes": image.ram_bytes}
