"""Feed the host's readers with damaged input: each case ends in a result or in a `ProsceniumError`.

Run as ``python -m benchmarks.fuzz_readers --cases 10000``, so many cases for each reader; ``--readers`` names some of
them.  Hypothesis makes the cases from valid input, shortens what fails, and always makes the same ones.  SOFA files
are left out, because the C library that reads them may end the process.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import soundfile
from cobs import cobs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from designer import protocol
from designer.acoustics.measured.files import read_driver
from designer.acoustics.measured.wav_folder import TABLE_NAME
from designer.board.session import Board
from designer.board.tune import tables_of
from designer.codegen.generate import generate
from designer.design.model import Design
from designer.design.store import load_design_layout, load_gain_db, load_tables, save_design
from designer.errors import ProsceniumError
from designer.filters.bank import FilterBank
from designer.fixedpoint.number_format import NumberFormat
from designer.fixedpoint.proof.overflow import prove
from designer.fixedpoint.quantise.bank import quantise_bank
from designer.layout.load import load_layout
from designer.layout.shipped import shipped_layouts
from designer.protocol import Frame
from designer.regression import history
from designer.render.audio_files import StereoReader

# Pieces that have a meaning somewhere: ends of ranges, signs of other notations, other encodings.
_TOKENS = [
    *(b"0", b"-1", b"1e309", b"nan", b"inf", b"true", b"null", b'""', b"[]", b"{}", b"9" * 5000, b"=", b"\n", b'"""'),
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x80", b"\xe2\x80\xae", b";", b",", b"\t", b"../", b"[[driver]]\n"),
    *(b"[" * 2000, b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0"),
]
# In place of an array: another shape or type, values out of range, names that are paths, objects of Python.
_ARRAYS = [
    *(np.zeros(0), np.zeros((2, 2, 2)), np.array(np.nan), np.array(np.inf), np.array(-1), np.array(2**63 - 1)),
    *(np.array("../x"), np.array(["a"] * 3), np.array(["../x", "b", "c"]), np.array([{}], dtype=object)),
    *(np.full((3, 3, 32), np.nan), np.full((3, 3), 10**9), np.array([[5, 9], [-7, 1]]), np.array([True])),
]
_EDIT = st.tuples(
    st.sampled_from(["flip", "put", "cut", "repeat", "end"]),
    st.integers(0, 1 << 16),
    st.integers(1, 64),
    st.one_of(st.sampled_from(_TOKENS), st.binary(max_size=8)),
)
EDITS = st.lists(_EDIT, min_size=1, max_size=5)


def damage(data: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    """Change bytes at places that wrap around: flip bits, put a piece in, cut, repeat, or end early."""
    for kind, place, size, piece in edits:
        at = place % (len(data) + 1)
        if kind == "flip":
            data = data[:at] + bytes(byte ^ (size & 0xFF) for byte in data[at : at + 1]) + data[at + 1 :]
        elif kind == "put":
            data = data[:at] + piece + data[at:]
        elif kind == "cut":
            data = data[:at] + data[at + size :]
        elif kind == "repeat":
            data = data[: at + size] + data[at:]
        else:
            data = data[:at]
    return data


class _Impostor:
    """A line to a board whose replies have damaged payloads in whole link frames."""

    def __init__(self, edits: list[tuple[str, int, int, bytes]], honest: int) -> None:
        self._edits, self._honest, self._pending = edits, honest, bytearray()

    def write(self, data: bytes) -> None:
        for encoded in filter(None, data.split(b"\0")):
            frame = Frame.from_bytes(cobs.decode(encoded))
            payload = _hello() if frame.type == protocol.HELLO.code else bytes(64)
            if self._honest == 0:
                payload = damage(payload, self._edits)[: protocol.MAX_PAYLOAD_BYTES]
            self._honest = max(self._honest - 1, 0)
            reply = Frame(frame.type | protocol.REPLY_BIT, frame.sequence, frame.session, payload)
            self._pending += cobs.encode(reply.to_bytes()) + b"\0"

    def read(self, timeout_s: float) -> bytes:
        del timeout_s
        data, self._pending = bytes(self._pending), bytearray()
        return data

    def close(self) -> None:
        """Nothing is open."""


def _hello() -> bytes:
    values: dict[str, int | bytes | str] = dict.fromkeys((item.name for item in protocol.HELLO_REPLY.payload.fields), 1)
    for item in protocol.HELLO_REPLY.payload.fields:
        if item.kind in ("text", "bytes"):
            values[item.name] = b"board"[: item.length] if item.kind == "text" else bytes(item.length)
    values |= {"sample_rate_hz": 48000, "block_samples": 64, "max_payload_bytes": 1024, "credits": 4, "drivers": 3}
    values |= {"inputs": 3, "number_format": protocol.NUMBER_FORMAT["Q31"], "reserved": 0, "clock_source": 0}
    return protocol.HELLO_REPLY.payload.pack(**values)


def _layouts(folder: Path) -> Callable[[Any], None]:
    texts = [path.read_bytes() for path in shipped_layouts().values()]

    def read(data: Any) -> None:
        path = folder / "layout.toml"
        path.write_bytes(damage(data.draw(st.sampled_from(texts)), data.draw(EDITS)))
        load_layout(path)

    return read


def _audio(folder: Path) -> Callable[[Any], None]:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (300, 2))
    seeds = {}
    for name, subtype in (("a.wav", "PCM_16"), ("b.wav", "FLOAT"), ("c.flac", "PCM_24")):
        soundfile.write(folder / name, noise, 44100, subtype)
        seeds[name] = (folder / name).read_bytes()

    def read(data: Any) -> None:
        name = data.draw(st.sampled_from(sorted(seeds)))
        path = folder / name
        path.write_bytes(damage(seeds[name], data.draw(EDITS)))
        reader = StereoReader(path, data.draw(st.sampled_from([44100, 48000])))
        try:
            for _ in reader.pieces():
                pass
        finally:
            reader.close()

    return read


def _responses(folder: Path) -> Callable[[Any], None]:
    rows = ["file,azimuth_deg,elevation_deg,distance_m"]
    for n in range(3):
        soundfile.write(folder / f"{n}.wav", np.random.default_rng(n).uniform(-0.5, 0.5, 64), 48000, "PCM_16")
        rows.append(f"{n}.wav,{40 * n},0,1.5")
    seeds = {TABLE_NAME: ("\n".join(rows) + "\n").encode(), "1.wav": (folder / "1.wav").read_bytes()}

    def read(data: Any) -> None:
        name = data.draw(st.sampled_from(sorted(seeds)))
        for other, seed in seeds.items():
            (folder / other).write_bytes(damage(seed, data.draw(EDITS)) if other == name else seed)
        read_driver(folder, 343.0)

    return read


def _history(folder: Path) -> Callable[[Any], None]:
    line = {
        "layout": "front3",
        "board": "virtual",
        "figures": {"null_db": 16.8, "load": 42.0},
        "verdict": "pass",
        "accepted": "",
        "digest": "00" * 32,
        "time": "2026-01-01T00:00:00",
    }
    seed = "".join(json.dumps({**line, "load": n}) + "\n" for n in range(3)).encode()

    def read(data: Any) -> None:
        path = folder / history.FILE_NAME
        path.write_bytes(damage(seed, data.draw(EDITS)))
        lines = history.read(path, "front3", "virtual")
        history.worsenings({"null_db": 15.0}, history.baseline(lines))
        history.trend(lines)

    return read


def _replies(folder: Path) -> Callable[[Any], None]:
    del folder

    def read(data: Any) -> None:
        board = Board(_Impostor(data.draw(EDITS), data.draw(st.integers(0, 1))))
        for ask in (board.health, board.status, lambda: tables_of(board.link), lambda: board.tap("bus", 0)):
            try:
                ask()
            except ProsceniumError:
                continue

    return read


def _frames(folder: Path) -> Callable[[Any], None]:
    del folder

    def read(data: Any) -> None:
        whole = cobs.encode(Frame(1, 2, 3, data.draw(st.binary(max_size=40))).to_bytes())
        try:
            Frame.from_bytes(cobs.decode(damage(whole, data.draw(EDITS))))
        except (ValueError, cobs.DecodeError):
            return  # what both document

    return read


def _designs(folder: Path) -> Callable[[Any], None]:
    layout = load_layout(shipped_layouts()["front3"])
    rng, names = np.random.default_rng(1), tuple(driver.name for driver in layout.drivers)
    taps = rng.standard_normal((len(names), 3, 32)) * 0.01
    bank = FilterBank(taps, names, ("left", "right", "centre"), layout.sample_rate_hz, 0)
    fixed = quantise_bank(bank, NumberFormat.named(layout.number_format))
    # What is stored does not say how the filters were found.
    found = Design(layout, bank, bank, (), 0.0, fixed, prove(fixed), generate(layout, fixed), cast(Any, None))
    save_design(found, folder)
    seeds = {name: (folder / name).read_bytes() for name in ("layout.json", "filters.npz", "tables.npz")}

    def read(data: Any) -> None:
        name = data.draw(st.sampled_from(sorted(seeds)))
        for other, seed in seeds.items():
            (folder / other).write_bytes(seed)
        if name.endswith(".npz") and data.draw(st.booleans()):
            with np.load(folder / name) as file:
                arrays = dict(file)
            arrays[data.draw(st.sampled_from(sorted(arrays)))] = data.draw(st.sampled_from(_ARRAYS))
            np.savez(folder / name, **arrays)
        else:
            (folder / name).write_bytes(damage(seeds[name], data.draw(EDITS)))
        load_design_layout(folder)
        load_gain_db(folder)
        load_tables(folder)

    return read


READERS: dict[str, Callable[[Path], Callable[[Any], None]]] = {
    "layout": _layouts,
    "audio": _audio,
    "responses": _responses,
    "history": _history,
    "replies": _replies,
    "frames": _frames,
    "designs": _designs,
}


def fuzz(name: str, cases: int, folder: Path) -> tuple[Counter[str], float]:
    """Run one reader.

    Returns
    -------
    counts : Counter
        Cases by how they ended: 'read' or 'refused'.
    slowest_s : float
        The longest case.

    Raises
    ------
    Exception
        What the reader raised, if it was no `ProsceniumError`.
    """
    read, counts, slowest = READERS[name](folder), Counter[str](), [0.0]

    @settings(
        max_examples=cases, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def run(data: Any) -> None:
        began = time.monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                read(data)
            counts["read"] += 1
        except ProsceniumError:
            counts["refused"] += 1
        slowest[0] = max(slowest[0], time.monotonic() - began)

    run()
    return counts, slowest[0]


def main() -> int:
    """Run the readers and print their counts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_readers", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=1000, help="for each reader")
    parser.add_argument("--readers", nargs="+", choices=sorted(READERS), default=sorted(READERS))
    arguments = parser.parse_args()
    console, failed = Console(), 0
    for name in arguments.readers:
        with tempfile.TemporaryDirectory(prefix="proscenium-fuzz-") as folder:
            try:
                counts, slowest_s = fuzz(name, arguments.cases, Path(folder))
                console.print(f"{name}: {counts['read']} read, {counts['refused']} refused; slowest {slowest_s:.2f} s")
            except Exception:
                console.print_exception(max_frames=6)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
