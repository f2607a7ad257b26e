"""Messages about the board's own playing: its volume, its limits, its health."""

from __future__ import annotations

from designer.protocol.payload import REPLY_BIT, Field, Message, Payload

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
            Field("reserved", "bytes", "0; anything else is refused", 3),
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
LIMITS = Message("LIMITS", 0x24, Payload(), "asks for the limits of the board's own playing")
LIMITS_REPLY = Message(
    "LIMITS_REPLY",
    LIMITS.code | REPLY_BIT,
    Payload(
        (
            Field("release", "u32", "of all drivers, as in SET_LIMITER"),
            Field("limits", "bytes", "largest magnitude of each driver, u32 each; 0 where there is none", 64),
            Field("design_limits", "bytes", "the same as the design says: what SET_LIMITER may set at most", 64),
        )
    ),
    "what holds now for the board's own playing; a START has the design's limits",
)
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
