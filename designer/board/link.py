"""The host's end of the serial protocol: requests in order, credits, and go-back-N where a frame is lost.

`designer.protocol` describes how the two ends work together.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from cobs import cobs

from designer import protocol
from designer.board.transport import Transport
from designer.errors import BoardNotFoundError, HilError
from designer.protocol import Frame, Message, ProtocolVersionError

REPLY_TIMEOUT_S = 2.0
ATTEMPTS = 10
# A starting board does not listen yet: 10 s in all.
HELLO_TIMEOUT_S = 0.1
HELLO_ATTEMPTS = 100
# Pause after a repeated complaint about one request: it may be older than the last resending.
RETRY_S = 0.1
_FLUSH = bytes([protocol.DELIMITER])
# What the host's arithmetic relies on.  Other fields may have any value.
_ALLOWED_IN_HELLO = {
    "credits": (1, 255),
    "drivers": (1, 16),
    "inputs": (1, 16),
    "block_samples": (1, 0xFFFF),
    "max_payload_bytes": (64, protocol.MAX_PAYLOAD_BYTES),
    "sample_rate_hz": (1, 1_000_000),
}


@dataclass
class LinkCounters:
    """Faults of the line that the host noticed."""

    bad_replies: int = 0
    resends: int = 0
    naks: int = 0
    timeouts: int = 0


@dataclass
class _Conversation:
    """Requests that are sent but not answered, the oldest first."""

    timeout_s: float
    attempts_allowed: int
    pending: deque[tuple[int, bytes, Message]] = field(default_factory=deque)
    replies: list[bytes] = field(default_factory=list)
    failure: HilError | None = None
    attempts: int = 0
    recovering: int | None = None
    alone: bool = False
    deadline: float = 0.0

    def extend(self) -> None:
        """Restart the time-out of the oldest unanswered request."""
        self.deadline = time.monotonic() + self.timeout_s


class Link:
    """A session with a board.

    Parameters
    ----------
    transport : Transport
        The line; `change_line` puts another in its place.
    reply_timeout_s : float
        How long the oldest unanswered request may wait before it is sent again.

    Attributes
    ----------
    reply_timeout_s : float
        As above; may be changed between requests.
    session : int
        Number of the session, 1 to 65535; 0 before `hello`.
    sequence : int
        Number of the next request, 0 to 65535.
    counters : LinkCounters
        What went wrong since `hello`.
    """

    def __init__(self, transport: Transport, reply_timeout_s: float = REPLY_TIMEOUT_S) -> None:
        self._transport = transport
        self._former: list[Transport] = []
        self.reply_timeout_s = reply_timeout_s
        self._credits = 1
        self.session = 0
        self.sequence = 0
        self._received = bytearray()
        self.counters = LinkCounters()

    @property
    def transport(self) -> Transport:
        """The line in use."""
        return self._transport

    def wait(self, seconds: float) -> None:
        """Let the board go on for so long; a board whose time stands between requests runs meanwhile."""
        self._transport.wait(seconds)

    def hello(self, first_sequence: int = 0) -> dict[str, int | bytes | str]:
        """Open a new session and return the fields of HELLO_REPLY.

        Parameters
        ----------
        first_sequence : int
            Number of the first request, 0 to 65535; the board follows.

        Raises
        ------
        BoardNotFoundError
            If nothing answers.
        HilError
            If the board speaks another version of the protocol.
        """
        self.session = 1 + secrets.randbelow(0xFFFF)
        self.sequence = first_sequence
        self._credits = 1
        # Ends a frame that an earlier host left half-sent.
        self._transport.write(_FLUSH)
        (payload,) = self._run([(protocol.HELLO, b"")], _Conversation(HELLO_TIMEOUT_S, HELLO_ATTEMPTS))
        fields = unpack_reply(protocol.HELLO_REPLY, payload)
        check_fields("HELLO_REPLY", fields, _ALLOWED_IN_HELLO)
        self._credits = int(fields["credits"])
        self.counters = LinkCounters()
        return fields

    def request(self, message: Message, payload: bytes = b"") -> bytes:
        """Send one request and return its reply's payload.

        Raises
        ------
        HilError
            If the board refuses it, or does not answer.
        """
        (reply,) = self.request_all(message, [payload])
        return reply

    def fields(self, message: Message, reply: Message, payload: bytes = b"") -> dict[str, int | bytes | str]:
        """Send one request and return the fields of its reply.

        Raises
        ------
        HilError
            If the board refuses it, does not answer, or its reply has another size.
        """
        return unpack_reply(reply, self.request(message, payload))

    def request_all(self, message: Message, payloads: Iterable[bytes]) -> list[bytes]:
        """Send many requests; the board's credits bound the number of unanswered ones.

        Raises
        ------
        HilError
            If the board refuses one: the session goes on.  If it does not answer: a new `hello` is needed.
        """
        return self._run(((message, payload) for payload in payloads), _Conversation(self.reply_timeout_s, ATTEMPTS))

    def change_line(self, transport: Transport) -> None:
        """Continue the session over another line to the same board."""
        self._former.append(self._transport)
        self._transport = transport
        self._received.clear()

    def change_back(self) -> None:
        """Close the line and continue over the previous one."""
        self._transport.close()
        self._transport = self._former.pop()
        self._received.clear()

    def close(self) -> None:
        """Close the line and all previous ones."""
        self._transport.close()
        for transport in self._former:
            transport.close()

    def _run(self, requests: Iterable[tuple[Message, bytes]], talk: _Conversation) -> list[bytes]:
        waiting = iter(requests)
        talk.extend()
        self._send_more(talk, waiting)
        while talk.pending:
            frame = self._next_frame(talk)
            unanswered = len(talk.pending)
            if frame is not None:
                self._take(talk, frame)
            if len(talk.pending) < unanswered:
                self._send_more(talk, waiting)
            # Frames that are not due do not put off the deadline.  A board that never stops sending them would
            # otherwise keep the host for ever.
            elif time.monotonic() >= talk.deadline:
                self.counters.timeouts += 1
                self._go_back(talk)
        if talk.failure is not None:
            raise talk.failure
        return talk.replies

    def _send_more(self, talk: _Conversation, waiting: Iterator[tuple[Message, bytes]]) -> None:
        while len(talk.pending) < self._credits and talk.failure is None:
            item = next(waiting, None)
            if item is None:
                return
            message, payload = item
            frame = Frame(message.code, self.sequence, self.session, payload)
            encoded = cobs.encode(frame.to_bytes()) + _FLUSH
            talk.pending.append((self.sequence, encoded, message))
            self.sequence = (self.sequence + 1) & 0xFFFF
            self._transport.write(encoded)

    def _take(self, talk: _Conversation, frame: Frame) -> None:
        if frame.session != self.session:
            return
        if frame.type == protocol.NAK.code:
            self._take_nak(talk, frame)
            return
        oldest, _, message = talk.pending[0]
        if frame.sequence == oldest:
            talk.pending.popleft()
            talk.attempts = 0
            talk.extend()
            if talk.alone:
                talk.alone = False
                self._send_again(talk.pending)
            if frame.type == protocol.ERROR_REPLY.code:
                talk.failure = talk.failure or _refusal(message, frame)
            elif frame.type != message.code | protocol.REPLY_BIT:
                talk.failure = HilError(f"{message.name}: answered by a frame of type 0x{frame.type:02X}")
            else:
                talk.replies.append(frame.payload)
        elif any(frame.sequence == sequence for sequence, _, _ in talk.pending):
            self._recover(talk)  # the expected reply was lost
        # Anything else is a second reply to a request that was sent twice.

    def _take_nak(self, talk: _Conversation, frame: Frame) -> None:
        self.counters.naks += 1
        status = int(unpack_reply(protocol.NAK, frame.payload)["status"])
        if status == protocol.STATUS_CODES["E_SESSION"][0]:
            raise HilError("the board has no such session: it was restarted, or another host has opened its own")
        self._recover(talk)

    def _recover(self, talk: _Conversation) -> None:
        """Send again: at once after the first complaint about a request, later only after a pause.

        One fault can cause several complaints.  If each led to a resending of the whole window, the resending could
        cause more faults than it repairs.
        """
        if not talk.pending:
            return
        oldest = talk.pending[0][0]
        if talk.recovering != oldest:
            talk.recovering = oldest
            self._go_back(talk)
        else:
            talk.deadline = min(talk.deadline, time.monotonic() + RETRY_S)

    def _go_back(self, talk: _Conversation) -> None:
        talk.attempts += 1
        if talk.attempts > talk.attempts_allowed:
            _, _, message = talk.pending[0]
            kind = BoardNotFoundError if message is protocol.HELLO else HilError
            raise kind(
                f"{message.name}: no reply after {talk.attempts_allowed} attempts of {talk.timeout_s:g} s: is this the "
                "board's port, is it powered, and does it run an image of this project?"
            )
        # Faults at regular intervals could hit the same request of the window each time.  From the second attempt on,
        # the oldest request therefore goes alone; the others follow its reply.
        talk.alone = talk.attempts > 1
        self._send_again([talk.pending[0]] if talk.alone else talk.pending)
        talk.extend()

    def _send_again(self, requests: Iterable[tuple[int, bytes, Message]]) -> None:
        for _, encoded, _ in requests:
            self.counters.resends += 1
            self._transport.write(encoded)

    def _next_frame(self, talk: _Conversation) -> Frame | None:
        """Wait for the next whole frame; None at the deadline, or if the frame is broken."""
        late = False
        while (end := self._received.find(protocol.DELIMITER)) < 0:
            if late:
                return None
            remaining = talk.deadline - time.monotonic()
            # On a busy machine this program may run late: after the deadline the line is read once more.
            late = remaining <= 0
            self._received += self._transport.read(max(remaining, 0.0))
            # A line without delimiters must not fill the memory.
            if len(self._received) > 4 * protocol.MAX_ENCODED_BYTES and protocol.DELIMITER not in self._received:
                self._received.clear()
        encoded = bytes(self._received[:end])
        del self._received[: end + 1]
        if not encoded:
            return None
        try:
            return Frame.from_bytes(cobs.decode(encoded))
        except ProtocolVersionError as error:
            raise HilError(f"the board speaks {error}: flash it again") from error
        except (ValueError, cobs.DecodeError):
            self.counters.bad_replies += 1
            self._recover(talk)
            return None


def unpack_reply(message: Message, payload: bytes) -> dict[str, int | bytes | str]:
    """Read the fields of a reply.

    Raises
    ------
    HilError
        If the reply has another size.
    """
    try:
        return message.payload.unpack(payload)
    except ValueError as error:
        raise HilError(f"{message.name}: {error}: the board runs another version of the firmware: flash it") from error


def check_fields(name: str, fields: Mapping[str, int | bytes | str], allowed: Mapping[str, tuple[int, int]]) -> None:
    """Refuse fields outside their ranges, which later arithmetic relies on.

    Raises
    ------
    HilError
        For the first such field, with the range.
    """
    for key, (least, most) in allowed.items():
        value = int(fields[key])
        if not least <= value <= most:
            raise HilError(
                f"{name}: field '{key}' is {value}, allowed are {least} to {most}: the board's firmware is "
                "damaged or of another project: flash it"
            )


def _refusal(message: Message, frame: Frame) -> HilError:
    status = int(unpack_reply(protocol.ERROR_REPLY, frame.payload)["status"])
    name = protocol.STATUS_NAMES.get(status, str(status))
    meaning = protocol.STATUS_CODES.get(name, (status, "unknown status"))[1]
    return HilError(f"{message.name}: the board refuses: {name}, {meaning}")
