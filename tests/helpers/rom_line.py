"""The serial line of an executed board, as the client of the bootloader in its ROM wants it."""

from designer import protocol
from designer.board.session import Board
from designer.board.virtual.transport import VirtualTransport


class InProcessPort:
    """A serial port of pyserial's kind to a board in this process."""

    def __init__(self, board):
        self.line, self.timeout, self.early = VirtualTransport(board), 1.0, b""

    def write(self, data):
        self.line.write(data)

    def read(self, size=1):
        if len(self.early) < size:
            self.early += self.line.read(0.001)
        taken, self.early = self.early[:size], self.early[size:]
        return taken


def ask(board, magic=protocol.ENTER_BOOTLOADER_MAGIC, digest=None):
    """Request that the running image enters the bootloader; give the payload of the reply."""
    opened = Board(VirtualTransport(board))
    payload = protocol.ENTER_BOOTLOADER.payload.pack(magic=magic, digest=digest or bytes.fromhex(opened.info.digest))
    return opened.link.request(protocol.ENTER_BOOTLOADER, payload)
