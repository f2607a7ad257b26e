"""Audio files of any rate and length, read and written in pieces."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from designer.errors import InputWarning, LayoutError
from designer.temporary import temporary_file

CHUNK_SAMPLES = 1 << 16
# The chunks ahead of the samples, with room to spare.
_HEADER_BYTES = 256
# A plain WAV counts its bytes in 32 bits.
_MOST_WAV_BYTES = 4_000_000_000
_RATES_HZ = (4000, 768_000)
# What libsndfile logs where a chunk of samples is shorter than its header says.
_UNKNOWN_LENGTH = 0xFFFF_0000
_CUT_SHORT = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)
_FORMATS = {".wav": "WAV", ".flac": "FLAC"}


class StereoReader:
    """Reads a mono or stereo file in pieces, as stereo at a wanted rate.

    Parameters
    ----------
    path : Path
        Anything libsndfile reads: WAV, FLAC, AIFF, Ogg, MP3.
    rate_hz : int
        Wanted rate.  A file of another rate is converted (soxr, very high quality).

    Raises
    ------
    LayoutError
        If it cannot be read, holds no samples, has more than two channels or a rate outside 4 to 768 kHz, or
        holds values that are not finite.

    Warns
    -----
    InputWarning
        If the recording was cut short, or if samples lie above full scale.
    """

    def __init__(self, path: Path, rate_hz: int) -> None:
        self._path, self._rate_hz = path, rate_hz
        if not path.is_file():
            raise LayoutError(f"'{path}': no such file: give a recording, mono or stereo")
        try:
            self._file = soundfile.SoundFile(path)
        except (soundfile.LibsndfileError, OSError) as error:
            raise LayoutError(f"'{path}': cannot be read as audio: {error}") from error
        try:
            self._check()
        except LayoutError:
            self._file.close()
            raise
        self._clipped, self._peak = 0, 0.0

    def _check(self) -> None:
        """Refuse what cannot be played, before any work."""
        if self._file.channels > 2:
            raise LayoutError(f"'{self._path}': {self._file.channels} channels, allowed are 1 and 2: mix it down first")
        if not _RATES_HZ[0] <= self._file.samplerate <= _RATES_HZ[1]:
            raise LayoutError(
                f"'{self._path}': sample rate {self._file.samplerate} Hz, allowed are {_RATES_HZ[0]} to "
                f"{_RATES_HZ[1]} Hz: correct the header"
            )
        if self._file.frames == 0:
            raise LayoutError(
                f"'{self._path}': its header counts no samples in a file of {self._path.stat().st_size} bytes: if the "
                f"recorder stopped early, mend the header: sox --ignore-length '{self._path}' mended.wav"
            )
        cut = _CUT_SHORT.search(self._file.extra_info)
        # A recorder that streams writes the largest length, because it does not know the true one.
        if cut and int(cut[1]) < _UNKNOWN_LENGTH:
            share = int(cut[2]) / max(int(cut[1]), 1)
            warnings.warn(
                f"'{self._path}': the file was cut short: it holds {share:.0%} of what its header says",
                InputWarning,
                stacklevel=3,
            )

    @property
    def frames(self) -> int:
        """Frames at the wanted rate, about."""
        return round(int(self._file.frames) * self._rate_hz / int(self._file.samplerate))

    @property
    def source_rate_hz(self) -> int:
        """Rate of the file itself."""
        return int(self._file.samplerate)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def pieces(self) -> Iterator[NDArray[np.float64]]:
        """Read the rest of the file in pieces (n, 2) float64 within ±1, with n up to some ten thousand.

        The board's converter cannot take more than full scale either, so samples above it are clipped.  A warning
        at the end says how many.
        """
        same = self._file.samplerate == self._rate_hz
        converter = None if same else soxr.ResampleStream(self._file.samplerate, self._rate_hz, 2, "float64", "VHQ")
        try:
            # Not by ``blocks``, which needs to seek: some codecs cannot.
            while len(chunk := self._file.read(CHUNK_SAMPLES, dtype="float64", always_2d=True)):
                if not np.all(np.isfinite(chunk)):
                    raise LayoutError(f"'{self._path}': holds values that are not finite: repair or export it again")
                stereo = np.repeat(chunk, 2, axis=1) if chunk.shape[1] == 1 else chunk
                yield self._clip(stereo if converter is None else converter.resample_chunk(stereo))
            if converter is not None:
                yield self._clip(converter.resample_chunk(np.zeros((0, 2)), last=True))
        except soundfile.LibsndfileError as error:
            raise LayoutError(f"'{self._path}': cannot be read as audio: {error}") from error
        if self._clipped:
            over_db = 20 * np.log10(self._peak)
            warnings.warn(
                f"'{self._path}': {self._clipped} samples above full scale were clipped, the highest by "
                f"{over_db:.1f} dB: lower the level of the file by that much",
                InputWarning,
                stacklevel=2,
            )

    def _clip(self, stereo: NDArray[np.float64]) -> NDArray[np.float64]:
        magnitudes = np.abs(stereo)
        self._clipped += int(np.count_nonzero(magnitudes > 1.0))
        self._peak = max(self._peak, float(magnitudes.max(initial=0.0)))
        return np.clip(stereo, -1.0, 1.0)


def _forget_time(path: Path) -> None:
    """Set the time of writing to 0, which libsndfile puts into the PEAK chunk of a float WAV: equal sound, equal bytes.

    The chunk has its name, its size, a version and the time, each of four bytes.
    """
    with path.open("r+b") as file:
        head = file.read(_HEADER_BYTES)
        place = head.find(b"PEAK", 0, max(head.find(b"data"), 0))
        if head.startswith(b"RIFF") and place >= 0:
            file.seek(place + 12)
            file.write(bytes(4))


def _require_room(temporary: Path, path: Path) -> None:
    """Find out whether a file cannot be begun because the disk is full, which libsndfile does not tell."""
    try:
        temporary.write_bytes(bytes(_HEADER_BYTES))
    except OSError as error:
        # The user knows the target, and not the temporary.
        error.filename = str(path)
        raise


@contextmanager
def open_writer(path: Path, rate_hz: int, channels: int, subtype: str, frames: int) -> Iterator[soundfile.SoundFile]:
    """Write an audio file that appears whole or not at all.

    Parameters
    ----------
    path : Path
        ``.wav`` or ``.flac``.  Its directory is created if it does not exist.
    rate_hz, channels : int
    subtype : str
        Subtype of libsndfile, such as 'PCM_24' or 'FLOAT'.  FLAC always takes 'PCM_24'.
    frames : int
        Expected number of frames, about.  A WAV of more than 4 GB becomes RF64.

    Raises
    ------
    LayoutError
        If the format cannot hold it.
    OSError
        If the file cannot be written.
    """
    kind = _FORMATS.get(path.suffix.lower())
    if kind is None:
        raise LayoutError(f"'{path}': allowed are files that end in {' or '.join(_FORMATS)}")
    if kind == "FLAC":
        subtype = "PCM_24"
        if channels > 8:
            raise LayoutError(f"'{path}': {channels} channels: FLAC holds up to 8, use .wav")
    elif frames * channels * 4 > _MOST_WAV_BYTES:
        kind = "RF64"
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_file(path) as temporary:
        try:
            file = soundfile.SoundFile(temporary, "w", rate_hz, channels, subtype, format=kind)
        except soundfile.LibsndfileError as error:
            _require_room(temporary, path)
            raise LayoutError(f"'{path}': cannot be written: {error}: check the path and its permissions") from error
        with file:
            yield file
        _forget_time(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
