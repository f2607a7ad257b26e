"""What is soldered to an STM32H743: four stereo DACs and an ADC, or a codec with eight channels on one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from designer.board.virtual.codecs import Codec
from designer.board.virtual.converters import Adc, Dac, halfwords_of
from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.peripherals.gpio import Pins
from designer.board.virtual.peripherals.stm32h7.sai_block import SaiBlock
from designer.board.virtual.peripherals.stm32h7.wire import WORD_BITS, Wire, i2s_starts, tdm_starts

# firmware/port/stm32h743/sai.c: clocks of all converters, data lines, and the pin that lets the DACs sound.
CLOCKS = {"PE4": "SAI1_FS_A", "PE5": "SAI1_SCK_A"}
MASTER_CLOCK = {"PE2": "SAI1_MCLK_A"}
LINES = {"SAI1_A": "PE6", "SAI1_B": "PE3", "SAI2_A": "PD11", "SAI2_B": "PA0", "SAI3_A": "PD1"}
OUTPUTS = ("SAI1_A", "SAI1_B", "SAI2_A", "SAI2_B")
MUTE_PIN = "PD0"
TDM_CHANNELS = 8

Wired = tuple[Sequence[Dac], Adc, SaiBlock]


def _data_line(block: str) -> dict[str, str]:
    return {LINES[block]: f"{block[:4]}_SD_{block[5]}"}


def connect_converters(block: Callable[[str], SaiBlock], pins: Pins, recorder: str) -> Wired:
    """Wire four stereo DACs and an ADC; gives them, and the block that records."""
    dacs = []
    for name in OUTPUTS:
        dac = Dac({**CLOCKS, **_data_line(name)}, pins, mute_pin=MUTE_PIN)
        dacs.append(dac)
        block(name).on_sent = partial(_play, dac)
    adc = _adc(block, pins, recorder)
    block(recorder).incoming = partial(_record, adc)
    return dacs, adc, block(recorder)


def connect_codec(block: Callable[[str], SaiBlock], pins: Pins, codec: Codec, recorder: str) -> Wired:
    """Wire a codec: one line of eight slots each way, which its registers let play."""
    dac = Dac({**CLOCKS, **MASTER_CLOCK, **_data_line("SAI1_A")}, pins, TDM_CHANNELS, MUTE_PIN)
    block("SAI1_A").on_sent = partial(_play_slots, dac, codec)
    adc = _adc(block, pins, recorder)
    block(recorder).incoming = partial(_record_slots, adc, codec)
    return [dac], adc, block(recorder)


def _adc(block: Callable[[str], SaiBlock], pins: Pins, recorder: str) -> Adc:
    wires = {**CLOCKS, **MASTER_CLOCK, **_data_line(recorder)}
    return Adc(wires, pins, lambda: block("SAI1_A").has_master_clock)


def _check_edges(wire: Wire) -> None:
    """Refuse data that change at the edge where a converter samples them."""
    if not wire.changes_on_falling:
        raise HardwareRefusalError("CKSTR is 0: data change at SCK's rising edge, where the converters sample them")


def _play(dac: Dac, first: int, data: bytes, wire: Wire) -> None:
    _check_edges(wire)
    words = np.frombuffer(data, "<u4").reshape(-1, len(wire.starts))
    dac.play(first * 2 * dac.channels, halfwords_of(wire.heard(words, i2s_starts(wire), WORD_BITS)))


def _record(adc: Adc, first: int, count: int, wire: Wire) -> bytes:
    _check_edges(wire)
    frames = adc.frames(first, first + count)
    return wire.received(frames, i2s_starts(wire), WORD_BITS).astype("<u4").tobytes()


def _play_slots(dac: Dac, codec: Codec, first: int, data: bytes, wire: Wire) -> None:
    _check_edges(wire)
    words = np.frombuffer(data, "<u4").reshape(-1, len(wire.starts))
    heard = np.zeros((len(words), TDM_CHANNELS), np.int32)
    if codec.output is not None:
        starts = tdm_starts(wire, TDM_CHANNELS, codec.output.rises, codec.output.delay)
        heard = wire.heard(words, starts, WORD_BITS)
    dac.play(first * 2 * dac.channels, halfwords_of(heard))


def _record_slots(adc: Adc, codec: Codec, first: int, count: int, wire: Wire) -> bytes:
    _check_edges(wire)
    frames = np.zeros((count, TDM_CHANNELS), np.int32)
    frames[:, :2] = adc.frames(first, first + count)
    if codec.input is None:
        return bytes(4 * count * len(wire.starts))
    starts = tdm_starts(wire, TDM_CHANNELS, codec.input.rises, codec.input.delay)
    return wire.received(frames, starts, WORD_BITS).astype("<u4").tobytes()
