"""The tables of ``docs/protocol.md``, from the one source of the wire format."""

from __future__ import annotations

from collections.abc import Iterable

from designer import protocol
from designer.protocol import Message, Payload


def tables() -> str:
    """Render every limit, field, message and code as Markdown; ``docs/protocol.md`` holds it as it is."""
    parts = [
        _table(("limit", "value"), _limits()),
        "### Header",
        _fields(protocol.HEADER),
        "### Messages",
        _table(("code", "message", "bytes of fields", "what it is"), map(_message, protocol.MESSAGES)),
    ]
    for message in protocol.MESSAGES:
        if message.payload.fields:
            parts += [f"#### {message.name}", _fields(message.payload)]
    parts += ["#### FIR, an entry of the tables", _fields(protocol.FIR_ENTRY)]
    for name, values in (
        ("INJECTION_POINT", protocol.INJECTION_POINT),
        ("NUMBER_FORMAT", protocol.NUMBER_FORMAT),
        ("SIGNAL", protocol.SIGNAL),
        ("STAGE", protocol.STAGE),
        ("CLOCK", protocol.CLOCK),
        ("PLAYER", protocol.PLAYER),
        ("RESET", protocol.RESET),
        ("AUDIO_CLOCK", protocol.AUDIO_CLOCK),
        ("SOURCE", protocol.SOURCE),
    ):
        parts += [f"### {name}", _table(("name", "value"), ((key, str(value)) for key, value in values.items()))]
    codes = ((name, str(code), meaning) for name, (code, meaning) in protocol.STATUS_CODES.items())
    parts += ["### Status codes", _table(("name", "code", "meaning"), codes)]
    return "\n\n".join(parts) + "\n"


def _limits() -> Iterable[tuple[str, str]]:
    yield "protocol version", str(protocol.PROTOCOL_VERSION)
    yield "baud rate (8 data bits, no parity, 1 stop bit)", str(protocol.BAUD_RATE)
    yield "delimiter", f"0x{protocol.DELIMITER:02X}"
    yield "header, bytes", str(protocol.HEADER.size)
    yield "payload, bytes", f"0 to {protocol.MAX_PAYLOAD_BYTES}"
    yield "CRC-32, bytes", str(protocol.CRC_BYTES)
    yield "longest link frame, bytes", str(protocol.MAX_FRAME_BYTES)
    yield "the same encoded, with its delimiter", str(protocol.MAX_ENCODED_BYTES)
    yield "requests that may be unanswered (HELLO_REPLY says it too)", str(protocol.CREDITS)


def _message(message: Message) -> tuple[str, str, str, str]:
    size = str(message.payload.size) + (" + samples" if message.carries_samples else "")
    return f"0x{message.code:02X}", message.name, size, message.meaning


def _fields(payload: Payload) -> str:
    rows = (
        (
            str(payload.offsets[item.name]),
            f"{item.kind}[{item.length}]" if item.length > 1 else item.kind,
            item.name,
            item.meaning,
        )
        for item in payload.fields
    )
    return _table(("offset", "type", "field", "meaning"), rows)


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(headings)
    lines = [head, ["---"] * len(head), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
