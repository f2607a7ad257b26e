"""The server of a studio: its page, its files, and the live connection."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn
from plotly.offline import get_plotlyjs
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from designer.errors import BoardNotFoundError, ProsceniumError
from designer.studio.audition import Audition
from designer.studio.board_desk import BoardDesk
from designer.studio.clients import Client
from designer.studio.document_requests import DocumentRequests
from designer.studio.downloads import download_routes
from designer.studio.folder import Folder
from designer.studio.guard import LOOPBACK, Guard, GuardMiddleware
from designer.studio.hub import Studio, jsonable
from designer.studio.slots import Slots
from designer.studio.uploads import keep_upload

STATIC = Path(__file__).parent / "static"
_LONGEST_MESSAGE = 1 << 20


def listen(port: int) -> socket.socket:
    """Take a port of this machine that no other machine reaches.

    Parameters
    ----------
    port : int
        0 takes a free one.

    Raises
    ------
    BoardNotFoundError
        If the port is taken.
    """
    end = socket.socket()
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        end.bind((LOOPBACK, port))
    except OSError as error:
        end.close()
        raise BoardNotFoundError(
            f"port {port}: {error.strerror}: choose another with --http, or 0 for a free one"
        ) from error
    return end


def run_studio(
    layout: str | None, folder: Path, http_port: int, board_port: str | None, opened: Callable[[str], None]
) -> None:
    """Serve a studio until it is interrupted.

    Parameters
    ----------
    layout : str, optional
        File in the folder, or name of a shipped layout.
    folder : Path
        The only folder that is read and written.
    http_port : int
        0 takes a free one.
    board_port : str, optional
        Serial port of the board that is connected at once.
    opened : callable
        Is given the address to open, as soon as the studio answers.

    Raises
    ------
    LayoutError
        If there is no such layout or folder.
    BoardNotFoundError
        If the port is taken.
    """
    studio = Studio(Folder(folder), layout)
    end = listen(http_port)
    guard = Guard(end.getsockname()[1])
    config = uvicorn.Config(
        make_app(studio, guard, board_port),
        log_level="warning",
        ws_max_size=_LONGEST_MESSAGE,
        lifespan="on",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)

    async def serve() -> None:
        serving = asyncio.create_task(server.serve(sockets=[end]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.02)
        if not serving.done():
            opened(guard.address())
        await serving

    with suppress(KeyboardInterrupt):
        asyncio.run(serve())


def make_app(studio: Studio, guard: Guard, board_port: str | None = None) -> Starlette:
    """Build the application of a studio.

    Parameters
    ----------
    studio : Studio
    guard : Guard
    board_port : str, optional
        Serial port of the board that is connected at once.
    """
    DocumentRequests(studio)
    slots = Slots(studio)
    studio.add_topic("slots", slots.state)
    desk = BoardDesk(studio, board_port)
    audition = Audition(studio)
    plotly = get_plotlyjs().encode()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await studio.start()
        await desk.start()
        yield
        await desk.stop()
        audition.close()
        slots.close()
        await studio.stop()

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html", media_type="text/html")

    async def charts(request: Request) -> Response:
        return Response(plotly, media_type="text/javascript", headers={"cache-control": "private, max-age=86400"})

    async def sound(request: Request) -> Response:
        data = audition.data(request.path_params["name"])
        return Response(status_code=404) if data is None else Response(data, media_type="application/octet-stream")

    async def upload(request: Request) -> Response:
        try:
            name = await keep_upload(studio.folder, request.query_params.get("name", ""), request.stream())
        except ProsceniumError as error:
            return PlainTextResponse(str(error), 422)
        except OSError as error:
            return PlainTextResponse(f"The file cannot be kept: {error.strerror}.", 507)
        audition.tell()
        studio.clients.tell({"topic": "choices", "state": studio.choices_state()})
        return PlainTextResponse(name)

    async def live(socket: WebSocket) -> None:
        await _live(studio, socket)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/plotly.js", charts),
            *download_routes(studio),
            Route("/listen/{name}", sound),
            Route("/upload", upload, methods=["PUT"]),
            WebSocketRoute("/live", live),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(GuardMiddleware, guard=guard)],
        lifespan=lifespan,
    )


async def _live(studio: Studio, socket: WebSocket) -> None:
    """Serve one page until it goes."""
    await socket.accept()
    client = Client(socket.query_params.get("name", "")[:64])
    for message in studio.whole_state():
        client.outbox.put_nowait(message)
    studio.clients.join(client)
    sending = asyncio.create_task(_send(client, socket))
    # A regression takes a minute; other requests are answered meanwhile.  Edits take their turn: none of them waits.
    waiting: set[asyncio.Task[None]] = set()
    try:
        while True:
            try:
                request = json.loads(await socket.receive_text())
            except (ValueError, RecursionError, KeyError):  # no JSON, or bytes in place of text
                continue
            if isinstance(request, dict):
                waiting.add(task := asyncio.create_task(_answer(studio, client, request)))
                task.add_done_callback(waiting.discard)
    except WebSocketDisconnect:
        pass
    finally:
        sending.cancel()
        studio.clients.leave(client)


async def _answer(studio: Studio, client: Client, request: dict[str, Any]) -> None:
    client.outbox.put_nowait(await studio.answer(client, request))


async def _send(client: Client, socket: WebSocket) -> None:
    while (message := await client.outbox.get()) is not None:
        try:
            text = json.dumps(message, separators=(",", ":"), allow_nan=False)
        except ValueError:  # a figure without a value must not end the connection
            text = json.dumps(jsonable(message), separators=(",", ":"))
        await socket.send_text(text)
    await socket.close()
