"""The pages that are open: what they are told, and which of them edits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from designer.studio.design_steps import QUICK

# A page that does not read for so long is given up, not waited for.
_MOST_WAITING = 1000


@dataclass(eq=False)
class Client:
    """One page.

    Attributes
    ----------
    name : str
        Random name that the page keeps over a reload.
    outbox : asyncio.Queue
        Messages that wait to be sent; None ends the connection.
    wants : int
        Last step of a design that this page looks at.
    """

    name: str
    outbox: asyncio.Queue[dict[str, Any] | None] = field(default_factory=asyncio.Queue)
    wants: int = QUICK


class Clients:
    """All open pages.  One of them edits; the others follow."""

    def __init__(self) -> None:
        self._open: list[Client] = []
        self._editor: str | None = None

    def __len__(self) -> int:
        return len(self._open)

    def join(self, client: Client) -> None:
        """Add a page.  It edits if no open page does, or if it did so before it was loaded again."""
        self._open.append(client)
        if self._editor not in [other.name for other in self._open]:
            self._editor = client.name
        self.tell_roles()

    def leave(self, client: Client) -> None:
        """Remove a page.  Its place is kept while no other page asks for it."""
        if client in self._open:
            self._open.remove(client)
        self.tell_roles()

    def take_over(self, client: Client) -> None:
        """Make this page the one that edits."""
        self._editor = client.name
        self.tell_roles()

    def edits(self, client: Client) -> bool:
        """Whether this page may edit."""
        return client.name == self._editor

    def wanted(self) -> int:
        """Last step of a design that any page looks at."""
        return max((client.wants for client in self._open), default=QUICK)

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message to all pages."""
        for client in list(self._open):
            self.send(client, message)

    def send(self, client: Client, message: dict[str, Any]) -> None:
        """Send a message to one page."""
        if client.outbox.qsize() > _MOST_WAITING:
            self._open.remove(client)
            client.outbox.put_nowait(None)
            return
        client.outbox.put_nowait(message)

    def tell_roles(self) -> None:
        """Tell every page whether it edits."""
        for client in list(self._open):
            free = self._editor not in [other.name for other in self._open]
            state = {"edits": self.edits(client), "pages": len(self._open), "free": free}
            self.send(client, {"topic": "role", "state": state})
