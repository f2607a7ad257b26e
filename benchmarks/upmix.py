"""Measures how well upmixes recover the centre of mixtures of real recordings.

Each mixture has three stems: a voice in the centre (espeak-ng), and two pieces of music, hard left and hard right.  The
music is from the Debian packages asc-music and frozen-bubble-data.  There are three sets of stems in three balances.

The table has the gain of the centre's signal-to-distortion ratio (SDR) over the passive mid (L + R)/2.  It is given as
scale-invariant SDR (Le Roux et al., "SDR - half-baked or well done?", ICASSP 2019) and as plain SDR.  The last column
is the largest correlation of the centre with side.  Nothing is timed.

    .venv/bin/python -m benchmarks.upmix
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import fftconvolve, firwin, lfilter, resample_poly

from designer.dsp.upmix import Upmix
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.errors import LayoutError
from designer.fixedpoint.model.upmix import UpmixModel
from designer.fixedpoint.number_format import Q15, Q31, NumberFormat

RATE_HZ = 48000
SETTLE_S = 0.25
HOP = 64

_ASC = Path("/usr/share/games/asc/music")
_BUBBLE = Path("/usr/share/games/frozen-bubble/snd")
# Voice of espeak-ng and what it says; files of the left and the right piece of music and where in them it starts.
Spoken = tuple[str, str]
Music = tuple[tuple[Path, float], tuple[Path, float]]
STEMS: tuple[tuple[Spoken, Music], ...] = (
    (
        ("en-us", "The quick brown fox jumps over the lazy dog, while the loudspeaker plays the evening news."),
        ((_ASC / "frontiers.mp3", 20.0), (_BUBBLE / "frozen-mainzik-1p.ogg", 25.0)),
    ),
    (
        ("en-gb+f3", "A small cabinet can sound far wider than it is, if each driver knows what the others do."),
        ((_ASC / "machine_wars.mp3", 30.0), (_BUBBLE / "introzik.ogg", 15.0)),
    ),
    (
        (
            "de",
            "Ein kleiner Lautsprecher kann viel breiter klingen, als er ist, wenn jeder Treiber von den anderen weiss.",
        ),
        ((_ASC / "time_to_strike.mp3", 40.0), (_BUBBLE / "frozen-mainzik-2p.ogg", 30.0)),
    ),
)
# Gains of centre, left and right.  All stems have the same power.
BALANCES = {
    "equal sides": (1.0, 1.0, 1.0),
    "sides 10 dB apart": (1.0, 1.0, 10**-0.5),
    "centre 10 dB down": (10**-0.5, 1.0, 1.0),
}

Method = Callable[[np.ndarray], tuple[np.ndarray, int]]


@dataclass(frozen=True)
class Result:
    """Results of one method on one mixture: improvements in dB, and |correlation(C, S)|."""

    method: str
    balance: str
    stems: int
    scale_invariant_db: float
    plain_db: float
    correlation: float


def read_stem(path: Path, start_s: float, seconds: float) -> np.ndarray:
    """Read part of a recording as mono at 48 kHz with unit power.  A short recording is repeated."""
    try:
        native = soundfile.info(path).samplerate
        x, _ = soundfile.read(
            path, start=int(start_s * native), frames=int(seconds * native), dtype="float64", always_2d=True
        )
    except soundfile.LibsndfileError as error:
        raise LayoutError(
            f"'{path}': cannot be read: {error}: apt-get install asc-music frozen-bubble-data espeak-ng"
        ) from error
    divisor = gcd(RATE_HZ, native)
    mono = resample_poly(x.mean(axis=1), RATE_HZ // divisor, native // divisor)
    mono = np.resize(mono, int(seconds * RATE_HZ))
    return np.asarray(mono / np.sqrt(np.mean(mono**2)))


def read_voice(spoken: Spoken, seconds: float) -> np.ndarray:
    """Synthesise a sentence with espeak-ng."""
    voice, text = spoken
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "voice.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(path), text], check=True)
        return read_stem(path, 0.0, seconds)


def vickers(edges_hz: tuple[float, ...], taps: int, smoothing_s: float = 0.02) -> Method:
    """Build Vickers' power ratio, a gain of mid in bands of FIR filters.  Without edges it is broadband."""
    lowpass = [firwin(taps, edge, fs=RATE_HZ, window="hann") for edge in edges_hz]
    whole = np.eye(1, taps, taps // 2)[0]
    prototypes = np.diff([*lowpass, whole], axis=0, prepend=np.zeros((1, taps)))
    keep = np.exp(-HOP / RATE_HZ / smoothing_s)

    def powers(x: np.ndarray) -> np.ndarray:
        hops = x[:, : x.shape[1] // HOP * HOP].reshape(x.shape[0], -1, HOP)
        return np.asarray(lfilter([1 - keep], [1, -keep], np.mean(hops**2, axis=2), axis=1))

    def upmix(stereo: np.ndarray) -> tuple[np.ndarray, int]:
        mid, side = (
            np.array([fftconvolve(x, p)[: x.size] for p in prototypes])
            for x in ((stereo[:, 0] + stereo[:, 1]) / 2, (stereo[:, 0] - stereo[:, 1]) / 2)
        )
        gain = np.maximum(1 - np.sqrt(powers(side) / (powers(mid) + 1e-12)), 0)
        at = np.arange(stereo.shape[0]) / HOP - 1
        ramped = np.array([np.interp(at, np.arange(g.size), g, left=0.0) for g in gain])
        return np.asarray(np.sum(ramped * mid, axis=0)), taps // 2

    return upmix


def own_float(stereo: np.ndarray) -> tuple[np.ndarray, int]:
    """Proscenium's upmix in float64."""
    return Upmix().process(stereo)[:, 2], DELAY_SAMPLES


def own_fixed(number_format: NumberFormat) -> Method:
    """Build Proscenium's upmix as the board computes it."""
    word = number_format.sample

    def upmix(stereo: np.ndarray) -> tuple[np.ndarray, int]:
        return word.to_float(UpmixModel(number_format).process(word.quantise(stereo))[:, 2]), DELAY_SAMPLES

    return upmix


METHODS: dict[str, Method] = {
    "Vickers' ratio, broadband": vickers((), 1),
    "Vickers' ratio, 8 bands of 257 taps": vickers((200, 400, 800, 1600, 3200, 5000, 9000), 257),
    "regression and Wiener gain, float64": own_float,
    "regression and Wiener gain, q31": own_fixed(Q31),
    "regression and Wiener gain, q15": own_fixed(Q15),
}


def _distortion_db(wanted: np.ndarray, got: np.ndarray, *, scale_invariant: bool) -> float:
    scale = float(wanted @ got / (wanted @ wanted)) if scale_invariant else 1.0
    return float(10 * np.log10(np.sum((scale * wanted) ** 2) / np.sum((got - scale * wanted) ** 2)))


def measure(
    methods: dict[str, Method], seconds: float = 8.0, stems: tuple[tuple[Spoken, Music], ...] = STEMS
) -> list[Result]:
    """Run methods over all mixtures.  The peak of each mixture is at −1 dBFS."""
    results = []
    for number, (spoken, (left_stem, right_stem)) in enumerate(stems):
        voice = read_voice(spoken, seconds)
        left, right = read_stem(*left_stem, seconds), read_stem(*right_stem, seconds)
        for balance, (of_voice, of_left, of_right) in BALANCES.items():
            stereo = np.stack([of_voice * voice + of_left * left, of_voice * voice + of_right * right], axis=1)
            scale = 10**-0.05 / np.abs(stereo).max()
            results += [
                _measure(name, method, balance, number, stereo * scale, of_voice * voice * scale)
                for name, method in methods.items()
            ]
    return results


def _measure(name: str, method: Method, balance: str, number: int, stereo: np.ndarray, wanted: np.ndarray) -> Result:
    centre, delay = method(stereo)
    settled = slice(int(SETTLE_S * RATE_HZ), None)
    centre = centre[delay:][settled]
    count = stereo.shape[0] - delay
    wanted, mid = wanted[:count][settled], stereo.mean(axis=1)[:count][settled]
    side = (stereo[:, 0] - stereo[:, 1])[:count][settled]
    gains = [
        _distortion_db(wanted, centre, scale_invariant=invariant)
        - _distortion_db(wanted, mid, scale_invariant=invariant)
        for invariant in (True, False)
    ]
    return Result(name, balance, number, gains[0], gains[1], abs(float(np.corrcoef(centre, side)[0, 1])))


def table_text(results: list[Result]) -> str:
    """Write the results of all methods as a table."""
    heading = f"{'improvement over the passive mid, dB (SI-SDR; plain SDR)':57s}"
    lines = [heading + "".join(f"{balance:>21s}" for balance in BALANCES) + f"{'mean':>14s}  |corr(C,S)|"]
    for name in dict.fromkeys(r.method for r in results):
        mine = [r for r in results if r.method == name]
        cells = [[r for r in mine if r.balance == balance] for balance in BALANCES] + [mine]
        texts = [
            f"{np.mean([r.scale_invariant_db for r in cell]):.1f} ({np.mean([r.plain_db for r in cell]):.1f})"
            for cell in cells
        ]
        row = "".join(f"{text:>21s}" for text in texts[:-1]) + f"{texts[-1]:>14s}"
        lines.append(f"{name:57s}{row}  {max(r.correlation for r in mine):.3f}")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    sys.stdout.write(f"{table_text(measure(METHODS))}\n")


if __name__ == "__main__":
    main()
