"""Messages that run the pipeline for the host and read its stages."""

from __future__ import annotations

from designer.protocol.payload import REPLY_BIT, Field, Message, Payload

START = Message(
    "START",
    0x02,
    Payload((Field("injection_point", "u8", "where the samples enter, see INJECTION_POINT"),)),
    "clears all filter states, chooses the injection point, sets full volume and the design's limits",
)
AUDIO = Message("AUDIO", 0x03, Payload(), "interleaved samples in", carries_samples=True)
PROFILE = Message(
    "PROFILE",
    0x05,
    Payload(
        (Field("injection_point", "u8", "see INJECTION_POINT"), Field("blocks", "u8", "full blocks to run, at least 1"))
    ),
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
            Field("reserved", "u16", "0; anything else is refused"),
            Field("seed", "u32", ""),
            Field("position", "u32", "number of the signal's first frame to play"),
        )
    ),
    "runs the pipeline on a test signal that the board makes itself; answers with CRCs of the outputs",
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
START_REPLY = Message("START_REPLY", START.code | REPLY_BIT, Payload(), "state is clear")
AUDIO_REPLY = Message("AUDIO_REPLY", AUDIO.code | REPLY_BIT, Payload(), "interleaved driver channels", True)
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
    "timing of the pipeline, without traffic on the line",
)
GENERATE_REPLY = Message(
    "GENERATE_REPLY",
    GENERATE.code | REPLY_BIT,
    Payload(),
    "one CRC-32 (u32) of the interleaved outputs for each `blocks_per_crc` blocks; the last may cover fewer",
)
TAP_REPLY = Message(
    "TAP_REPLY",
    TAP.code | REPLY_BIT,
    Payload(
        (
            Field("frames", "u16", "frames of the last block; 0 if none ran since START"),
            Field("first", "u16", "frame of the first value"),
            Field("blocks", "u32", "blocks processed since the start"),
        )
    ),
    "values from the requested frame on, as many as fit (64-bit two's complement)",
)
