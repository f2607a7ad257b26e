"""Render audio files to driver feeds, in pieces, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile

from designer.errors import LayoutError
from designer.filters.bank import FilterBank
from designer.filters.engine import FloatEngine
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.qformat import SAMPLE_FORMATS
from designer.fixedpoint.twin import Twin

_CHUNK_SAMPLES = 1 << 16

Engine = Literal["float", "fixed"]
Processor = Callable[[np.ndarray], np.ndarray]


def render(bank: FilterBank, fixed: FixedPointBank, source: Path, target: Path, engine: Engine) -> dict[str, float]:
    """Run an audio file through a design: one channel for each driver, in channel order.

    Parameters
    ----------
    bank, fixed : FilterBank, FixedPointBank
        Float and quantised design.
    source : Path
        Mono or stereo, at the design's sample rate; mono feeds both inputs.
    target : Path
        WAV; 24-bit from the fixed engine, 32-bit float from the float engine.
    engine : 'float' or 'fixed'

    Returns
    -------
    dict
        ``seconds_of_audio``, ``peak_dbfs`` of the loudest driver, ``rms_dbfs`` of all drivers.

    Raises
    ------
    LayoutError
        If the source cannot be read or does not fit the design; then no target is written.
    """
    if source.resolve() == target.resolve():
        raise LayoutError(f"'{target}': would overwrite its own input: give another output file")
    try:
        with soundfile.SoundFile(source) as reader:
            _check(reader, bank.sample_rate_hz, source)
            temporary = target.with_name(f".{target.name}.part")
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                figures = _run(reader, temporary, _processor(bank, fixed, engine), bank, engine)
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)
    except soundfile.LibsndfileError as error:
        raise LayoutError(f"'{source}': cannot be read as audio: {error}") from error
    return figures


def _check(reader: soundfile.SoundFile, rate_hz: int, source: Path) -> None:
    if reader.channels > 2:
        raise LayoutError(f"'{source}': {reader.channels} channels, allowed are 1 and 2: mix it down first")
    if reader.samplerate != rate_hz:
        raise LayoutError(
            f"'{source}': {reader.samplerate} Hz, the design runs at {rate_hz} Hz: convert it first, "
            f"for example with 'sox IN.wav -r {rate_hz} OUT.wav'"
        )


def _processor(bank: FilterBank, fixed: FixedPointBank, engine: Engine) -> Processor:
    if engine == "float":
        return FloatEngine(bank.impulse_responses).process
    twin, word = Twin(fixed), SAMPLE_FORMATS[fixed.arithmetic]
    return lambda stereo: word.to_float(twin.process(word.quantise(stereo)))


def _run(
    reader: soundfile.SoundFile, target: Path, process: Processor, bank: FilterBank, engine: Engine
) -> dict[str, float]:
    peak, energy, count = 0.0, 0.0, 0
    subtype = "FLOAT" if engine == "float" else "PCM_24"
    drivers = len(bank.driver_names)
    with soundfile.SoundFile(target, "w", bank.sample_rate_hz, drivers, subtype, format="WAV") as writer:
        for chunk in reader.blocks(_CHUNK_SAMPLES, dtype="float64", always_2d=True):
            stereo = np.repeat(chunk, 2, axis=1) if chunk.shape[1] == 1 else chunk
            output = process(np.clip(stereo, -1.0, 1.0))
            writer.write(output)
            peak = max(peak, float(np.abs(output).max(initial=0.0)))
            energy += float(np.sum(output**2))
            count += output.size
    return {
        "seconds_of_audio": count / drivers / bank.sample_rate_hz,
        "peak_dbfs": 20 * np.log10(max(peak, 1e-12)),
        "rms_dbfs": 10 * np.log10(max(energy / max(count, 1), 1e-24)),
    }
