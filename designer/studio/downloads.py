"""Pages and files of the present design: report, results of the regression, filters for other tools."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from designer.errors import LayoutError, ProsceniumError
from designer.evaluation.scorecard import Scorecard
from designer.export.files import EXPORTERS
from designer.report.data import ReportData
from designer.report.page import render_report
from designer.studio.design_steps import Made
from designer.studio.hub import Studio

# A report has its script inside.  In a sandbox it reaches nothing of the studio.
_REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
)
# The date of files in an archive: archives of equal designs are equal.
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")
_DATE = (1980, 1, 1, 0, 0, 0)


def download_routes(studio: Studio) -> list[Route]:
    """Build the routes ``/text.toml``, ``/report``, ``/hil`` and ``/export/FORMAT``.

    Parameters
    ----------
    studio : Studio
    """

    async def text(request: Request) -> Response:
        return _file(studio.document.state.text.encode(), "application/toml", f"{_name(studio)}.toml")

    async def report(request: Request) -> Response:
        try:
            made = _made(studio)
            page = report_page(made, await studio.scorecard_of(made.digest))
        except ProsceniumError as error:
            return PlainTextResponse(str(error), 422)
        return Response(page.encode(), media_type="text/html", headers={"content-security-policy": _REPORT_POLICY})

    async def hil(request: Request) -> Response:
        path: Path = studio.folder.state / "board" / "hil.html"
        if not path.is_file():
            return PlainTextResponse("The regression has not run yet.", 404)
        return FileResponse(path, media_type="text/html", headers={"content-security-policy": _REPORT_POLICY})

    async def export(request: Request) -> Response:
        kind = str(request.path_params["kind"])
        return _answer(
            lambda: _file(export_archive(_made(studio), kind), "application/zip", f"{_name(studio)}-{kind}.zip")
        )

    return [
        Route("/text.toml", text),
        Route("/report", report),
        Route("/hil", hil),
        Route("/export/{kind}", export),
    ]


def report_page(made: Made, card: Scorecard) -> str:
    """Render the report of a design."""
    return render_report(ReportData(made.layout, made.bank, made.fixed, card))


def export_archive(made: Made, kind: str) -> bytes:
    """Pack the filters of a design for another tool.

    Parameters
    ----------
    made : Made
    kind : str
        As of ``proscenium export --to``.

    Returns
    -------
    bytes
        A ZIP archive, equal for equal designs.

    Raises
    ------
    LayoutError
        If there is no such format.
    """
    if kind not in EXPORTERS:
        raise LayoutError(f"export '{kind}': allowed are {', '.join(EXPORTERS)}")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(EXPORTERS[kind](made.layout, made.bank).items()):
            archive.writestr(zipfile.ZipInfo(name, _DATE), data)
    return stream.getvalue()


def _made(studio: Studio) -> Made:
    if studio.made is None:
        raise LayoutError("the design is not ready yet: wait for its curves")
    return studio.made


def _name(studio: Studio) -> str:
    return studio.made.layout.name if studio.made is not None else "layout"


def _answer(make: Callable[[], Response]) -> Response:
    try:
        return make()
    except ProsceniumError as error:
        return PlainTextResponse(str(error), 422)


def _file(data: bytes, kind: str, name: str) -> Response:
    # A header has no line ends, quotes or letters beyond Latin-1; a layout's name may.
    plain = _NOT_PLAIN.sub("_", name)
    headers: dict[str, Any] = {"content-disposition": f'attachment; filename="{plain}"'}
    return Response(data, media_type=kind, headers=headers)
