"""Messages that bring new tables to a playing board, and the fields of a FIR entry."""

from __future__ import annotations

from designer.protocol.payload import REPLY_BIT, Field, Message, Payload

TUNE_BEGIN = Message(
    "TUNE_BEGIN",
    0x30,
    Payload(
        (
            Field("digest", "bytes", "SHA-256 of the design of these tables", 32),
            Field("layout_hash", "u32", "must be the board's, see TABLES_REPLY"),
            Field("tables_bytes", "u32", "bytes of all TUNE_DATA together"),
            Field("firs", "u16", "entries of FIR"),
            Field("equalised", "u16", "must be the board's, see TABLES_REPLY"),
            Field("crc", "u32", "CRC-32 of the fields above, then of the tables"),
        )
    ),
    "announces tables for the RAM bank that does not play",
)
TUNE_DATA = Message(
    "TUNE_DATA",
    0x31,
    Payload((Field("offset", "u32", "bytes sent before"),)),
    "the next bytes of the tables, after the offset",
)
TUNE_APPLY = Message(
    "TUNE_APPLY",
    0x32,
    Payload(),
    "validates the tables; if they are valid, the output fades to them from the next block on",
)
TUNE_COMMIT = Message(
    "TUNE_COMMIT",
    0x33,
    Payload(),
    "writes the tables that play to flash; the output is silent meanwhile, then continues as after PLAY",
)
TABLES = Message("TABLES", 0x34, Payload(), "asks which tables play and how much room there is")
TUNE_BEGIN_REPLY = Message(
    "TUNE_BEGIN_REPLY", TUNE_BEGIN.code | REPLY_BIT, Payload(), "the board has room for the tables"
)
TUNE_DATA_REPLY = Message("TUNE_DATA_REPLY", TUNE_DATA.code | REPLY_BIT, Payload(), "the bytes are stored")
TUNE_APPLY_REPLY = Message(
    "TUNE_APPLY_REPLY", TUNE_APPLY.code | REPLY_BIT, Payload(), "the tables are valid and the fade is ordered"
)
TUNE_COMMIT_REPLY = Message(
    "TUNE_COMMIT_REPLY",
    TUNE_COMMIT.code | REPLY_BIT,
    Payload((Field("written", "u8", "1: written and read back; 0: flash held these tables already"),)),
    "the next start plays the tables that play now",
)
TABLES_REPLY = Message(
    "TABLES_REPLY",
    TABLES.code | REPLY_BIT,
    Payload(
        (
            Field("digest", "bytes", "SHA-256 of the design that plays; during a fade, of the old one", 32),
            Field("layout_hash", "u32", "hash of the image's layout; tables of another layout do not fit"),
            Field("room_bytes", "u32", "bytes of tables that a RAM bank holds; 0: tuning is not possible"),
            Field("room_firs", "u16", "FIR entries that a RAM bank holds"),
            Field("history_samples", "u16", "samples of history that a FIR may use"),
            Field("fade_samples", "u16", "length of a fade"),
            Field("source", "u8", "see SOURCE"),
            Field("fading", "u8", "1 from TUNE_APPLY to the last sample of the fade"),
            Field("flash", "u8", "1 if TUNE_COMMIT can write to flash"),
            Field("equalised", "u8", "a bit for each bus with an equaliser, the first bus lowest"),
            Field("committed", "u32", "sequence number of the tables in flash for the next start; 0: none"),
            Field("erasures", "u32", "erasures of both slots since they were erased from outside, at least"),
            Field("endurance", "u32", "erasures of both slots that the maker of the chip promises; 0: no flash"),
        )
    ),
    "tables that play, and room for others",
)
FIR_ENTRY = Payload(
    (
        Field("length", "u16", "coefficients before the padding; even in q15"),
        Field("lookback", "u16", "age in samples, before the block, of the first input of the first coefficient"),
        Field("bus", "u8", "number of the bus that it reads"),
        Field("shift", "u8", "left shift to the scale of its sum; 0 in q31"),
        Field("reserved", "u16", "0; anything else is refused"),
    )
)
