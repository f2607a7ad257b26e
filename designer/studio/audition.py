"""What the page plays: driver signals of the float engine, and filters from the drivers to two ears.

The page convolves the driver signals with the filters of both ears (WebAudio).  So a turned head needs new filters
only, and a new design needs new driver signals.  The same signal by way of the stereo downmix is played beside it.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from designer.acoustics.poses import HeadPoses
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.errors import LayoutError
from designer.evaluation.listener.loudness import programme_loudness
from designer.evaluation.listening_room import ROOM_NAMES, named_room
from designer.layout.model import Layout
from designer.numerics.threads import with_one_blas_thread
from designer.regression.signals import MUSIC
from designer.render.binaural import Ears, ears_with_and_without
from designer.render.files import engine_processor
from designer.studio.design_steps import Made
from designer.studio.folder import SYSTEM_HEADS
from designer.studio.hub import Request, Studio
from designer.studio.music import SIGNALS, make_signal, read_music

KEMAR = SYSTEM_HEADS / "MIT_KEMAR_normal_pinna.sofa"
_MOST_YAW_DEG, _MOST_ASIDE_M = 45.0, 0.3
# Peak and loudness of what is played: equal for both, and below full scale.
_PEAK, _LOUDNESS_LKFS = 10 ** (-1 / 20), -23.0
_KEPT = 6


@dataclass(frozen=True, eq=False)
class Level:
    """Filters to the ears of a head at rest, and the gains that bring both to one loudness.

    Attributes
    ----------
    after, before : Ears
    after_gain, before_gain : float
    """

    after: Ears
    before: Ears
    after_gain: float
    before_gain: float


@dataclass(frozen=True, eq=False)
class Listening:
    """Filters to the ears for the design and for the stereo downmix, with their levels.

    Attributes
    ----------
    after, before : Ears
    after_gain, before_gain : float
        Factors that bring both to one loudness.
    """

    after: Ears
    before: Ears
    after_gain: float
    before_gain: float


class Audition:
    """Signals and filters for the page.

    Parameters
    ----------
    studio : Studio
        Gets these requests as ``listen.…``.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="audition")
        self._data: dict[str, bytes] = {}
        self._stereo: dict[tuple[str, int, int], NDArray[np.float64]] = {}
        self._drivers: dict[tuple[str, str, int], NDArray[np.float64]] = {}
        self._levels: dict[tuple[object, ...], Level] = {}
        self._number = 0
        studio.register("listen", {"prepare": self.prepare})
        studio.add_topic("listen", self.state)

    @property
    def uploads(self) -> Path:
        """Directory of the audio files that pages have sent."""
        return self._studio.folder.state / "uploads"

    def state(self) -> dict[str, Any]:
        """Collect what can be chosen."""
        files = sorted(path.name for path in self.uploads.glob("*")) if self.uploads.is_dir() else []
        heads = [["layout", "that of the layout"], ["sphere", "sphere"]]
        heads += [["kemar", "KEMAR, measured"]] if KEMAR.is_file() else []
        heads += [[name, name] for name in self._studio.folder.heads() if not name.startswith("/")]
        sources = [["music", "music of the set-up"]] if MUSIC.is_file() else []
        sources += [[name, meaning] for name, meaning in SIGNALS.items()]
        sources += [[f"file:{name}", name] for name in files]
        return {"sources": sources, "heads": heads, "rooms": list(ROOM_NAMES)}

    def tell(self) -> None:
        """Tell all pages what can be chosen."""
        self._studio.clients.tell({"topic": "listen", "state": self.state()})

    def data(self, name: str) -> bytes | None:
        """Return what was prepared under a name: little-endian float32, channel after channel."""
        return self._data.get(name)

    async def prepare(self, request: Request) -> dict[str, Any]:
        """Prepare signals and filters; the answer says where they are."""
        made = self._studio.made
        if made is None:
            raise LayoutError("the design is not ready yet: wait for its curves")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: self._prepare(made, request))

    def close(self) -> None:
        """Wait for what runs."""
        self._thread.shutdown(cancel_futures=True)

    @with_one_blas_thread
    def _prepare(self, made: Made, request: Request) -> dict[str, Any]:
        source, rate = str(request["source"]), made.layout.sample_rate_hz
        stereo = self._stereo_of(source, rate)
        drivers = self._drivers_of(made, source, stereo)
        heard = listening(made, self._level_of(made, source, drivers, stereo, request), request, self._folder)
        parts = {
            "drivers": drivers,
            "stereo": stereo.T,
            "after": heard.after.responses.reshape(-1, heard.after.responses.shape[2]),
            "before": heard.before.responses.reshape(-1, heard.before.responses.shape[2]),
        }
        self._number += 1
        names = {part: f"{self._number}-{part}" for part in parts}
        for part, values in parts.items():
            self._data[names[part]] = np.ascontiguousarray(values, "<f4").tobytes()
        for old in list(self._data)[: -4 * _KEPT]:
            del self._data[old]
        return {
            "rate_hz": rate,
            "digest": made.digest,
            "source": source,
            "frames": stereo.shape[0],
            "driver_count": drivers.shape[0],
            "names": names,
            "after_gain": heard.after_gain,
            "before_gain": heard.before_gain,
            "delay_samples": heard.before.delay_samples,
        }

    def _stereo_of(self, source: str, rate_hz: int) -> NDArray[np.float64]:
        key = (source, rate_hz, self._changed(source))
        if key not in self._stereo:
            if len(self._stereo) >= _KEPT:
                del self._stereo[next(iter(self._stereo))]
            self._stereo[key] = self._read(source, rate_hz)
        return self._stereo[key]

    def _read(self, source: str, rate_hz: int) -> NDArray[np.float64]:
        kind, _, name = source.partition(":")
        if kind == "file":
            if name not in [path.name for path in self.uploads.glob("*")]:
                raise LayoutError(f"file '{name}': choose it again")
            return read_music(self.uploads / name, rate_hz)
        return read_music(MUSIC, rate_hz) if source == "music" else make_signal(source, rate_hz)

    def _drivers_of(self, made: Made, source: str, stereo: NDArray[np.float64]) -> NDArray[np.float64]:
        key = (made.digest, source, self._changed(source))
        if key not in self._drivers:
            if len(self._drivers) >= _KEPT:
                del self._drivers[next(iter(self._drivers))]
            self._drivers[key] = driver_signals(made, stereo)
        return self._drivers[key]

    def _level_of(
        self,
        made: Made,
        source: str,
        drivers: NDArray[np.float64],
        stereo: NDArray[np.float64],
        request: Request,
    ) -> Level:
        """Loudness does not follow the head: a turned head hears another level, as in a room."""
        head, room = str(request.get("head", "layout")), str(request.get("room", "none"))
        key = (made.digest, source, self._changed(source), head, room)
        if key not in self._levels:
            if len(self._levels) >= _KEPT:
                del self._levels[next(iter(self._levels))]
            self._levels[key] = level_of(made, drivers, stereo, request, self._folder)
        return self._levels[key]

    @property
    def _folder(self) -> Path:
        return self._studio.folder.root

    def _changed(self, source: str) -> int:
        """Time of the last change of a file, 0 for what is built in: a new file may have the name of an older one."""
        kind, _, name = source.partition(":")
        path = self.uploads / Path(name).name
        return path.stat().st_mtime_ns if kind == "file" and path.is_file() else 0


def driver_signals(made: Made, stereo: NDArray[np.float64]) -> NDArray[np.float64]:
    """Run stereo through the float engine, upmix and limiters included.

    Parameters
    ----------
    made : Made
    stereo : (n, 2) float64
        Full scale 1.

    Returns
    -------
    (D, n) float64
        Without the delay of upmix and limiters.
    """
    delay = DELAY_SAMPLES + made.fixed.limiter.delay_samples
    process = engine_processor(made.bank, made.fixed, "float")
    return process(np.concatenate([stereo, np.zeros((delay, 2))]))[delay:].T


def level_of(
    made: Made, drivers: NDArray[np.float64], stereo: NDArray[np.float64], request: Request, folder: Path
) -> Level:
    """Compute the filters to the ears of a head at rest, and the gains at which both versions are equally loud.

    Parameters
    ----------
    made : Made
    drivers : (D, n) float64
    stereo : (n, 2) float64
        Full scale 1.
    request : dict
        ``head`` and ``room`` as of `listening`.
    folder : Path
        Where SOFA files lie.
    """
    layout, room = _scene(made, request, folder)
    nominal = HeadPoses.nominal()
    after, before = ears_with_and_without(layout, made.gain_db, made.bank.modelling_delay_samples, room, nominal)
    return Level(after, before, *_equal([_loudness(after, drivers, made), _loudness(before, stereo.T, made)]))


def listening(made: Made, level: Level, request: Request, folder: Path) -> Listening:
    """Compute the filters to both ears.

    Parameters
    ----------
    made : Made
    level : Level
        Of the same head and room.
    request : dict
        ``head`` (``layout``, ``sphere``, ``kemar`` or a SOFA file of the folder), ``room`` (a name or ``none``),
        ``yaw_deg`` and ``aside_m`` of the head, positive to the left.
    folder : Path
        Where SOFA files lie.

    Raises
    ------
    LayoutError
        If something is out of range, or a file cannot be read.
    """
    pose = _pose(float(request.get("yaw_deg", 0.0)), float(request.get("aside_m", 0.0)))
    after, before = level.after, level.before
    if not _is_nominal(request):
        layout, room = _scene(made, request, folder)
        after, before = ears_with_and_without(layout, made.gain_db, made.bank.modelling_delay_samples, room, pose)
    # Both are delayed alike, so that one can be changed for the other.
    late = max(after.delay_samples, before.delay_samples)
    return Listening(_delayed(after, late), _delayed(before, late), level.after_gain, level.before_gain)


def _scene(made: Made, request: Request, folder: Path) -> tuple[Layout, Any]:
    """Layout with the chosen head, and the room or None."""
    layout = _with_head(made.layout, str(request.get("head", "layout")), folder)
    name = str(request.get("room", "none"))
    return layout, None if name == "none" else named_room(name, layout)


def _is_nominal(request: Request) -> bool:
    return float(request.get("yaw_deg", 0.0)) == 0.0 and float(request.get("aside_m", 0.0)) == 0.0


def _pose(yaw_deg: float, aside_m: float) -> HeadPoses:
    for name, value, most in (("yaw_deg", yaw_deg, _MOST_YAW_DEG), ("aside_m", aside_m, _MOST_ASIDE_M)):
        if not -most <= value <= most:
            raise LayoutError(f"{name} = {value:g}: allowed is {-most:g} to {most:g}")
    return HeadPoses(np.zeros(1), np.array([aside_m]), np.array([np.deg2rad(yaw_deg)]), np.ones(1))


def _with_head(layout: Layout, head: str, folder: Path) -> Layout:
    if head == "layout":
        return layout
    chosen = {"sphere": None, "kemar": str(KEMAR)}.get(head, "")
    if chosen == "":
        if head not in [path.name for path in folder.glob("*.sofa")]:
            raise LayoutError(f"head '{head}': allowed are layout, sphere, kemar and the SOFA files of the folder")
        chosen = str(folder / head)
    return layout.model_copy(update={"listener": layout.listener.model_copy(update={"hrtf": chosen})})


def _loudness(ears: Ears, signals: NDArray[np.float64], made: Made) -> tuple[float, float]:
    """Loudness at the ears, LKFS, and their peak."""
    heard = sum(oaconvolve(ears.responses[:, i], signals[i][None], axes=1) for i in range(signals.shape[0]))
    found = np.asarray(heard)
    return programme_loudness(found, made.layout.sample_rate_hz), float(np.abs(found).max(initial=1e-9))


def _equal(found: list[tuple[float, float]]) -> tuple[float, float]:
    """Gains to one loudness that keep both peaks below full scale; silence stays as it is."""
    gains = [10 ** ((_LOUDNESS_LKFS - loudness) / 20) if np.isfinite(loudness) else 1.0 for loudness, _ in found]
    highest = max(gain * peak for gain, (_, peak) in zip(gains, found, strict=True))
    common = min(1.0, _PEAK / max(highest, 1e-12))
    return gains[0] * common, gains[1] * common


def _delayed(ears: Ears, delay_samples: int) -> Ears:
    ahead = delay_samples - ears.delay_samples
    return Ears(np.pad(ears.responses, ((0, 0), (0, 0), (ahead, 0))), delay_samples)
