"""Render audio files through a design, in pieces, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal, Self

import numpy as np
import soundfile
from numpy.typing import NDArray

from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter
from designer.dsp.overlap_save import OverlapSave
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.errors import LayoutError
from designer.filters.bank import FilterBank
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.render.audio_files import CHUNK_SAMPLES, StereoReader, open_writer
from designer.render.binaural import Ears
from designer.temporary import temporary_file

Engine = Literal["float", "fixed"]
Processor = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Progress = Callable[[int, int], None]

# Peak of binaural files, full scale 1.
_PEAK = 10 ** (-1 / 20)


@dataclass
class _Meter:
    peak: float = 0.0
    energy: float = 0.0
    samples: int = 0

    def add(self, values: NDArray[np.float64]) -> None:
        self.peak = max(self.peak, float(np.abs(values).max(initial=0.0)))
        self.energy += float(np.sum(values**2))
        self.samples += values.size

    def figures(self, channels: int, rate_hz: int) -> dict[str, float]:
        return {
            "seconds_of_audio": self.samples / channels / rate_hz,
            "peak_dbfs": 20 * np.log10(max(self.peak, 1e-12)),
            "rms_dbfs": 10 * np.log10(max(self.energy / max(self.samples, 1), 1e-24)),
        }


def engine_processor(bank: FilterBank, fixed: FixedPointBank, engine: Engine) -> Processor:
    """Make a processor from stereo (n, 2) to driver signals (n, D), full scale 1.

    Parameters
    ----------
    bank, fixed : FilterBank, FixedPointBank
        Float and quantised design.
    engine : 'float' or 'fixed'
        Float64 reference, or bit-exact model of the board.

    Returns
    -------
    callable
        With state, so that a long signal can be processed in pieces.
    """
    if engine == "float":
        limiter = Limiter(fixed.limiter.as_float(fixed.number_format))
        reference = FloatEngine(bank.impulse_responses, limiter=limiter)

        def process_float(stereo: NDArray[np.float64]) -> NDArray[np.float64]:
            output = reference.process(stereo)
            reference.forget_decisions()
            return output

        return process_float
    model, word = PipelineModel(fixed), fixed.number_format.sample

    def process_fixed(stereo: NDArray[np.float64]) -> NDArray[np.float64]:
        output = word.to_float(model.process(word.quantise(stereo)))
        model.forget_decisions()
        return output

    return process_fixed


def render(
    bank: FilterBank,
    fixed: FixedPointBank,
    source: Path,
    target: Path,
    engine: Engine,
    progress: Progress = lambda done, total: None,
    *,
    aligned: bool = True,
) -> dict[str, float]:
    """Run an audio file through a design: one channel for each driver, in channel order.

    The output is longer than the source, because the filters ring on after its last sample.

    Parameters
    ----------
    bank, fixed : FilterBank, FixedPointBank
        Float and quantised design.
    source : Path
        Mono or stereo, any rate.  Mono goes to both inputs.
    target : Path
        WAV or FLAC.  24-bit from the fixed engine and in FLAC, else 32-bit float.
    engine : 'float' or 'fixed'
    progress : callable
        Called with frames done and frames in all.
    aligned : bool
        Whether the latency of upmix, limiter and filters is removed, so that the output lies beside the source.
        Otherwise the output begins as the board's does.

    Returns
    -------
    dict
        ``seconds_of_audio`` of the source, ``peak_dbfs`` of the loudest driver, ``rms_dbfs`` of all drivers.

    Raises
    ------
    LayoutError
        If the source cannot be read or the target cannot hold it.  No target is written then.
    """
    _check_target(source, target)
    drivers, rate = len(bank.driver_names), bank.sample_rate_hz
    process, meter = engine_processor(bank, fixed, engine), _Meter()
    waiting = DELAY_SAMPLES + fixed.limiter.delay_samples
    tail = np.zeros((waiting + bank.impulse_responses.shape[2], 2))
    skip = waiting + bank.modelling_delay_samples if aligned else 0
    frames = 0
    with closing(StereoReader(source, rate)) as reader:
        subtype = "FLOAT" if engine == "float" else "PCM_24"
        with open_writer(target, rate, drivers, subtype, reader.frames + len(tail)) as writer:
            for stereo in chain(reader.pieces(), [tail]):
                frames += len(stereo)
                output = process(stereo)
                skipped = min(skip, len(output))
                skip -= skipped
                writer.write(output[skipped:])
                meter.add(output[skipped:])
                progress(min(frames, reader.frames), reader.frames)
    return {**meter.figures(drivers, rate), "seconds_of_audio": (frames - len(tail)) / rate}


def render_binaural(
    bank: FilterBank,
    fixed: FixedPointBank,
    ears: Ears,
    downmix_ears: Ears,
    source: Path,
    target: Path,
    before: Path,
    engine: Engine,
    progress: Progress = lambda done, total: None,
) -> dict[str, float]:
    """Render what the listener's ears receive, with the design and without it, for headphones.

    Parameters
    ----------
    bank, fixed : FilterBank, FixedPointBank
    ears, downmix_ears : Ears
        Responses from driver signals, and from stereo by way of the stereo downmix.
    source : Path
        Mono or stereo, any rate.
    target, before : Path
        24-bit stereo, of equal length and aligned with the source.  They keep the sound after its end.  One gain
        brings the louder of the two to −1 dBFS, so that they can be compared by ear.
    engine : 'float' or 'fixed'
    progress : callable
        Called with frames done and frames in all.

    Returns
    -------
    dict
        ``seconds_of_audio``, ``gain_db`` that was applied, ``rms_dbfs`` and ``before_rms_dbfs``.

    Raises
    ------
    LayoutError
        If the source cannot be read or a target cannot hold it.  Nothing is written then.
    """
    for file in (target, before):
        _check_target(source, file)
    rate, delay = bank.sample_rate_hz, DELAY_SAMPLES + fixed.limiter.delay_samples
    chains = {
        target: _ToEars(engine_processor(bank, fixed, engine), ears, target, rate, delay),
        before: _ToEars(lambda stereo: stereo, downmix_ears, before, rate),
    }
    with ExitStack() as stack:
        reader = stack.enter_context(closing(StereoReader(source, rate)))
        for path in chains.values():
            stack.enter_context(path)
        tail = bank.impulse_responses.shape[2] + max(ears.responses.shape[2], downmix_ears.responses.shape[2])
        frames = _process_all(reader, list(chains.values()), tail, progress)
        gain = _PEAK / max(1e-9, *(path.meter.peak for path in chains.values()))
        for path in chains.values():
            path.finish(gain, frames + tail)
    figures = {file: path.meter.figures(2, rate) for file, path in chains.items()}
    gain_db = 20 * np.log10(gain)
    return {
        "seconds_of_audio": frames / rate,
        "gain_db": gain_db,
        "rms_dbfs": figures[target]["rms_dbfs"] + gain_db,
        "before_rms_dbfs": figures[before]["rms_dbfs"] + gain_db,
    }


def _process_all(reader: StereoReader, paths: list[_ToEars], tail: int, progress: Progress) -> int:
    """Run the whole source through each path, with its delay and a tail.  Returns the source's frames."""
    frames = 0
    for stereo in reader.pieces():
        frames += len(stereo)
        for path in paths:
            path.add(stereo)
        progress(min(frames, reader.frames), reader.frames)
    for path in paths:
        path.add(np.zeros((path.delay_samples + tail, 2)))
    return frames


class _ToEars:
    """The path from stereo to two ears, into a scratch file whose level is set at the end."""

    def __init__(
        self, process: Processor, ears: Ears, target: Path, rate_hz: int, process_delay_samples: int = 0
    ) -> None:
        self._process, self._ears = process, OverlapSave(ears.responses)
        self._target, self._rate_hz = target, rate_hz
        self._skip = self.delay_samples = process_delay_samples + ears.delay_samples
        self.meter = _Meter()

    def __enter__(self) -> Self:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            self._scratch = stack.enter_context(temporary_file(self._target))
            scratch = soundfile.SoundFile(self._scratch, "w", self._rate_hz, 2, "FLOAT", format="RF64")
            self._file = stack.enter_context(scratch)
            self._opened = stack.pop_all()
        return self

    def __exit__(self, *failure: object) -> None:
        self._opened.close()

    def add(self, stereo: NDArray[np.float64]) -> None:
        heard = self._ears.process(self._process(stereo))
        skipped = min(self._skip, len(heard))
        self._skip -= skipped
        self._file.write(heard[skipped:])
        self.meter.add(heard[skipped:])

    def finish(self, gain: float, frames: int) -> None:
        self._file.close()
        with (
            soundfile.SoundFile(self._scratch) as scratch,
            open_writer(self._target, self._rate_hz, 2, "PCM_24", frames) as writer,
        ):
            for chunk in scratch.blocks(CHUNK_SAMPLES, frames=frames, dtype="float64", always_2d=True):
                writer.write(chunk * gain)


def _check_target(source: Path, target: Path) -> None:
    if source.resolve() == target.resolve():
        raise LayoutError(f"'{target}': would overwrite its own input: give another output file")
