"""An audio file through the firmware of a virtual board: into its ADC, and out of its DACs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import numpy as np

from designer.board.converters import Converters, playing
from designer.board.open import VirtualBoard
from designer.errors import HilError, LayoutError
from designer.render.audio_files import StereoReader, open_writer

# Pieces that go to the board at once: a fifth of a second, so that progress moves.
_PIECE_FRAMES = 9600
_SUBTYPES = {16: "PCM_16", 32: "PCM_32"}

Progress = Callable[[int, int], None]


def play_file(
    board: VirtualBoard,
    source: Path,
    target: Path,
    progress: Progress = lambda done, total: None,
    tail_frames: int = 0,
) -> dict[str, float]:
    """Play a file through the converters of a board.

    Parameters
    ----------
    board : VirtualBoard
        It must play, and have at most four drivers.
    source : Path
        Mono or stereo, any rate. Mono goes to both inputs.
    target : Path
        WAV or FLAC with a channel for each driver, in channel order. A WAV has every bit of the samples; FLAC has 24.
        It is longer than the source by ``tail_frames``, and has every bit of what ``render --engine fixed --no-align``
        makes of it: the two blocks of the board's buffers are taken away.
    progress : callable
        Told frames done and frames in all.
    tail_frames : int
        Frames of silence behind the source, in which the last of its sound leaves the design.

    Returns
    -------
    dict
        ``seconds_of_audio``, ``peak_dbfs`` of the loudest driver, ``late_blocks``.

    Raises
    ------
    LayoutError
        If the source cannot be read or the target cannot hold it. No target is written then.
    HilError
        If the board does not play, mutes itself on the way, or does what the hardware does not take.
    """
    if source.resolve() == target.resolve():
        raise LayoutError(f"'{target}': would overwrite its own input: give another output file")
    rate, drivers, word = board.info.sample_rate_hz, board.info.drivers, board.info.number_format.sample
    peak, done = 0.0, 0
    with closing(StereoReader(source, rate)) as reader, playing(board) as converters:
        late = board.health()["deadline_misses"]
        with open_writer(target, rate, drivers, _SUBTYPES[word.bits], reader.frames + tail_frames) as writer:
            pieces = chain(reader.pieces(), [np.zeros((tail_frames, 2))])
            for output in _outputs(converters, map(word.quantise, pieces)):
                values = word.to_float(output)
                writer.write(values)
                peak = max(peak, float(np.abs(values).max(initial=0.0)))
                done += len(output)
                progress(done, max(done, reader.frames + tail_frames))
        if converters.muted_frames:
            raise HilError(
                f"the board muted itself for {converters.muted_frames} frames: player {board.health()['player']}"
            )
        late = int(board.health()["deadline_misses"]) - int(late)
    return {
        "seconds_of_audio": (done - tail_frames) / rate,
        "peak_dbfs": 20 * float(np.log10(max(peak, 1e-12))),
        "late_blocks": late,
    }


def _outputs(converters: Converters, pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Play pieces (n, 2), and yield driver samples (m, D), as many in all and without the buffers' delay."""
    skip, wanted = None, 0
    for piece in pieces:
        for first in range(0, len(piece), _PIECE_FRAMES):
            part = piece[first : first + _PIECE_FRAMES]
            wanted += len(part)
            output = converters.play(part)
            skip = converters.skip_frames if skip is None else skip
            skipped = min(skip, len(output))
            skip -= skipped
            wanted -= len(output) - skipped
            yield output[skipped:]
    while wanted > 0 and skip is not None:
        output = converters.play(np.zeros((converters.block_samples, 2), np.int64))
        skipped = min(skip, len(output))
        skip -= skipped
        output = output[skipped:][:wanted]
        wanted -= len(output)
        yield output
