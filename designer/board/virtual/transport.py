"""A line to a virtual board in this process: the board runs while the host waits for it."""

from __future__ import annotations

from designer.board.virtual.chips import ExecutedBoard
from designer.board.virtual.events import SECOND

# After its first byte the board goes on for so long, or until it is silent for one such stretch.
_QUIET = SECOND // 10000
# How long a board may take to listen: a crystal that is dead costs 0.15 s.
_START = SECOND // 2


class VirtualTransport:
    """What `designer.board.link` needs of a line, for a board in this process.

    Time-outs are in the board's own time, so that a busy host changes nothing.

    Parameters
    ----------
    board : ExecutedBoard
    """

    def __init__(self, board: ExecutedBoard) -> None:
        self.board = board
        # What is sent to a board that is starting is lost, and a host would try again after 0.1 s.
        board.machine.run(_START, lambda: board.usart.is_listening)

    def write(self, data: bytes) -> None:
        """Put bytes on the line."""
        self.board.usart.feed(data)

    def read(self, timeout_s: float) -> bytes:
        """Run the board until it sends, at most `timeout_s` of its time; give what it has sent."""
        usart, machine = self.board.usart, self.board.machine
        machine.run(round(timeout_s * SECOND), lambda: usart.sent_bytes > 0)
        size = 0
        while usart.sent_bytes > size:
            size = usart.sent_bytes
            machine.run(_QUIET)
        return usart.take_sent()

    def wait(self, seconds: float) -> None:
        """Run the board for so long of its own time."""
        self.board.machine.run(round(seconds * SECOND))

    def close(self) -> None:
        """Leave the board as it stands."""
