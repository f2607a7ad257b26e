"""Messages that begin a session, and messages that report its state."""

from __future__ import annotations

from designer.protocol.payload import REPLY_BIT, Field, Message, Payload

NAME_BYTES = 32
HELLO = Message("HELLO", 0x01, Payload(), "opens a session")
STATUS = Message("STATUS", 0x04, Payload(), "asks for counters and timing")
SEMIHOSTING = Message(
    "SEMIHOSTING",
    0x12,
    Payload(),
    "virtual boards only: continues over the files 'to_board' and 'from_board' until the host closes them",
)
# "BOOT" in ASCII, little-endian.
ENTER_BOOTLOADER_MAGIC = 0x544F4F42
ENTER_BOOTLOADER = Message(
    "ENTER_BOOTLOADER",
    0x13,
    Payload(
        (
            Field("magic", "u32", f"0x{ENTER_BOOTLOADER_MAGIC:08X}; anything else is refused"),
            Field("digest", "bytes", "the digest of HELLO_REPLY; anything else is refused", 32),
        )
    ),
    "mutes the output, restarts, and waits in the bootloader of the chip's ROM for a new image",
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
            Field("block_samples", "u16", "most samples of one block"),
            Field("max_payload_bytes", "u16", ""),
            Field("design_abi", "u16", "layout of the generated tables"),
            Field("number_format", "u8", "see NUMBER_FORMAT"),
            Field("drivers", "u8", "channels of an AUDIO reply"),
            Field("inputs", "u8", "channels of AUDIO at the injection point FILTERS"),
            Field("credits", "u8", "requests that may be unanswered"),
            Field("clock_source", "u8", "see CLOCK"),
            Field("reserved", "u8", "0"),
            Field("reset_cause", "u8", "why the board started, see RESET"),
            Field("fault_exception", "u8", "number of the exception that ended the last run; 0: none"),
            Field("faults", "u16", "consecutive faults; after three the board no longer plays"),
            Field("fault_pc", "u32", "program counter of the fault; 0 if unknown"),
            Field("fault_lr", "u32", "link register of the fault"),
            Field("fault_status", "u32", "register CFSR"),
            Field("fault_address", "u32", "address of the faulty access; 0 if unknown"),
        )
    ),
    "identity of the board and of its image",
)
STATUS_REPLY = Message(
    "STATUS_REPLY",
    STATUS.code | REPLY_BIT,
    Payload(
        (
            Field("uptime_ticks", "u64", "SysTick ticks since the start"),
            Field("tick_hz", "u32", "nominal rate of SysTick"),
            Field("blocks", "u32", "blocks processed since the start"),
            Field("block_ticks_last", "u32", "SysTick ticks that the last full block took"),
            Field("block_ticks_max", "u32", "the most ticks of a block since START"),
            Field("bad_cobs", "u32", "link frames refused in a session: broken COBS, too short or too long"),
            Field("bad_crc", "u32", "link frames refused in a session: CRC-32"),
            Field("bad_header", "u32", "link frames refused in a session: version or length"),
            Field("bad_session", "u32", "link frames refused: session"),
            Field("bad_sequence", "u32", "link frames refused: ahead of the expected sequence number"),
            Field("duplicates", "u32", "repeated requests, except HELLO, answered from the kept replies"),
            Field("receive_overruns", "u32", "bytes lost in the receiver"),
            Field("clock_source", "u8", "see CLOCK"),
            Field("injection_point", "u8", "see INJECTION_POINT; 0 before the first START"),
            Field("reserved", "u16", "0"),
            Field(
                "limiter_gains",
                "bytes",
                "least limiter gain of each driver since START or HEALTH, as in HEALTH_REPLY",
                64,
            ),
        )
    ),
    "counters and timing",
)
SEMIHOSTING_REPLY = Message(
    "SEMIHOSTING_REPLY",
    SEMIHOSTING.code | REPLY_BIT,
    Payload(),
    "the pipes are open; this reply still uses the serial line",
)
ENTER_BOOTLOADER_REPLY = Message(
    "ENTER_BOOTLOADER_REPLY",
    ENTER_BOOTLOADER.code | REPLY_BIT,
    Payload(),
    "the board enters the bootloader when this reply has left",
)
ERROR_REPLY = Message(
    "ERROR_REPLY",
    0xFE,
    Payload((Field("status", "i8", "a status code"), Field("request", "u8", "type of the refused request"))),
    "the link frame was sound, but the board refuses the request; it counts as handled",
)
NAK = Message(
    "NAK",
    0xFF,
    Payload(
        (
            Field("status", "i8", "a status code"),
            Field("reserved", "u8", "0"),
            Field("expected", "u16", "sequence number of the next request that the board accepts"),
        )
    ),
    "the board did not accept a link frame: go back to the expected sequence number",
)
