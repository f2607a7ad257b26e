"""The lines to a board: neither side can make the other wait for ever, and no byte changes its place."""

import os
import threading
import tty

import pytest

from designer.board.transport import PipeTransport, SerialTransport
from designer.errors import HilError

# More than a terminal's or a pipe's buffers hold.
AMOUNT = 1 << 20


def pattern(seed):
    return bytes((seed + 7 * n) % 251 for n in range(AMOUNT))


def write_all(handle, data):
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest[:4096]) :]


def talkative(to_host, from_host, said, heard):
    """Say everything before listening at all."""
    write_all(to_host, said)
    while len(heard) < AMOUNT:
        heard += os.read(from_host, 1 << 16)


def drain(transport):
    found = b""
    while len(found) < AMOUNT and (part := transport.read(5.0)):
        found += part
    return found


def exchange(transport, to_host, from_host):
    heard = bytearray()
    board = threading.Thread(target=talkative, args=(to_host, from_host, pattern(1), heard), daemon=True)
    board.start()
    transport.write(pattern(2))
    assert drain(transport) == pattern(1)
    board.join(10)
    assert bytes(heard) == pattern(2)


@pytest.fixture
def terminal():
    master, slave = os.openpty()
    tty.setraw(slave)
    transport = SerialTransport(os.ttyname(slave))
    yield transport, master
    transport.close()
    os.close(master)
    os.close(slave)


def test_a_board_that_talks_first_is_heard_while_it_is_written_to(terminal):
    transport, master = terminal
    exchange(transport, master, master)


def test_the_same_over_semihosting(tmp_path):
    transport = PipeTransport(tmp_path)
    to_board, from_board = (os.open(tmp_path / name, os.O_RDWR) for name in ("to_board", "from_board"))
    exchange(transport, from_board, to_board)
    transport.close()
    os.close(to_board)
    os.close(from_board)


def test_a_board_that_takes_nothing_is_said_in_bounded_time(terminal, monkeypatch):
    monkeypatch.setattr("designer.board.transport.WRITE_TIMEOUT_S", 0.05)
    transport, _ = terminal
    with pytest.raises(HilError, match="not writable: the board takes nothing"):
        transport.write(pattern(0))


def test_a_port_that_went_away_is_said(terminal):
    transport, _ = terminal
    transport.close()
    with pytest.raises(HilError, match="not writable"):
        transport.write(b"x")
