"""The host's readers, each with valid input that is damaged for every case."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import soundfile
from cobs import cobs
from hypothesis import strategies as st

from benchmarks.fuzz_readers.damage import EDITS, damage
from benchmarks.fuzz_readers.impostor import Impostor
from benchmarks.fuzz_readers.sofa import damaged_bytes, damaged_content
from designer.acoustics.measured.files import read_driver, read_head
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

# In place of an array: another shape or type, values out of range, names that are paths, objects of Python.
_ARRAYS = [
    *(np.zeros(0), np.zeros((2, 2, 2)), np.array(np.nan), np.array(np.inf), np.array(-1), np.array(2**63 - 1)),
    *(np.array("../x"), np.array(["a"] * 3), np.array(["../x", "b", "c"]), np.array([{}], dtype=object)),
    *(np.full((3, 3, 32), np.nan), np.full((3, 3), 10**9), np.array([[5, 9], [-7, 1]]), np.array([True])),
]


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
        board = Board(Impostor(data.draw(EDITS), data.draw(st.integers(0, 1))))
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


def _sofa(damaged: Callable[[Path], Callable[[Any, Path], bool]]) -> Callable[[Path], Callable[[Any], None]]:
    def of(folder: Path) -> Callable[[Any], None]:
        write = damaged(folder)

        def read(data: Any) -> None:
            path = folder / "damaged.sofa"
            if write(data, path):
                read_head(path)
            else:
                read_driver(path, 343.0, data.draw(st.sampled_from([None, 0, 1])))

        return read

    return of


READERS: dict[str, Callable[[Path], Callable[[Any], None]]] = {
    "layout": _layouts,
    "audio": _audio,
    "responses": _responses,
    "history": _history,
    "replies": _replies,
    "frames": _frames,
    "designs": _designs,
    "sofa": _sofa(damaged_content),
    "sofa-bytes": _sofa(damaged_bytes),
}
