"""One table for both ends: what Python packs is what protocol.h says, and broken frames are refused."""

import struct
import subprocess
import zlib

import pytest
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from designer import protocol
from designer.codegen.environment import create_environment
from designer.codegen.generate import protocol_context
from designer.protocol import Frame, ProtocolVersionError
from designer.protocol.payload import Field, Payload

payloads = st.binary(max_size=protocol.MAX_PAYLOAD_BYTES)
frames = st.builds(Frame, st.integers(0, 255), st.integers(0, 65535), st.integers(0, 65535), payloads)


@pytest.fixture(scope="module")
def macros(tmp_path_factory):
    """Every macro of protocol.h as the C preprocessor understands it."""
    header = tmp_path_factory.mktemp("protocol") / "protocol.h"
    header.write_text(create_environment().get_template("protocol.h.j2").render(banner="/* */", **protocol_context()))
    lines = subprocess.run(
        ["gcc", "-dM", "-E", str(header)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    pairs = (line.split(maxsplit=2) for line in lines if line.startswith("#define PS_"))
    return {parts[1]: int(parts[2].strip("()"), 0) for parts in pairs if len(parts) == 3}


def test_header_file_says_every_offset_size_and_code(macros):
    for message in protocol.MESSAGES:
        assert macros[f"PS_{message.name}"] == message.code
        offset = 0
        for item in message.payload.fields:
            assert macros[f"PS_{message.name}_{item.name.upper()}"] == offset
            offset += item.size
        if message.payload.fields:
            assert macros[f"PS_{message.name}_BYTES"] == offset
    for name, (code, _) in protocol.STATUS_CODES.items():
        assert macros[f"PS_{name}"] == code
    assert macros["PS_MAX_ENCODED_BYTES"] == protocol.MAX_ENCODED_BYTES
    assert macros["PS_HEADER_BYTES"] == len(Frame(0, 0, 0).to_bytes()) - macros["PS_CRC_BYTES"]


def test_codes_are_distinct_and_replies_follow_their_requests():
    codes = [message.code for message in protocol.MESSAGES]
    assert len(set(codes)) == len(codes)
    replies = {message.name: message.code for message in protocol.REPLIES}
    for request in protocol.REQUESTS:
        assert request.code < protocol.REPLY_BIT
        assert replies[f"{request.name}_REPLY"] == request.code | protocol.REPLY_BIT


def test_status_codes_are_zero_or_negative():
    assert [code for code, _ in protocol.STATUS_CODES.values() if code > 0] == []


@given(frames)
def test_a_frame_comes_back_as_it_was(frame):
    assert Frame.from_bytes(frame.to_bytes()) == frame


@given(frames)
def test_an_encoded_frame_fits_the_limit_and_holds_no_delimiter(frame):
    encoded = cobs.encode(frame.to_bytes())
    assert protocol.DELIMITER not in encoded
    assert len(encoded) + 1 <= protocol.MAX_ENCODED_BYTES


@given(frames, st.data())
def test_any_flipped_bit_is_noticed(frame, data):
    raw = bytearray(frame.to_bytes())
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(ValueError, match="CRC"):
        Frame.from_bytes(bytes(raw))


@pytest.mark.parametrize("size", [0, protocol.OVERHEAD_BYTES - 1, protocol.MAX_FRAME_BYTES + 1])
def test_a_frame_of_impossible_size_is_refused(size):
    with pytest.raises(ValueError, match=f"frame of {size} bytes"):
        Frame.from_bytes(bytes(size))


def resealed(frame, at, value):
    body = bytearray(frame.to_bytes()[: -protocol.CRC_BYTES])
    body[at] = value
    return bytes(body) + zlib.crc32(body).to_bytes(4, "little")


def test_another_version_is_told_apart_from_damage():
    with pytest.raises(ProtocolVersionError, match="protocol version 9, not 1"):
        Frame.from_bytes(resealed(Frame(1, 2, 3), protocol.HEADER.offsets["version"], 9))


def test_a_wrong_length_field_is_refused():
    with pytest.raises(ValueError, match="length field 1, payload of 3 bytes"):
        Frame.from_bytes(resealed(Frame(1, 2, 3, b"abc"), protocol.HEADER.offsets["length"], 1))


def test_payload_fields_come_back():
    values = {field.name: 1 for field in protocol.HELLO_REPLY.payload.fields}
    values |= {"board_name": "stm32f405", "layout_name": "front3", "digest": bytes(range(32))}
    payload = protocol.HELLO_REPLY.payload
    assert payload.unpack(payload.pack(**values)) == values
    with pytest.raises(ValueError, match="expected 132"):
        payload.unpack(b"")


def test_every_layout_name_fits_its_field():
    # designer/layout/model.py allows 31 characters; HELLO and the image's identity have 32 bytes.
    assert protocol.NAME_BYTES == 32


@pytest.mark.parametrize("size", [0, 1, protocol.MAX_PAYLOAD_BYTES])
def test_frames_of_the_least_and_the_largest_size_are_taken(size):
    frame = Frame(1, 2, 3, bytes(size))
    assert Frame.from_bytes(frame.to_bytes()) == frame


@pytest.mark.parametrize("size", [0, 8 + 4 - 1, 8 + protocol.MAX_PAYLOAD_BYTES + 4 + 1])
def test_frames_of_other_sizes_are_refused(size):
    body = bytes(max(size - 4, 0))
    with pytest.raises(ValueError, match=f"frame of {size} bytes, allowed 12 to "):
        Frame.from_bytes((body + zlib.crc32(body).to_bytes(4, "little"))[:size])


@pytest.mark.parametrize(
    ("kind", "least", "most", "size"),
    [
        ("u8", 0, 2**8 - 1, 1),
        ("i8", -(2**7), 2**7 - 1, 1),
        ("u16", 0, 2**16 - 1, 2),
        ("i16", -(2**15), 2**15 - 1, 2),
        ("u32", 0, 2**32 - 1, 4),
        ("u64", 0, 2**64 - 1, 8),
    ],
)
def test_a_field_has_the_size_and_range_of_its_name(kind, least, most, size):
    payload = Payload((Field("first", kind, ""), Field("second", "u8", "")))
    assert (payload.size, payload.offsets) == (size + 1, {"first": 0, "second": size})
    for value in (least, most):
        packed = payload.pack(first=value, second=7)
        assert packed == value.to_bytes(size, "little", signed=least < 0) + b"\7"
        assert payload.unpack(packed) == {"first": value, "second": 7}
    for value in (least - 1, most + 1):
        with pytest.raises(struct.error):
            payload.pack(first=value, second=7)


def test_a_payload_that_no_frame_holds_is_not_packed():
    with pytest.raises(ValueError, match="payload of 1025 bytes, allowed 0 to 1024"):
        Frame(1, 2, 3, bytes(1025)).to_bytes()
