"""A serial port by network: both kinds of URL carry every byte, and neither end makes the other wait for ever."""

import os
import threading
import tty

import pytest

from designer.board.choice import choose_board
from designer.board.line_server import LineServer
from designer.board.transport import SerialTransport
from designer.errors import BoardNotFoundError, HilError

# Far more than a pseudo terminal keeps (4 KiB).
AMOUNT = 1 << 16


def pattern(seed):
    """Every value of a byte, also 0xFF, which Telnet escapes."""
    return bytes((seed + 7 * n) % 256 for n in range(AMOUNT))


@pytest.fixture
def terminal():
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture(params=["rfc2217", "socket"])
def server(request, terminal):
    with LineServer(f"{request.param}://127.0.0.1:0", terminal[1]) as running:
        yield running


def read_all(transport, amount):
    found = b""
    while len(found) < amount and (part := transport.read(10.0)):
        found += part
    return found


def read_until_lost(transport):
    while True:
        transport.read(1.0)


def test_both_directions_at_once_without_a_wait_for_each_other(server, terminal):
    master, heard = terminal[0], bytearray()

    def board():
        rest = memoryview(pattern(1))
        while rest:  # says all before it listens
            rest = rest[os.write(master, rest[:4096]) :]
        while len(heard) < AMOUNT:
            heard.extend(os.read(master, 1 << 16))

    transport = SerialTransport(server.url)
    thread = threading.Thread(target=board, daemon=True)
    thread.start()
    transport.write(pattern(2))
    assert read_all(transport, AMOUNT) == pattern(1)
    thread.join(60)
    assert bytes(heard) == pattern(2)
    assert transport.read(0.01) == b""
    transport.close()


def test_one_client_follows_another(server, terminal):
    for word in (b"first", b"second"):
        transport = SerialTransport(server.url)
        transport.write(word)
        assert os.read(terminal[0], 100) == word
        transport.close()


def test_a_board_that_goes_away_is_an_error(server, terminal):
    transport = SerialTransport(server.url)
    server.close()
    with pytest.raises(HilError, match=r"serial port '(rfc2217|socket)://127.* lost"):
        read_until_lost(transport)
    transport.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("telnet://localhost:1", "allowed are rfc2217://HOST:PORT and socket://HOST:PORT"),
        ("rfc2217://localhost", "allowed are"),
        ("rfc2217://localhost:http", "Port could not be cast"),
        ("socket://localhost:99999", "Port out of range"),
        ("socket://192.0.2.1:7", "choose another port"),
    ],
)
def test_a_wrong_address_to_listen_at_is_refused(url, message):
    with pytest.raises(BoardNotFoundError, match=message):
        LineServer(url, "/dev/null")


@pytest.mark.parametrize(
    ("port", "message"),
    [
        ("/dev/ttyNONE", "There is no such port: 'proscenium doctor' lists"),
        ("rfc2217://127.0.0.1:9", "Nothing listens there"),
        ("socket://127.0.0.1:9", "Nothing listens there"),
        ("rfc2217://127.0.0.1", "cannot be opened"),
        ("hwgrep://no such port", "No port of this machine fits the text"),
        ("hwgrep://(", "No port of this machine fits the text"),
        ("spy:///dev/null?file=out", "unknown scheme 'spy'; allowed are a device, rfc2217://, socket://, hwgrep://"),
    ],
)
def test_a_port_that_cannot_be_opened_has_its_remedy(port, message):
    with pytest.raises(BoardNotFoundError, match=f"serial port '.*{message}"):
        SerialTransport(port)


def test_a_port_in_use_is_told_from_one_that_is_missing(terminal):
    first = SerialTransport(terminal[1])
    with pytest.raises(BoardNotFoundError, match="Another program uses it: end that program"):
        SerialTransport(terminal[1])
    first.close()


def test_a_port_without_permission_names_the_group(monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied", "/dev/ttyACM0")

    monkeypatch.setattr("serial.serial_for_url", refuse)
    with pytest.raises(BoardNotFoundError, match="join its group \\(sudo adduser \\$USER dialout\\)"):
        SerialTransport("/dev/ttyACM0")


def test_hwgrep_finds_a_port_by_its_description(terminal, monkeypatch):
    monkeypatch.setattr("serial.tools.list_ports.grep", lambda text: iter([(terminal[1], "ST-Link", "USB")]))
    transport = SerialTransport("hwgrep://ST-Link")
    transport.write(b"word")
    assert os.read(terminal[0], 100) == b"word"
    transport.close()


def test_a_url_names_a_real_board_and_its_files():
    chosen = choose_board("rfc2217://lab.example:4000")
    assert chosen.is_real
    assert chosen.port == "rfc2217://lab.example:4000"
    assert chosen.suffix == "-rfc2217-lab.example-4000"
    assert choose_board("/dev/ttyACM0").suffix == "-ttyACM0"
