"""The serial protocol, once: this table renders the firmware's ``protocol.h`` and drives the Python client.

A frame is header, payload and CRC-32 (IEEE 802.3, as ``zlib.crc32``), all little-endian, COBS-encoded and closed
by one zero byte.  The host numbers its requests; the board handles them strictly in order and answers each with
exactly one reply of the same sequence number.  The host may have `credits` requests unanswered.  The board keeps
its last `credits` replies: a request that comes twice is answered from there and never handled twice.  A NAK names
the sequence number that the board expects next; the host goes back to its oldest unanswered request (go-back-N).

A session starts with a HELLO that carries a new, non-zero session number; whatever carries another is refused.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

PROTOCOL_VERSION = 1
DELIMITER = 0
CREDITS = 4
MAX_PAYLOAD_BYTES = 1024
BAUD_RATE = 921600
NAME_BYTES = 32

_STRUCT_CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "u64": "Q"}
_SIZES = {"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u32": 4, "u64": 8}


@dataclass(frozen=True)
class Field:
    """One field of a payload: its name, its type (an integer, ``bytes`` or zero-padded ``text``) and its meaning."""

    name: str
    kind: str
    meaning: str
    length: int = 1

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return _SIZES.get(self.kind, 1) * self.length

    @property
    def struct_code(self) -> str:
        """The field as `struct` spells it."""
        return _STRUCT_CODES.get(self.kind) or f"{self.length}s"


@dataclass(frozen=True)
class Payload:
    """An ordered set of fields, with no padding between them."""

    fields: tuple[Field, ...] = ()
    offsets: dict[str, int] = field(init=False, default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        offset = 0
        for item in self.fields:
            self.offsets[item.name] = offset
            offset += item.size

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return sum(item.size for item in self.fields)

    def pack(self, **values: int | bytes | str) -> bytes:
        """Lay out one value for every field.

        Raises
        ------
        KeyError, struct.error
            If a value is missing or does not fit its field.
        """
        parts = []
        for item in self.fields:
            value = values[item.name]
            parts.append(value.encode("ascii") if isinstance(value, str) else value)
        return struct.pack("<" + "".join(item.struct_code for item in self.fields), *parts)

    def unpack(self, payload: bytes) -> dict[str, int | bytes | str]:
        """Read every field.

        Raises
        ------
        ValueError
            If the payload's size is not that of the fields.
        """
        if len(payload) != self.size:
            raise ValueError(f"payload of {len(payload)} bytes, expected {self.size}")
        raw = struct.unpack("<" + "".join(item.struct_code for item in self.fields), payload)
        return {
            item.name: value.rstrip(b"\0").decode("ascii", "replace") if item.kind == "text" else value
            for item, value in zip(self.fields, raw, strict=True)
        }


@dataclass(frozen=True)
class Message:
    """A type of frame; samples may follow the fields where `carries_samples` says so."""

    name: str
    code: int
    payload: Payload
    meaning: str
    carries_samples: bool = False


REPLY_BIT = 0x80

HEADER = Payload(
    (
        Field("version", "u8", "protocol version"),
        Field("type", "u8", "message type"),
        Field("sequence", "u16", "number of the request; its reply repeats it"),
        Field("session", "u16", "chosen by the host in HELLO, never 0"),
        Field("length", "u16", "bytes of payload"),
    )
)
CRC_BYTES = 4
OVERHEAD_BYTES = HEADER.size + CRC_BYTES
MAX_FRAME_BYTES = MAX_PAYLOAD_BYTES + OVERHEAD_BYTES
# COBS adds one byte for every 254 begun, and the delimiter closes the frame.
MAX_ENCODED_BYTES = MAX_FRAME_BYTES + MAX_FRAME_BYTES // 254 + 2

HELLO = Message("HELLO", 0x01, Payload(), "opens a session")
START = Message(
    "START",
    0x02,
    Payload((Field("entry", "u8", "where the samples enter, see ENTRY"),)),
    "clears every filter, the upmix and the limiters, chooses the entry; full volume and the design's limits",
)
AUDIO = Message("AUDIO", 0x03, Payload(), "interleaved samples in", carries_samples=True)
STATUS = Message("STATUS", 0x04, Payload(), "asks for counters and timing")
PROFILE = Message(
    "PROFILE",
    0x05,
    Payload((Field("entry", "u8", "see ENTRY"), Field("blocks", "u8", "full blocks to run, at least 1"))),
    "times full blocks of a test pattern; the next AUDIO needs a START before it",
)
GENERATE = Message(
    "GENERATE",
    0x10,
    Payload(
        (
            Field("signal", "u8", "see SIGNAL"),
            Field("attenuation", "u8", "right shift of every sample, 0 to 15"),
            Field("blocks", "u16", "full blocks to run, at least 1"),
            Field("blocks_per_crc", "u16", "at least 1; 256 CRCs at most fit in a reply"),
            Field("reserved", "u16", "0"),
            Field("seed", "u32", ""),
            Field("position", "u32", "number of the signal's first frame to play"),
        )
    ),
    "plays a test signal that the board makes itself through the pipeline, and answers with CRCs of the outputs",
)
TAP = Message(
    "TAP",
    0x11,
    Payload(
        (
            Field("stage", "u8", "see STAGE"),
            Field("index", "u8", "channel of the stage"),
            Field("first", "u16", "first frame of the block to read"),
        )
    ),
    "asks for the last block at one stage of the pipeline",
)
FAST_LANE = Message(
    "FAST_LANE",
    0x12,
    Payload(),
    "virtual boards: the same frames from the file 'to_board' and to 'from_board', until that ends",
)

HELLO_REPLY = Message(
    "HELLO_REPLY",
    HELLO.code | REPLY_BIT,
    Payload(
        (
            Field("board_name", "text", "as in DESIGN.md, Boards", NAME_BYTES),
            Field("layout_name", "text", "name of the layout compiled in", NAME_BYTES),
            Field("digest", "bytes", "SHA-256 of the design compiled in", 32),
            Field("sample_rate_hz", "u32", ""),
            Field("block_samples", "u16", "samples that one run of the pipeline takes at most"),
            Field("max_payload_bytes", "u16", ""),
            Field("design_abi", "u16", "layout of the generated tables"),
            Field("arithmetic", "u8", "see ARITHMETIC_CODE"),
            Field("drivers", "u8", "channels of an AUDIO reply"),
            Field("inputs", "u8", "channels of AUDIO at the filter entry"),
            Field("credits", "u8", "requests that may be unanswered"),
            Field("clock_source", "u8", "see CLOCK"),
            Field("reserved", "u8", "0"),
            Field("reset_cause", "u8", "why the board started, see RESET"),
            Field("fault_exception", "u8", "number of the exception that ended the last run; 0: none"),
            Field("faults", "u16", "in a row; after three the board no longer plays"),
            Field("fault_pc", "u32", "where it happened; 0 where that is not known"),
            Field("fault_lr", "u32", "where that was called from"),
            Field("fault_status", "u32", "register CFSR"),
            Field("fault_address", "u32", "what was touched; 0 where that is not known"),
        )
    ),
    "who the board is and what it was built for",
)
START_REPLY = Message("START_REPLY", START.code | REPLY_BIT, Payload(), "state is clear")
AUDIO_REPLY = Message("AUDIO_REPLY", AUDIO.code | REPLY_BIT, Payload(), "interleaved driver channels", True)
STATUS_REPLY = Message(
    "STATUS_REPLY",
    STATUS.code | REPLY_BIT,
    Payload(
        (
            Field("uptime_ticks", "u64", "SysTick ticks since the start"),
            Field("tick_hz", "u32", "what the board takes SysTick's rate to be"),
            Field("blocks", "u32", "runs of the pipeline since the start"),
            Field("block_ticks_last", "u32", "SysTick ticks that the last full block took"),
            Field("block_ticks_max", "u32", "the most that one took since START"),
            Field("bad_cobs", "u32", "frames refused: broken COBS, too short or too long"),
            Field("bad_crc", "u32", "frames refused: CRC-32"),
            Field("bad_header", "u32", "frames refused: version or length"),
            Field("bad_session", "u32", "frames refused: session"),
            Field("bad_sequence", "u32", "frames refused: ahead of the expected sequence number"),
            Field("duplicates", "u32", "requests, HELLO aside, answered again from the kept replies"),
            Field("receive_overruns", "u32", "bytes lost in the receiver"),
            Field("clock_source", "u8", "see CLOCK"),
            Field("entry", "u8", "see ENTRY; 0 before the first START"),
            Field("reserved", "u16", "0"),
            Field(
                "limiter_gains",
                "bytes",
                "least gain that each driver has asked for since START or HEALTH, as in HEALTH_REPLY",
                64,
            ),
        )
    ),
    "counters and timing",
)
PROFILE_REPLY = Message(
    "PROFILE_REPLY",
    PROFILE.code | REPLY_BIT,
    Payload(
        (
            Field("ticks_min", "u32", "SysTick ticks of the quickest block"),
            Field("ticks_max", "u32", "SysTick ticks of the slowest block"),
            Field("ticks_total", "u64", "SysTick ticks of all blocks"),
            Field("block_samples", "u16", "samples of each block"),
            Field("blocks", "u16", "blocks run"),
        )
    ),
    "timing of the pipeline alone, nothing on the line meanwhile",
)
GENERATE_REPLY = Message(
    "GENERATE_REPLY",
    GENERATE.code | REPLY_BIT,
    Payload(),
    "a CRC-32 (u32) of the interleaved outputs of each `blocks_per_crc` blocks, the last of what is left",
)
TAP_REPLY = Message(
    "TAP_REPLY",
    TAP.code | REPLY_BIT,
    Payload(
        (
            Field("frames", "u16", "of the last block; 0 if none ran since START"),
            Field("first", "u16", "frame of the first value"),
            Field("blocks", "u32", "runs of the pipeline since the start"),
        )
    ),
    "as many values (64-bit two's complement) from the frame asked for on as there are and fit",
)
FAST_LANE_REPLY = Message("FAST_LANE_REPLY", FAST_LANE.code | REPLY_BIT, Payload(), "the lane opens")
PLAY = Message("PLAY", 0x20, Payload(), "gives the pipeline back to the board's own input, from silence")
PLAY_REPLY = Message("PLAY_REPLY", PLAY.code | REPLY_BIT, Payload(), "it plays, or has no input of its own")
SET_VOLUME = Message(
    "SET_VOLUME",
    0x22,
    Payload((Field("gain", "u32", "2^24 is full volume, and the most"),)),
    "moves the volume without a click; kept for the board's own playing until it is switched off",
)
SET_VOLUME_REPLY = Message("SET_VOLUME_REPLY", SET_VOLUME.code | REPLY_BIT, Payload(), "the volume is on its way")
SET_LIMITER = Message(
    "SET_LIMITER",
    0x23,
    Payload(
        (
            Field("driver", "u8", "whose limit it is"),
            Field("reserved", "bytes", "0", 3),
            Field("limit", "u32", "largest magnitude, 1 to what the design says"),
            Field(
                "release",
                "u32",
                "of all drivers, 2^15 to 2^31 - 1: 2^31 times the part of its way that a gain goes "
                "back each hop of 16 samples",
            ),
        )
    ),
    "lowers a driver's limit, or raises it up to the design's; from the next sample on that enters the limiter",
)
SET_LIMITER_REPLY = Message("SET_LIMITER_REPLY", SET_LIMITER.code | REPLY_BIT, Payload(), "it holds from now on")
HEALTH = Message("HEALTH", 0x21, Payload(), "asks how the board is; peaks and block_ticks_max start anew")
HEALTH_REPLY = Message(
    "HEALTH_REPLY",
    HEALTH.code | REPLY_BIT,
    Payload(
        (
            Field("uptime_ms", "u64", ""),
            Field("player", "u8", "see PLAYER"),
            Field("audio_clock", "u8", "see AUDIO_CLOCK"),
            Field("clock_source", "u8", "see CLOCK"),
            Field("temperature", "i8", "of the processor, degrees Celsius; -128 without a sensor"),
            Field("block_ticks_last", "u32", "ticks that the last block of the board's own input took"),
            Field("block_ticks_max", "u32", "the most that one took since the last HEALTH"),
            Field("block_ticks_budget", "u32", "ticks that a block lasts"),
            Field("blocks", "u32", "blocks of its own input played"),
            Field("deadline_misses", "u32", "blocks that were not ready in time"),
            Field("underruns", "u32", "turns with a sample missing at an output"),
            Field("overruns", "u32", "turns with an input sample lost, or unseen"),
            Field("peak_left", "u32", "largest magnitude of the input since the last HEALTH, full scale 2^B"),
            Field("peak_right", "u32", ""),
            Field("peaks", "bytes", "the same of each driver, u32 each; 0 where there is none", 64),
            Field("stack_free", "u32", "bytes of the stack that were never used"),
            Field("table_checks", "u32", "times that the tables in flash were found whole"),
            Field("volume", "u32", "gain that SET_VOLUME has set, 2^24 at the start"),
            Field(
                "limiter_gains",
                "bytes",
                "least gain that each driver has asked for since the last HEALTH, u32 each: "
                "2^24 where nothing passed its limit; 0 where there is none",
                64,
            ),
        )
    ),
    "what the board's own playing has come to",
)
TUNE_BEGIN = Message(
    "TUNE_BEGIN",
    0x30,
    Payload(
        (
            Field("digest", "bytes", "SHA-256 of the design that the tables are of", 32),
            Field("layout_hash", "u32", "must be the board's, see TABLES_REPLY"),
            Field("tables_bytes", "u32", "of all that follows in TUNE_DATA"),
            Field("firs", "u16", "entries of FIR"),
            Field("equalised", "u16", "must be the board's, see TABLES_REPLY"),
            Field("crc", "u32", "CRC-32 of the fields above, then of the tables"),
        )
    ),
    "announces tables to the bank that does not play",
)
TUNE_DATA = Message(
    "TUNE_DATA",
    0x31,
    Payload((Field("offset", "u32", "bytes that came before"),)),
    "the next bytes of the tables, behind the offset",
)
TUNE_APPLY = Message(
    "TUNE_APPLY",
    0x32,
    Payload(),
    "checks the tables whole; if they are proved, the output fades to them from the next block on",
)
TUNE_COMMIT = Message(
    "TUNE_COMMIT",
    0x33,
    Payload(),
    "keeps the tables that play in flash; the output is silent for as long as that takes, then as after PLAY",
)
TABLES = Message("TABLES", 0x34, Payload(), "asks which tables play, and for what there is room")
TUNE_BEGIN_REPLY = Message("TUNE_BEGIN_REPLY", TUNE_BEGIN.code | REPLY_BIT, Payload(), "there is room for them")
TUNE_DATA_REPLY = Message("TUNE_DATA_REPLY", TUNE_DATA.code | REPLY_BIT, Payload(), "kept")
TUNE_APPLY_REPLY = Message("TUNE_APPLY_REPLY", TUNE_APPLY.code | REPLY_BIT, Payload(), "proved: the fade is ordered")
TUNE_COMMIT_REPLY = Message(
    "TUNE_COMMIT_REPLY", TUNE_COMMIT.code | REPLY_BIT, Payload(), "written, read back, and what the next start plays"
)
TABLES_REPLY = Message(
    "TABLES_REPLY",
    TABLES.code | REPLY_BIT,
    Payload(
        (
            Field("digest", "bytes", "SHA-256 of the design that plays; during a fade the old one", 32),
            Field("layout_hash", "u32", "of the image: other tables do not fit its graph"),
            Field("room_bytes", "u32", "bytes of tables that a bank holds; 0: no room to tune"),
            Field("room_firs", "u16", "entries of FIR that it holds"),
            Field("history_samples", "u16", "samples that a FIR may look back on"),
            Field("fade_samples", "u16", "from the first sample of a fade to the last"),
            Field("source", "u8", "see SOURCE"),
            Field("fading", "u8", "1 from TUNE_APPLY to the last sample of the fade"),
            Field("flash", "u8", "1 where TUNE_COMMIT can keep tables"),
            Field("equalised", "u8", "a bit for each bus with an equaliser, the first bus lowest"),
            Field("committed", "u32", "sequence number of the newest tables in flash; 0: none"),
        )
    ),
    "tables and room",
)
FIR_ENTRY = Payload(
    (
        Field("length", "u16", "coefficients ahead of the fill; even in q15"),
        Field("lookback", "u16", "samples ahead of the block that the first coefficient meets at its first output"),
        Field("bus", "u8", "which it reads"),
        Field("shift", "u8", "left shift to the scale of its sum; 0 in q31"),
        Field("reserved", "u16", "0"),
    )
)
ERROR_REPLY = Message(
    "ERROR_REPLY",
    0xFE,
    Payload((Field("status", "i8", "a status code"), Field("request", "u8", "type of the refused request"))),
    "the request was understood as a frame, counted, and refused",
)
NAK = Message(
    "NAK",
    0xFF,
    Payload(
        (
            Field("status", "i8", "a status code"),
            Field("reserved", "u8", "0"),
            Field("expected", "u16", "sequence number of the next request that will be taken"),
        )
    ),
    "a frame was not taken: go back to the expected sequence number",
)

REQUESTS = (
    *(HELLO, START, AUDIO, STATUS, PROFILE, GENERATE, TAP, FAST_LANE, PLAY, HEALTH, SET_VOLUME, SET_LIMITER),
    *(TUNE_BEGIN, TUNE_DATA, TUNE_APPLY, TUNE_COMMIT, TABLES),
)
REPLIES = (
    HELLO_REPLY,
    START_REPLY,
    AUDIO_REPLY,
    STATUS_REPLY,
    PROFILE_REPLY,
    GENERATE_REPLY,
    TAP_REPLY,
    FAST_LANE_REPLY,
    PLAY_REPLY,
    HEALTH_REPLY,
    SET_VOLUME_REPLY,
    SET_LIMITER_REPLY,
    TUNE_BEGIN_REPLY,
    TUNE_DATA_REPLY,
    TUNE_APPLY_REPLY,
    TUNE_COMMIT_REPLY,
    TABLES_REPLY,
    ERROR_REPLY,
    NAK,
)
MESSAGES = REQUESTS + REPLIES

ENTRY = {"PROGRAM": 1, "FILTERS": 2}
# Fraction bits of samples and coefficients; of both together where they differ.
ARITHMETIC = {"Q15": 15, "Q31": 31, "Q31X15": 46}
SIGNAL = {"NOISE": 1, "FULL_SCALE": 2, "SCENES": 3}
# In the order of the pipeline: FEED is a driver ahead of its limiter.
STAGE = {"BUS": 1, "EQUALISED": 6, "PATH": 2, "SUM": 3, "FEED": 5, "OUTPUT": 4}
CLOCK = {"UNKNOWN": 0, "HSE_PLL": 1, "HSI_PLL": 2, "HSI": 3, "HOST": 4, "FIXED": 5, "SIMULATED": 6}
PLAYER = {"NONE": 0, "PLAYING": 1, "SERIAL": 2, "OVERLOAD": 3, "BAD_TABLES": 4, "FAULTS": 5}
RESET = {"UNKNOWN": 0, "POWER": 1, "PIN": 2, "SOFTWARE": 3, "WATCHDOG": 4, "FAULT": 5}
AUDIO_CLOCK = {"NONE": 0, "I2S": 1, "TIMER": 2}
SOURCE = {"IMAGE": 1, "LINE": 2, "SLOT": 3}
STATUS_CODES = {
    "OK": (0, "no error"),
    "E_COBS": (-1, "broken COBS, or a frame too short or too long"),
    "E_CRC": (-2, "CRC-32 does not fit"),
    "E_HEADER": (-3, "protocol version or length field"),
    "E_SESSION": (-4, "not the current session: send HELLO"),
    "E_SEQUENCE": (-5, "a frame before this one is missing"),
    "E_TYPE": (-6, "unknown message type"),
    "E_LENGTH": (-7, "payload of the wrong size"),
    "E_ENTRY": (-8, "unknown entry"),
    "E_NOT_STARTED": (-9, "AUDIO before START"),
    "E_DESIGN": (-10, "the tables compiled in are not usable"),
    "E_TIMEOUT": (-11, "hardware did not become ready"),
    "E_RANGE": (-20, "a field lies outside its range"),
    "E_NO_LANE": (-21, "this board has no fast lane"),
    "E_LAYOUT": (-30, "the tables are of another layout or filter graph"),
    "E_ROOM": (-31, "the tables need more room than the image has"),
    "E_BUSY": (-32, "a fade is ordered or under way"),
    "E_INCOMPLETE": (-33, "no tables have come, or not whole"),
    "E_NO_FLASH": (-35, "this board has no flash that it can write"),
    "E_FLASH": (-36, "flash could not be written, or read back differently; what was kept before still is"),
    "E_EQUALISED": (-37, "the tables have equalisers on other buses than the image"),
    "E_BOUND": (-34, "the tables pass a limit of the proof that nothing overflows"),
}
# A NAK with one of these asks for a resend; E_SESSION ends the conversation.
STATUS_NAMES = {code: name for name, (code, _) in STATUS_CODES.items()}


class ProtocolVersionError(ValueError):
    """A sound frame of another version of the protocol."""


@dataclass(frozen=True)
class Frame:
    """A decoded frame."""

    type: int
    sequence: int
    session: int
    payload: bytes = b""

    def to_bytes(self) -> bytes:
        """Lay out header, payload and CRC-32, before COBS.

        Raises
        ------
        ValueError
            If the payload exceeds `MAX_PAYLOAD_BYTES`.
        """
        if len(self.payload) > MAX_PAYLOAD_BYTES:
            raise ValueError(f"payload of {len(self.payload)} bytes, allowed 0 to {MAX_PAYLOAD_BYTES}")
        header = HEADER.pack(
            version=PROTOCOL_VERSION,
            type=self.type,
            sequence=self.sequence,
            session=self.session,
            length=len(self.payload),
        )
        body = header + self.payload
        return body + struct.pack("<I", zlib.crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> Frame:
        """Check and read a frame after COBS.

        Raises
        ------
        ProtocolVersionError
            If the frame is sound, but of another version.
        ValueError
            If size, CRC-32 or length do not fit.
        """
        if not OVERHEAD_BYTES <= len(data) <= MAX_FRAME_BYTES:
            raise ValueError(f"frame of {len(data)} bytes, allowed {OVERHEAD_BYTES} to {MAX_FRAME_BYTES}")
        body, (crc,) = data[:-CRC_BYTES], struct.unpack("<I", data[-CRC_BYTES:])
        if zlib.crc32(body) != crc:
            raise ValueError("CRC-32 does not fit")
        version, kind, sequence, session, length = struct.unpack("<BBHHH", body[: HEADER.size])
        if version != PROTOCOL_VERSION:
            raise ProtocolVersionError(f"protocol version {version}, not {PROTOCOL_VERSION}")
        if length != len(body) - HEADER.size:
            raise ValueError(f"length field {length}, payload of {len(body) - HEADER.size} bytes")
        return cls(kind, sequence, session, body[HEADER.size :])
