"""docs/protocol.md says what designer/protocol, the link and the firmware say."""

import re

from cobs import cobs
from places import ROOT

from designer import protocol
from designer.board import link, transport
from designer.protocol import Field, Frame, Payload, document
from designer.protocol.document import tables

TEXT = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


def test_every_table_is_the_codes_own():
    written = TEXT[TEXT.index("## Tables\n\n") + len("## Tables\n\n") :]
    assert written == tables(), "write designer.protocol.document.tables() behind '## Tables'"


def test_a_field_of_several_elements_says_how_many():
    payload = Payload(tuple(Field(f"of_{n}", "bytes", "", n) for n in (1, 2, 3)))
    assert [line.split("|")[2].strip() for line in document._fields(payload).splitlines()[2:]] == [
        "bytes",
        "bytes[2]",
        "bytes[3]",
    ]


def test_the_tables_hold_every_message_field_and_code():
    for message in protocol.MESSAGES:
        assert f"| 0x{message.code:02X} | {message.name} |" in TEXT
        for field in message.payload.fields:
            assert f" | {field.name} | " in TEXT
    enumerations = [
        value
        for name, value in vars(protocol).items()
        if isinstance(value, dict) and name.isupper() and not name.startswith("_") and name != "STATUS_NAMES"
    ]
    assert len(enumerations) >= 7
    for names in enumerations:
        for name in names:
            assert str(name) in TEXT


def test_the_example_is_what_the_host_sends():
    raw = Frame(protocol.STATUS.code, 1, 0x1234).to_bytes()
    frame = re.search(r"^link frame ([0-9A-F ]+)$", TEXT, re.MULTILINE)[1]
    line = re.search(r"^on line    ([0-9A-F ]+)$", TEXT, re.MULTILINE)[1]
    assert bytes.fromhex(frame) == raw
    assert bytes.fromhex(line) == cobs.encode(raw) + bytes([protocol.DELIMITER])


def test_times_are_those_of_the_link_and_the_board():
    assert f"| a reply to HELLO | {link.HELLO_TIMEOUT_S:g} s, {link.HELLO_ATTEMPTS} times" in TEXT
    assert f"| the oldest unanswered reply | {link.REPLY_TIMEOUT_S:g} s, {link.ATTEMPTS} times" in TEXT
    assert f"| between two resendings after complaints | {link.RETRY_S:g} s |" in TEXT
    assert f"| the line to take a write | {transport.WRITE_TIMEOUT_S:g} s |" in TEXT
    silence = re.search(r"#define HOST_SILENCE_S\s+(\d+)", (ROOT / "firmware/app/audio.c").read_text())[1]
    assert f"| a host, before it plays its own input again | {silence} s |" in TEXT
