"""The firmware's frames against zlib, PyPI's cobs and the Python table; broken ones are refused by their kind."""

import zlib

import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from designer import protocol
from designer.protocol import Frame
from hil_tests.harness.host_core import HostParser


def encode(raw):
    return cobs.encode(raw) + b"\0"


def seal(body):
    return body + zlib.crc32(body).to_bytes(4, "little")


FRAME = Frame(4, 0x1234, 0x00FF, b"\0\1\0payload\0")
RAW = FRAME.to_bytes()


def test_crc_equals_zlib(core):
    @given(st.binary(max_size=600))
    def check(data):
        assert core.crc32(data) == zlib.crc32(data)

    check()
    assert core.crc32(b"123456789") == 0xCBF43926  # the catalogue's check value of CRC-32/ISO-HDLC


def test_cobs_equals_the_reference(core):
    @given(st.one_of(st.binary(max_size=900), st.integers(0, 800).map(lambda n: b"\1" * n)))
    def check(data):
        assert core.cobs_encode(data) == encode(data)

    check()


@pytest.mark.parametrize("size", [0, 1, 253, 254, 255, 508, 509])
def test_cobs_at_the_edges_of_a_run(core, size):
    for data in (b"\1" * size, b"\1" * size + b"\0", b"\0" + b"\1" * size):
        assert core.cobs_encode(data) == encode(data)


def test_parser_takes_every_sound_frame(core):
    parser = HostParser(core)

    @settings(max_examples=60)
    @given(st.integers(0, 255), st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=1024))
    def check(kind, sequence, session, payload):
        frame = Frame(kind, sequence, session, payload)
        assert parser.feed(encode(frame.to_bytes())) == [frame]

    check()


def test_parser_takes_the_longest_frame_and_its_longest_runs(core):
    for byte in (b"\0", b"\1"):
        frame = Frame(3, 0, 1, byte * protocol.MAX_PAYLOAD_BYTES)
        assert HostParser(core).feed(encode(frame.to_bytes())) == [frame]


@pytest.mark.parametrize(
    ("damaged", "status"),
    [
        pytest.param(encode(RAW[:-1] + bytes([RAW[-1] ^ 1])), "E_CRC", id="bad CRC"),
        pytest.param(encode(bytes([RAW[0], RAW[1] ^ 0x10]) + RAW[2:]), "E_CRC", id="flipped bit"),
        pytest.param(encode(RAW[:-1]), "E_CRC", id="truncated before encoding"),
        pytest.param(encode(RAW)[:9] + b"\0", "E_COBS", id="truncated on the line"),
        pytest.param(encode(Frame(4, 0, 1, b"\1" * 60).to_bytes())[:-9] + b"\0", "E_COBS", id="last run cut short"),
        pytest.param(encode(RAW[:11]), "E_COBS", id="too short"),
        pytest.param(encode(bytes(1037)), "E_COBS", id="one byte too long"),
        pytest.param(b"\1" * 5000 + b"\0", "E_COBS", id="far too long"),
        pytest.param(encode(seal(b"\2" + RAW[1:-4])), "E_HEADER", id="other version"),
        pytest.param(encode(seal(RAW[:6] + b"\x01\x00" + RAW[8:-4])), "E_HEADER", id="length too small"),
        pytest.param(encode(seal(RAW[:6] + b"\xff\xff" + RAW[8:-4])), "E_HEADER", id="length too large"),
    ],
)
def test_parser_refuses_and_takes_the_next_frame(core, damaged, status):
    assert HostParser(core).feed(damaged + encode(RAW)) == [status, FRAME]


def test_parser_passes_over_delimiters(core):
    assert HostParser(core).feed(b"\0\0\0" + encode(RAW) + b"\0\0" + encode(RAW)) == [FRAME, FRAME]


def test_parser_agrees_with_python_on_noise(core):
    @settings(max_examples=60)
    @given(st.binary(max_size=400))
    def check(noise):
        parser = HostParser(core)
        # Whatever the noise left behind ends at the next delimiter.
        found = parser.feed(noise + b"\0" + encode(RAW))
        assert found[-1] == FRAME
        assert all(isinstance(item, str) for item in found[:-1])

    check()
