"""Hours of music through the converters of the virtual board, every sample against the bit-exact model.

``python -m benchmarks.long_play --minutes 60`` repeats a recording until the time is over and writes
``build/long_play.json``. Each repetition has another level, so that limiters and upmix meet it anew.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from designer.board.converters import playing
from designer.board.open import VirtualBoard
from designer.design.build import build_design
from designer.design.model import Design
from designer.design.store import save_design
from designer.errors import HilError, ProsceniumError
from designer.files import replace_file
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.layout.shipped import find_layout
from designer.render.audio_files import StereoReader
from designer.toolchain.compiler import build_image

_MUSIC = Path("/usr/share/games/asc/music/frontiers.mp3")
_PIECE_FRAMES = 48000
_LEVELS = (1.0, 0.5, 0.25, 0.71)


@dataclass
class LongPlay:
    """What was played and compared.

    Attributes
    ----------
    layout, digest, music : str
    seconds : float
        Of audio compared.
    samples : int
        Driver samples compared.
    bit_exact : bool
        Whether all were equal.
    first_difference : int or None
        Frame of the first difference.
    late_blocks, races, muted_frames : int
        All 0 on a board that keeps up.
    wall_s : float
    """

    layout: str
    digest: str
    music: str
    seconds: float = 0.0
    samples: int = 0
    bit_exact: bool = True
    first_difference: int | None = None
    late_blocks: int = 0
    races: int = 0
    muted_frames: int = 0
    wall_s: float = 0.0


def _pieces(music: Path, design: Design, frames: int) -> Iterator[np.ndarray]:
    """Raw samples (n, 2) of a recording, again and again, in pieces of one second."""
    word, rate, left, repetition = design.fixed.number_format.sample, design.layout.sample_rate_hz, frames, 0
    rest = np.zeros((0, 2), np.int64)
    while left > 0:
        with closing(StereoReader(music, rate)) as reader:
            for piece in reader.pieces():
                rest = np.concatenate([rest, word.quantise(piece * _LEVELS[repetition % len(_LEVELS)])])
                while len(rest) >= _PIECE_FRAMES and left > 0:
                    yield rest[: min(_PIECE_FRAMES, left)]
                    left -= _PIECE_FRAMES
                    rest = rest[_PIECE_FRAMES:]
        repetition += 1


def long_play(board: VirtualBoard, design: Design, music: Path, minutes: float) -> LongPlay:
    """Play and compare; ends at the first difference.

    Raises
    ------
    HilError
        If the board does not play, or does what the hardware does not take.
    """
    rate = design.layout.sample_rate_hz
    found = LongPlay(design.layout.name, design.digest, str(music))
    model, began, told = PipelineModel(design.fixed), time.monotonic(), 0.0
    expected = np.zeros((0, len(design.layout.drivers)), np.int64)
    with playing(board) as converters, ThreadPoolExecutor(1) as pool:
        late = int(board.health()["deadline_misses"])
        skip: int | None = None
        for piece in _pieces(music, design, round(60 * minutes * rate)):
            # The model computes in this process while the board plays in its own.
            computing = pool.submit(model.process, piece)
            output = converters.play(piece)
            expected = np.concatenate([expected, computing.result()])
            model.forget_decisions()
            skip = converters.skip_frames if skip is None else skip
            skipped = min(skip, len(output))
            skip -= skipped
            output = output[skipped:]
            wrong = (output != expected[: len(output)]).any(axis=1)
            if wrong.any():
                found.bit_exact = False
                found.first_difference = found.samples // output.shape[1] + int(np.argmax(wrong))
                break
            expected = expected[len(output) :]
            found.samples += output.size
            found.seconds = found.samples / output.shape[1] / rate
            found.wall_s = time.monotonic() - began
            if found.seconds - told >= 60:
                told = found.seconds
                sys.stderr.write(f"{told / 60:.0f} min bit exact, {told / found.wall_s:.2f} x real time\n")
        found.late_blocks = int(board.health()["deadline_misses"]) - late
        found.races, found.muted_frames = converters.races(), converters.muted_frames
    found.wall_s = time.monotonic() - began
    return found


def main() -> None:
    """Design, build, play, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_play", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--layout", default="front3")
    parser.add_argument("--input", type=Path, default=_MUSIC, help="a recording, mono or stereo")
    parser.add_argument("--out", type=Path, default=Path("build/long_play.json"))
    arguments = parser.parse_args()
    try:
        design = build_design(find_layout(arguments.layout))
        directory = arguments.out.parent / f"long_play-{design.layout.name}"
        save_design(design, directory)
        image = build_image(directory / "generated", "virtual", directory / "firmware.elf")
        with VirtualBoard(image.elf, design.digest, design.layout) as board:
            found = long_play(board, design, arguments.input, arguments.minutes)
        text = json.dumps(asdict(found), indent=2) + "\n"
        replace_file(arguments.out, lambda file: file.write(text.encode()))
        sys.stdout.write(text)
        if not found.bit_exact or found.late_blocks or found.muted_frames:
            raise HilError("board and model differ, or the board was late")
    except ProsceniumError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
