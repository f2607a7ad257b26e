"""Messages for the board's own playing: volume, limits and health."""

from __future__ import annotations

from designer.protocol.payload import REPLY_BIT, Field, Message, Payload

PLAY = Message("PLAY", 0x20, Payload(), "gives the pipeline back to the board's own input, from silence")
PLAY_REPLY = Message("PLAY_REPLY", PLAY.code | REPLY_BIT, Payload(), "the board plays, or has no input of its own")
SET_VOLUME = Message(
    "SET_VOLUME",
    0x22,
    Payload((Field("gain", "u32", "0 to 2^24; 2^24 is full volume"),)),
    "changes the volume without a click; it holds for the board's own playing until power-off",
)
SET_VOLUME_REPLY = Message("SET_VOLUME_REPLY", SET_VOLUME.code | REPLY_BIT, Payload(), "the change of volume has begun")
SET_LIMITER = Message(
    "SET_LIMITER",
    0x23,
    Payload(
        (
            Field("driver", "u8", "number of the driver, from 0"),
            Field("reserved", "bytes", "0; anything else is refused", 3),
            Field("limit", "u32", "largest magnitude, 1 to the limit of the design"),
            Field(
                "release",
                "u32",
                "for all drivers, 2^15 to 2^31 - 1: the fraction of the remaining way by which a gain recovers "
                "in each hop of 16 samples, times 2^31",
            ),
        )
    ),
    "sets a driver's limit, at most that of the design, from the next sample into the limiter on; "
    "a higher limit also holds for up to 15 samples before",
)
SET_LIMITER_REPLY = Message("SET_LIMITER_REPLY", SET_LIMITER.code | REPLY_BIT, Payload(), "the limit holds")
LIMITS = Message("LIMITS", 0x24, Payload(), "asks for the limits of the board's own playing")
LIMITS_REPLY = Message(
    "LIMITS_REPLY",
    LIMITS.code | REPLY_BIT,
    Payload(
        (
            Field("release", "u32", "of all drivers, as in SET_LIMITER"),
            Field("limits", "bytes", "largest magnitude of each driver, u32 each; 0 where there is no driver", 64),
            Field("design_limits", "bytes", "limits of the design: the most that SET_LIMITER may set", 64),
        )
    ),
    "limits of the board's own playing; START uses those of the design",
)
HEALTH = Message("HEALTH", 0x21, Payload(), "asks for the state of the board; resets peaks and block_ticks_max")
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
            Field("block_ticks_max", "u32", "the most ticks of a block since the last HEALTH"),
            Field("block_ticks_budget", "u32", "ticks that a block lasts"),
            Field("blocks", "u32", "blocks of its own input played"),
            Field("deadline_misses", "u32", "blocks that were not ready in time"),
            Field(
                "underruns",
                "u32",
                "restarts of the converters: an output had no sample in time, DMA failed, or the audio clock stopped",
            ),
            Field("overruns", "u32", "restarts of the converters: a sample of the input was lost, or its DMA failed"),
            Field("peak_left", "u32", "largest magnitude of the input since the last HEALTH, full scale 2^B"),
            Field("peak_right", "u32", ""),
            Field("peaks", "bytes", "the same of each driver, u32 each; 0 where there is no driver", 64),
            Field("stack_free", "u32", "bytes of the stack that were never used"),
            Field("table_checks", "u32", "completed checks of the tables in flash, all good"),
            Field("volume", "u32", "gain set by SET_VOLUME; 2^24 at the start"),
            Field(
                "limiter_gains",
                "bytes",
                "least limiter gain of each driver since the last HEALTH, u32 each: "
                "2^24 if nothing exceeded the limit; 0 where there is no driver",
                64,
            ),
        )
    ),
    "state of the board's own playing",
)
