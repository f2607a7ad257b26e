"""Write the report of a saved design, with the image and the HIL results of the same directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from designer.design.model import Design
from designer.errors import BuildError
from designer.evaluation.scorecard import Scorecard
from designer.files import replace_file
from designer.report.data import ReportData
from designer.report.page import render_report
from designer.toolchain.boards import BOARDS
from designer.toolchain.image import read_image
from designer.toolchain.stack import sizes_of


def save_report(result: Design, card: Scorecard, directory: Path) -> Path:
    """Write ``report.html``, in one step.

    Parameters
    ----------
    result : Design
    card : Scorecard
        Of the same design.
    directory : Path
        Where the design is saved; ``firmware.elf`` and ``hil*.json`` of the same digest are taken in.

    Returns
    -------
    Path
    """
    hil, why = _hil(directory / "hil.json", result.digest)
    missing = f"{why}: proscenium hil {result.layout.name} streams audio through the board, and writes it."
    image = _image(directory / "firmware.elf", result.digest) or (hil or {}).get("image")
    data = ReportData(
        result.layout, result.bank, result.fixed, card, image, hil, _boards(directory, result.digest), missing
    )
    path = directory / "report.html"
    page = render_report(data).encode()
    replace_file(path, lambda file: file.write(page))
    return path


def remove_other_report(directory: Path, digest: str) -> None:
    """Remove the report of another design, which would otherwise lie beside the filters of this one."""
    path = directory / "report.html"
    if path.is_file() and digest.encode() not in path.read_bytes():
        path.unlink()


def _hil(path: Path, digest: str) -> tuple[dict[str, Any] | None, str]:
    """Read the HIL report of a design; where there is none to show, say why."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None, "Not run yet on this design"
    except OSError as error:
        return None, f"{path.name} cannot be read ({error.strerror})"
    except ValueError as error:
        return None, f"{path.name} is damaged, or was left half-written ({error})"
    if not isinstance(found, dict) or "digest" not in found:
        return None, f"{path.name} is no report of the regression"
    if found["digest"] != digest:
        was = str(found["digest"])[:16]
        return None, f"Not run yet on this design ({path.name} is of digest {was}, this is {digest[:16]})"
    return found, ""


def _boards(directory: Path, digest: str) -> dict[str, dict[str, Any]]:
    """HIL reports by board: ``virtual:stm32f405`` and ``stm32f405 at /dev/ttyACM0`` are both the STM32F405."""
    found: dict[str, dict[str, Any]] = {}
    # QEMU's second opinion on the STM32F405 comes last.
    for path in sorted(directory.glob("hil*.json"), key=lambda path: (path.name == "hil-qemu.json", path)):
        report, _ = _hil(path, digest)
        name = next((board for board in BOARDS if report and board in str(report.get("board"))), None)
        if report is not None and name is not None:
            # A real board's report (hil-ttyACM0.json) comes ahead of the simulated one's (hil.json).
            found.setdefault(name, report)
    return found


def _image(path: Path, digest: str) -> dict[str, Any] | None:
    try:
        image = read_image(path)
    except (BuildError, OSError):
        return None
    if image.digest != digest:
        return None
    try:
        return dict(sizes_of(image))
    except (BuildError, OSError):  # built by an earlier version
        return {"flash_bytes": image.flash_bytes, "ram_bytes": image.ram_bytes}
