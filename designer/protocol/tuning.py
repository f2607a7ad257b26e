"""Messages that bring other tables to a board that plays, and what an entry of them is."""

from __future__ import annotations

from designer.protocol.payload import REPLY_BIT, Field, Message, Payload

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
            Field("committed", "u32", "sequence number of the tables in flash that the next start plays; 0: none"),
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
        Field("reserved", "u16", "0; anything else is refused"),
    )
)
