"""A driver's responses from a folder of WAVs with a table of angles, in the dialects that spreadsheets write."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from designer.acoustics.measured.repeats import merge_repeats
from designer.acoustics.measured.response_set import ResponseSet
from designer.acoustics.measured.sofa_data import LONGEST_S
from designer.errors import LayoutError

TABLE_NAME = "angles.csv"
COLUMNS = ("file", "azimuth_deg", "elevation_deg", "distance_m")
_NEEDED = COLUMNS[:2]
_SEPARATORS = {";": "semicolon", "\t": "tab", ",": "comma"}
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DEFAULTS = {"elevation_deg": 0.0, "distance_m": 1.0}
_MOST_ROWS = 100_000
# Subtypes of libsndfile that keep the waveform.  All others are for listening.
_LOSSLESS = ("PCM_", "ALAC_", "FLOAT", "DOUBLE")


def find_table(folder: Path) -> Path:
    """Path of the table of a folder, in any case.

    Raises
    ------
    LayoutError
        If there is none, or more than one.
    """
    found = [path for path in sorted(folder.iterdir()) if path.name.lower() == TABLE_NAME]
    if len(found) != 1:
        what = "more than one table" if found else "no table"
        raise LayoutError(f"'{folder}': {what}: a folder of measurements needs a table {TABLE_NAME}: write it")
    return found[0]


def driver_from_folder(folder: Path) -> ResponseSet:
    """Read a folder of WAVs.

    Parameters
    ----------
    folder : Path
        It has ``angles.csv`` with the columns ``file``, ``azimuth_deg``, ``elevation_deg`` (0 where left out) and
        ``distance_m`` (1 where left out).  A column is left out of all rows or of none.  Separators are comma,
        semicolon or tab.  Decimal commas, capitals, byte order marks and Latin-1 are understood.

    Returns
    -------
    ResponseSet
        One channel.

    Raises
    ------
    LayoutError
        With the line and its fault.
    """
    table = find_table(folder)
    rows = _rows(table)
    _check_gaps(table, rows)
    places, pieces = [], []
    rates: dict[int, str] = {}
    for number, row in rows:
        places.append([_number(table, number, column, row) for column in COLUMNS[1:]])
        audio, rate = _audio(folder, table, number, row["file"])
        pieces.append(audio)
        rates.setdefault(rate, row["file"])
    if len(rates) > 1:
        raise LayoutError(f"'{folder}': sample rates {sorted(rates)} Hz are mixed: convert them to one")
    responses = np.zeros((len(pieces), 1, max(map(len, pieces))))
    for index, piece in enumerate(pieces):
        responses[index, 0, : len(piece)] = piece
    common_rate = float(next(iter(rates)))
    found = ResponseSet(
        _places(table, rows, np.array(places)),
        responses,
        np.zeros((len(pieces), 1)),
        common_rate,
        band_hz=(common_rate / responses.shape[2], common_rate / 2),
    )
    return merge_repeats(found, str(folder))


def _places(table: Path, rows: list[tuple[int, dict[str, str]]], spherical: NDArray[np.float64]) -> NDArray[np.float64]:
    azimuth, elevation = np.deg2rad(spherical[:, :2]).T
    for index, (number, _) in enumerate(rows):
        if abs(spherical[index, 1]) > 90:
            raise LayoutError(
                f"'{table}', line {number}: elevation_deg = {spherical[index, 1]:g}: allowed is -90 to 90 (0 is "
                "horizontal): convert polar angles"
            )
        if spherical[index, 2] <= 0:
            raise LayoutError(
                f"'{table}', line {number}: distance_m = {spherical[index, 2]:g}: allowed is above 0: correct it"
            )
    unit = np.stack(
        [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)], axis=1
    )
    return np.asarray(spherical[:, 2:3] * unit)


def _text(table: Path) -> str:
    """Text of the table: UTF-8, UTF-16 with its mark, or Latin-1 (Windows-1252)."""
    try:
        data = table.read_bytes()
    except OSError as error:
        raise LayoutError(f"'{table}': cannot be read: {error.strerror}: check the path and its permissions") from error
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows of the table by column, each with its line."""
    text = _text(table)
    if "\0" in text:
        raise LayoutError(f"'{table}': is no text: save it as CSV (UTF-8)")
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip(" \t;,")]
    if lines and lines[0][1].lower().startswith("sep="):
        lines = lines[1:]
    if not lines:
        raise LayoutError(f"'{table}': is empty: it needs a row for each file and the columns {', '.join(COLUMNS)}")
    heading = lines[0][1]
    separator = max(_SEPARATORS, key=heading.count)
    names = [name.strip().strip('"').lower() for name in next(csv.reader([heading], delimiter=separator))]
    while names and not names[-1]:
        names.pop()
    _check_names(table, names, separator)
    rows = []
    for number, line in lines[1:]:
        cells = [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=separator))]
        if len(cells) > len(names) and any(cells[len(names) :]):
            hint = ": are these decimal commas? separate the columns by semicolons" if separator == "," else ""
            raise LayoutError(
                f"'{table}', line {number}: {len(cells)} cells for {len(names)} columns, separated by "
                f"{_SEPARATORS[separator]}{hint or ': remove what is too much'}"
            )
        rows.append((number, dict(zip(names, cells, strict=False))))
    if not rows or len(rows) > _MOST_ROWS:
        raise LayoutError(f"'{table}': {len(rows)} rows: allowed are 1 to {_MOST_ROWS}, one for each file")
    return rows


def _check_gaps(table: Path, rows: list[tuple[int, dict[str, str]]]) -> None:
    """Refuse a value that only some rows have: the default would stand for what somebody forgot."""
    for column in _DEFAULTS:
        gaps = [number for number, row in rows if not row.get(column)]
        if gaps and len(gaps) < len(rows):
            raise LayoutError(
                f"'{table}', line {gaps[0]}: {column} is empty, and other rows have one: fill in all rows, or none"
            )


def _check_names(table: Path, names: list[str], separator: str) -> None:
    missing = [column for column in _NEEDED if column not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(set(names)) < len(names):
        what = f"unknown column '{unknown[0]}'" if unknown else f"column '{(missing or ['file'])[0]}' is missing"
        if not missing and not unknown:
            what = "a column is given twice"
        raise LayoutError(
            f"'{table}', first line: {what} (separated by {_SEPARATORS[separator]}): needs a row for each file and the "
            f"columns {', '.join(COLUMNS)}, of which the last two may be left out"
        )


def _number(table: Path, line: int, column: str, row: dict[str, str]) -> float:
    text = row.get(column, "")
    if not text and column in _DEFAULTS:
        return _DEFAULTS[column]
    try:
        if "_" in text:
            # Python's own notation, which no spreadsheet writes.
            raise ValueError(text)
        value = float(text.replace("\u2212", "-").replace(",", "."))
    except ValueError as error:
        raise LayoutError(
            f"'{table}', line {line}: not a number: {column} = '{text}': write it as 12.5 or 12,5"
        ) from error
    if not np.isfinite(value):
        raise LayoutError(f"'{table}', line {line}: {column} = {text}: allowed are finite numbers: correct it")
    return value


def _audio(folder: Path, table: Path, line: int, name: str) -> tuple[NDArray[np.float64], int]:
    if not name:
        raise LayoutError(f"'{table}', line {line}: file is empty: name the WAV of this direction")
    path = folder / name
    try:
        with soundfile.SoundFile(path) as file:
            channels, seconds, rate = file.channels, file.frames / file.samplerate, file.samplerate
            subtype = str(file.subtype)
            lossless = subtype.startswith(_LOSSLESS)
            fits = lossless and channels == 1 and 0 < seconds <= LONGEST_S and 8000 <= rate <= 384000
            audio = file.read(dtype="float64") if fits else np.zeros(0)
    except (soundfile.LibsndfileError, OSError, ValueError, RuntimeError) as error:
        raise LayoutError(
            f"'{table}', line {line}: '{name}' cannot be read as audio: {error}: is the name spelled as the file's?"
        ) from error
    if not lossless:
        raise LayoutError(
            f"'{path}': {subtype} is lossy, it changes the waveform: allowed are PCM and float, in WAV or FLAC: export "
            "it again"
        )
    if not fits:
        raise LayoutError(
            f"'{path}': {channels} channels, {seconds:.2f} s, {rate} Hz: "
            f"allowed is one channel of up to {LONGEST_S:g} s at 8000 to 384000 Hz"
        )
    return audio, rate
