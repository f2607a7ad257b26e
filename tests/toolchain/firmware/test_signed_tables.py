"""An image with a public key takes signed tables only; any other image is as before."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from designs import generate_small
from tuned_tables import noise, retuned

from designer import protocol
from designer.board.session import Board
from designer.board.tune import tables_of, upload
from designer.errors import HilError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.compiler import build_host_library, public_key_flag
from hil_tests.harness.host_core import HostCore, HostTransport

OWNER, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)) for n in (1, 2))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    directory = tmp_path_factory.mktemp("signed")
    layout, bank, digest = generate_small("q15", directory / "generated")
    flag = public_key_flag(OWNER.public_key().public_bytes_raw())
    cores = [
        HostCore(build_host_library(directory / "generated", directory / f"{name}.so", flags))
        for name, flags in (("signed", (flag,)), ("plain", ()))
    ]
    return layout, bank, digest, *cores


@pytest.fixture
def board(built):
    return Board(HostTransport(built[3]))


def sends(board, tables, *more):
    for message, payload in (
        (protocol.TUNE_BEGIN, tables.begin),
        (protocol.TUNE_DATA, struct.pack("<I", 0) + tables.tables),
        *more,
    ):
        board.link.request(message, payload)


def signed(key, tables):
    signature = key.sign(protocol.SIGNATURE_CONTEXT + tables.begin + tables.tables)
    return protocol.TUNE_SIGN, protocol.TUNE_SIGN.payload.pack(signature=signature)


def plays_on(board, built):
    assert tables_of(board.link).digest == built[2]
    np.testing.assert_array_equal(board.process(noise("q15", 200)), PipelineModel(built[1]).process(noise("q15", 200)))


def test_the_owner_s_tables_are_taken(board, built):
    _, tables = retuned(built[0], built[1])
    upload(board.link, tables, OWNER.sign)
    assert tables_of(board.link).digest == tables.digest


def test_unsigned_tables_are_refused_and_the_old_ones_play_on(board, built):
    with pytest.raises(HilError, match="E_SIGNATURE"):
        upload(board.link, retuned(built[0], built[1])[1])
    plays_on(board, built)


def test_the_signature_of_a_stranger_is_refused(board, built):
    _, tables = retuned(built[0], built[1])
    with pytest.raises(HilError, match="E_SIGNATURE"):
        upload(board.link, tables, STRANGER.sign)
    with pytest.raises(HilError, match="E_INCOMPLETE"):  # the transfer has ended
        board.link.request(protocol.TUNE_APPLY)
    plays_on(board, built)


def test_a_signature_is_good_for_its_tables_only(board, built):
    _, tables = retuned(built[0], built[1])
    other = replace(tables, tables=bytes([tables.tables[0] ^ 1]) + tables.tables[1:])
    with pytest.raises(HilError, match="E_SIGNATURE"):
        sends(board, other, signed(OWNER, tables))
    begin = tables.begin[:4] + b"\x55" + tables.begin[5:]  # of another digest
    with pytest.raises(HilError, match="E_SIGNATURE"):
        sends(board, replace(tables, begin=begin), signed(OWNER, tables))
    plays_on(board, built)


def test_the_signature_of_something_else_is_refused(board, built):
    _, tables = retuned(built[0], built[1])
    bare = OWNER.sign(tables.begin + tables.tables)  # without the context
    with pytest.raises(HilError, match="E_SIGNATURE"):
        sends(board, tables, (protocol.TUNE_SIGN, bare))


def test_a_new_announcement_forgets_the_signature(board, built):
    _, tables = retuned(built[0], built[1])
    sends(board, tables, signed(OWNER, tables))
    sends(board, tables)
    with pytest.raises(HilError, match="E_SIGNATURE"):
        board.link.request(protocol.TUNE_APPLY)
    plays_on(board, built)


def test_a_signature_ahead_of_the_last_byte_is_incomplete(board, built):
    _, tables = retuned(built[0], built[1])
    board.link.request(protocol.TUNE_BEGIN, tables.begin)
    with pytest.raises(HilError, match="E_INCOMPLETE"):
        board.link.request(*signed(OWNER, tables))
    with pytest.raises(HilError, match="E_LENGTH"):
        board.link.request(protocol.TUNE_SIGN, bytes(63))


def test_an_image_without_a_key_needs_no_signature_and_says_so(built):
    board = Board(HostTransport(built[4]))
    _, tables = retuned(built[0], built[1])
    with pytest.raises(HilError, match="E_NO_KEY"):
        upload(board.link, tables, OWNER.sign)
    upload(board.link, tables)
    assert tables_of(board.link).digest == tables.digest
