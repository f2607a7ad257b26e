"""Signed tables on the executed image: tuned, kept in flash, and nothing else is let in."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from designer import protocol
from designer.board.session import Board
from designer.board.tune import commit, tables_of, tune_board
from designer.board.virtual.stm32f405 import Stm32f405
from designer.board.virtual.transport import VirtualTransport
from designer.errors import HilError
from designer.toolchain.compiler import build_image
from designer.toolchain.stack import sizes_of

OWNER = Ed25519PrivateKey.from_private_bytes(bytes([7] * 32))
# Measured: 5.0 million.  A verification must be over long before the watchdog's 1.4 s, which are 235 million cycles.
MOST_INSTRUCTIONS = 20_000_000


@pytest.fixture(scope="module")
def signed(small, tmp_path_factory):
    key = OWNER.public_key().public_bytes_raw()
    out = tmp_path_factory.mktemp("signed") / "firmware.elf"
    return build_image(small.elf.parent / "generated", "virtual", out, key)


def test_a_signed_tune_plays_and_is_kept_over_a_power_cycle(signed, small, tables):
    board = Stm32f405(signed.elf)
    opened = Board(VirtualTransport(board))
    with pytest.raises(HilError, match="E_SIGNATURE"):
        tune_board(opened, tables[0])
    assert tables_of(opened.link).digest == small.digest
    tune_board(opened, tables[0], OWNER.sign)
    commit(opened.link)
    board.power_on()
    assert tables_of(Board(VirtualTransport(board)).link).digest == tables[0].digest


def test_a_verification_leaves_the_audio_and_the_watchdog_alone(signed, small, tables):
    board = Stm32f405(signed.elf)
    opened = Board(VirtualTransport(board))
    board.run(0.1)
    before = opened.health()
    opened.link.request(protocol.TUNE_BEGIN, tables[0].begin)
    for n in range(0, len(tables[0].tables), 1000):
        portion = n.to_bytes(4, "little") + tables[0].tables[n : n + 1000]
        opened.link.request(protocol.TUNE_DATA, portion)
    opened.link.request(protocol.TUNE_SIGN, OWNER.sign(protocol.SIGNATURE_CONTEXT + tables[0].begin + tables[0].tables))
    after = opened.health()
    assert after["blocks"] > before["blocks"]
    assert after["deadline_misses"] == before["deadline_misses"]
    assert after["player"] == "PLAYING"


def test_the_instructions_of_a_verification(signed, tables, record_property):
    board = Stm32f405(signed.elf)
    opened = Board(VirtualTransport(board))
    opened.start()  # takes the pipeline from the player, so that only the line's work is left
    opened.link.request(protocol.TUNE_BEGIN, tables[0].begin)
    for n in range(0, len(tables[0].tables), 1000):
        opened.link.request(protocol.TUNE_DATA, n.to_bytes(4, "little") + tables[0].tables[n : n + 1000])
    signature = OWNER.sign(protocol.SIGNATURE_CONTEXT + tables[0].begin + tables[0].tables)
    before = board.machine.cpu.counter.executed
    opened.link.request(protocol.TUNE_SIGN, signature)
    count = board.machine.cpu.counter.executed - before
    record_property("instructions", count)
    assert count < MOST_INSTRUCTIONS


def test_the_line_does_not_lead_into_the_bootloader(signed, small):
    board = Stm32f405(signed.elf)
    opened = Board(VirtualTransport(board))
    payload = protocol.ENTER_BOOTLOADER.payload.pack(
        magic=protocol.ENTER_BOOTLOADER_MAGIC, digest=bytes.fromhex(small.digest)
    )
    with pytest.raises(HilError, match="E_SIGNATURE"):
        opened.link.request(protocol.ENTER_BOOTLOADER, payload)
    board.run(0.02)
    assert board.usart.listener is None


def test_the_stack_of_a_verification_has_a_bound(signed):
    sizes = sizes_of(signed)
    assert 0 < sizes["stack_bound_bytes"] <= sizes["stack_reserved_bytes"]


def test_the_key_costs_an_image_without_one_nothing(signed, small):
    plain = small.elf.read_bytes()
    assert b"proscenium tables 1" not in plain
    assert signed.flash_bytes > 0
