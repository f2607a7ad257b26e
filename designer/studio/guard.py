"""Who may ask: a page of this studio, in a browser of this machine, that has the token."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from urllib.parse import urlencode

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost")
# Everything comes from this server.  Plotly sets styles of its elements: only styles may be inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; media-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


@dataclass
class Guard:
    """Token and port of one studio.

    Attributes
    ----------
    port : int
        Where it listens.
    token : str
        Random; 256 bits.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def cookie(self) -> str:
        """Name of the cookie that carries the token.  Cookies do not tell ports apart, so the name does."""
        return f"proscenium-{self.port}"

    def address(self) -> str:
        """Address to open first."""
        return f"http://{LOOPBACK}:{self.port}/?{urlencode({'token': self.token})}"

    def refusal(self, asked: HTTPConnection) -> Response | None:
        """Answer to whoever may not ask; None for one who may."""
        # Another name for this address would be a page of another site (DNS rebinding).
        if asked.headers.get("host") not in [f"{name}:{self.port}" for name in _NAMES]:
            return PlainTextResponse("This studio answers at 127.0.0.1 and localhost only.", 421)
        origin = asked.headers.get("origin")
        own = [f"http://{name}:{self.port}" for name in _NAMES]
        if origin not in own and (origin is not None or self._needs_origin(asked)):
            return PlainTextResponse("This request comes from another site.", 403)
        if asked.scope["type"] == "http" and asked.url.path == "/" and self._is(asked.query_params.get("token")):
            return self._welcome()
        if self._is(asked.cookies.get(self.cookie)):
            return None
        return PlainTextResponse("Open the address that 'proscenium studio' printed: it carries the token.", 403)

    def _needs_origin(self, asked: HTTPConnection) -> bool:
        return asked.scope["type"] == "websocket" or asked.scope["method"] not in ("GET", "HEAD")

    def _is(self, token: str | None) -> bool:
        return token is not None and secrets.compare_digest(token.encode(), self.token.encode())

    def _welcome(self) -> Response:
        """Put the token into a cookie, and take it out of the address."""
        reply = RedirectResponse("/", 303)
        reply.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
        return reply


class GuardMiddleware:
    """Ask a `Guard` ahead of everything else, and add the headers that keep a page by itself."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._guard.refusal(HTTPConnection(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] += [header for header in _HEADERS if header[0] not in present]
            await send(message)

        if refusal is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send_with_headers)
