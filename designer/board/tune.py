"""Tuning: new tables for a board that plays, which validates them and fades to them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from designer import protocol
from designer.board.link import Link
from designer.board.session import Board
from designer.codegen.table_set import TableSet
from designer.errors import HilError

_DATA_BYTES = protocol.MAX_PAYLOAD_BYTES - protocol.TUNE_DATA.payload.size
_SOURCES = {code: name for name, code in protocol.SOURCE.items()}
# A fade lasts 20 ms of the board's time.  A second of a simulated board can take several seconds on a busy machine.
# A board that plays nothing does not fade: after each `FADE_DUE_S` it is asked whether it plays.
FADE_DUE_S = 0.5
FADE_TIMEOUT_S = 20.0
_POLL_S = 0.005
# Makes the 64 bytes of a signature from a message.
Sign = Callable[[bytes], bytes]
# An overload shows within 16 late blocks (core/play/player.c), each of which takes two half blocks.  The rest is a
# margin.
_WATCHED_BLOCKS = 64


@dataclass(frozen=True)
class TablesInfo:
    """Tables that play, and room for others: the fields of TABLES_REPLY."""

    digest: str
    layout_hash: int
    room_bytes: int
    room_firs: int
    history_samples: int
    fade_samples: int
    source: str
    fading: bool
    flash: bool
    equalised: int
    committed: int
    erasures: int
    endurance: int


@dataclass(frozen=True)
class Kept:
    """Tables in flash for the next start.

    Attributes
    ----------
    number : int
        Sequence number of their slot.
    written : bool
        False if flash held these tables already: nothing was erased.
    erasures, endurance : int
        Erasures of both slots so far, and how many the maker of the chip promises.
    """

    number: int
    written: bool
    erasures: int
    endurance: int


def tables_of(link: Link) -> TablesInfo:
    """Ask a board which tables play."""
    fields = link.fields(protocol.TABLES, protocol.TABLES_REPLY)
    digest, source = fields.pop("digest"), int(fields.pop("source"))
    assert isinstance(digest, bytes)
    fading, flash = bool(fields.pop("fading")), bool(fields.pop("flash"))
    numbers = {name: int(value) for name, value in fields.items()}
    return TablesInfo(digest.hex(), source=_SOURCES.get(source, "UNKNOWN"), fading=fading, flash=flash, **numbers)


def upload(link: Link, tables: TableSet, sign: Sign | None = None) -> None:
    """Send tables to the board and let it fade to them; it validates them first.

    Parameters
    ----------
    link : Link
        A session with a board.
    tables : TableSet
    sign : callable, optional
        Signs a message, for an image that was built with a public key; see `designer.board.keys`.

    Raises
    ------
    HilError
        If the image has another layout or filter graph, or too little room; if the board refuses the tables; if the
        line breaks.  The board then plays on as before.
    """
    board = tables_of(link)
    tables = tables.for_image(board.equalised)
    _check(board, tables)
    link.request(protocol.TUNE_BEGIN, tables.begin)
    link.request_all(protocol.TUNE_DATA, _portions(tables.tables))
    if sign is not None:
        signature = sign(protocol.SIGNATURE_CONTEXT + tables.begin + tables.tables)
        link.request(protocol.TUNE_SIGN, protocol.TUNE_SIGN.payload.pack(signature=signature))
    link.request(protocol.TUNE_APPLY)


def await_fade(link: Link, digest: str) -> bool:
    """Wait until a board plays a design; False if the fade does not end because nothing plays.

    Raises
    ------
    HilError
        If another design plays at the end.
    """
    began = time.monotonic()
    due = began + FADE_DUE_S
    while (found := tables_of(link)).fading:
        now = time.monotonic()
        if now > due:
            if now > began + FADE_TIMEOUT_S or not _plays(link):
                return False
            due = now + FADE_DUE_S
        link.wait(_POLL_S)
    if found.digest != digest:
        raise HilError(f"the board plays {found.digest[:16]}…, not {digest[:16]}…: another host has tuned it meanwhile")
    return True


def _plays(link: Link) -> bool:
    fields = link.fields(protocol.HEALTH, protocol.HEALTH_REPLY)
    return fields["player"] == protocol.PLAYER["PLAYING"]


@dataclass(frozen=True)
class Tuned:
    """Result of tuning.

    Attributes
    ----------
    before : str
        Digest of the design that played before.
    late_blocks : int, optional
        Blocks that were late during the change; each is heard as a fade to silence and back.  None on a simulated
        board without a count of instructions.
    """

    before: str
    late_blocks: int | None


def tune_board(board: Board, tables: TableSet, sign: Sign | None = None) -> Tuned:
    """Send tables to a board, and wait until they play.

    A board that plays nothing starts with them: a host uses its pipeline, or it has no input of its own.

    Raises
    ------
    HilError
        As `upload`; also if the board is too slow for these tables.
    """
    before = tables_of(board.link).digest
    late = board.health()["deadline_misses"] if board.keeps_time else None
    if before != tables.digest:
        upload(board.link, tables, sign)
        if not await_fade(board.link, tables.digest):
            board.play()
        if tables_of(board.link).fading:
            board.start()
        await_fade(board.link, tables.digest)
    if late is None:
        return Tuned(before, None)
    _check_keeps_up(board)
    return Tuned(before, int(board.health()["deadline_misses"]) - int(late))


def _check_keeps_up(board: Board) -> None:
    """Watch enough blocks: valid tables may still need more time than a block has."""
    deadline = time.monotonic() + FADE_TIMEOUT_S
    found = board.health()
    last = found["blocks"] + _WATCHED_BLOCKS
    while found["player"] == "PLAYING" and found["blocks"] < last and time.monotonic() < deadline:
        board.link.wait(_POLL_S)
        found = board.health()
    if found["player"] == "OVERLOAD":
        raise HilError(
            "the board is too slow for these filters, and is silent now: tune it to shorter ones (filters.taps), or "
            "switch it off and on to return to its previous filters"
        )


def commit(link: Link) -> Kept:
    """Let the board keep its present tables in flash.  Tables that it keeps already are not written again.

    Raises
    ------
    HilError
        If the board has no flash to write, plays its image's tables, or the flash did not take them.
    """
    if not tables_of(link).flash:
        raise HilError(
            "this board has no flash that it can write (a board in QEMU has none): its tables last until the reset"
        )
    written = bool(link.fields(protocol.TUNE_COMMIT, protocol.TUNE_COMMIT_REPLY)["written"])
    found = tables_of(link)
    return Kept(found.committed, written, found.erasures, found.endurance)


def status_of(board: Board) -> dict[str, Any]:
    """State of a board; reading resets the figures that cover the time since the last reading.

    Returns
    -------
    dict
        ``board``, ``layout``, ``tables`` (fields of `TablesInfo`), ``line`` (counters), and ``health`` where the board
        has audio, else None.
    """
    try:
        health = board.health()
        # Silence has no level: JSON has no infinity.
        health["volume_db"] = health["volume_db"] if math.isfinite(health["volume_db"]) else None
    except HilError:
        health = None
    return {
        "board": board.name,
        "layout": board.info.layout_name,
        "reset_cause": board.info.reset_cause,
        "faults": board.info.faults,
        "fault": board.info.fault,
        "tables": asdict(tables_of(board.link)),
        "line": board.status(),
        "health": health,
    }


def _check(board: TablesInfo, tables: TableSet) -> None:
    """Refuse with a clear message what the board would refuse with a status code."""
    remedy = "flash it instead (proscenium flash)"
    if board.layout_hash != tables.layout_hash:
        raise HilError(
            "the board's image was built for another layout. Tuning cannot change name, number or order of drivers, "
            "limits, limiters, number format, sample rate, block size, version of this program, or filter graph. The "
            "graph depends on mirror symmetry, and without symmetry also on filters.form: "
            f"{remedy}"
        )
    for what, has, needs in (
        ("bytes of tables", board.room_bytes, len(tables.tables)),
        ("FIRs", board.room_firs, tables.firs),
        ("samples of history", board.history_samples, tables.history_samples),
    ):
        if needs > has:
            raise HilError(f"tuning needs {needs} {what}, the board's image has room for {has}: {remedy}")
    if board.equalised != tables.equalised:
        raise HilError(
            f"the design has equalisers on other buses ({_buses(tables.equalised)}) than the board's image "
            f'({_buses(board.equalised)}): {remedy}. Or design it with filters.form = "direct", which every image of a '
            "mirror-symmetric cabinet accepts"
        )


def _buses(mask: int) -> str:
    return ", ".join(str(b + 1) for b in range(mask.bit_length()) if mask >> b & 1) or "none"


def _portions(tables: bytes) -> Iterator[bytes]:
    for offset in range(0, len(tables), _DATA_BYTES):
        yield protocol.TUNE_DATA.payload.pack(offset=offset) + tables[offset : offset + _DATA_BYTES]
