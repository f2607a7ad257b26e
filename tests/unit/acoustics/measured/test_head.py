"""A head's file: ears by their places, frames, and delays that count to a fraction of a sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sofa_files import CARTESIAN, RATE, head, rotation, write_sofa

from designer.acoustics.hrtf import load_head
from designer.acoustics.measured.files import read_head
from designer.errors import LayoutError

RADIUS, SPEED = 0.0875, 343.0


def sources(step=15.0):
    azimuth = np.deg2rad(np.arange(0, 360, step))
    return 1.4 * np.stack([np.cos(azimuth), np.sin(azimuth), np.zeros_like(azimuth)], axis=1)


def ear_delays_s(at):
    """Time of each ear after the earliest: the path around a sphere (Woodworth), (M, 2)."""
    lateral = np.arcsin(at[:, 1] / np.linalg.norm(at, axis=1))
    late = np.stack([-lateral, lateral], axis=1)
    return 0.0005 + RADIUS / SPEED * np.where(late > 0, late, np.sin(late))


def impulses(at, delays_samples=None):
    """A short pulse for each ear, louder on the side of the source; its delay is in it unless given apart."""
    level = 1 + 0.5 * np.stack([at[:, 1], -at[:, 1]], axis=1) / np.linalg.norm(at, axis=1, keepdims=True)
    time = np.arange(256)
    late = 30.0 + (0 if delays_samples is None else delays_samples)
    return level[..., None] * np.sinc(time - np.broadcast_to(late, level.shape)[..., None]) * np.hanning(256)


def test_ears_are_told_apart_by_their_places(tmp_path):
    at = sources()
    data = impulses(at, ear_delays_s(at) * RATE)
    write_sofa(tmp_path / "left.sofa", "SimpleFreeFieldHRIR", "FIR", head(data, at))
    right_first = ("RC", [[0, -0.09, 0], [0, 0.09, 0]], CARTESIAN)
    write_sofa(
        tmp_path / "right.sofa", "SimpleFreeFieldHRIR", "FIR", head(data[:, ::-1], at, ReceiverPosition=right_first)
    )
    left, right = (read_head(tmp_path / name) for name in ("left.sofa", "right.sofa"))
    assert np.array_equal(left.responses, right.responses)
    assert np.array_equal(left.responses, data)


@pytest.mark.parametrize("what", ["responses", "sources"])
def test_ears_that_contradict_what_they_hear_are_refused(tmp_path, what):
    at = sources()
    data = impulses(at, ear_delays_s(at) * RATE)
    swapped = data[:, ::-1] if what == "responses" else data
    mirrored = at * [1, -1, 1] if what == "sources" else at
    write_sofa(tmp_path / "swapped.sofa", "SimpleFreeFieldHRIR", "FIR", head(swapped, mirrored))
    with pytest.raises(
        LayoutError, match=r"hears it .* quieter and .* µs later than the other, against ReceiverPosition"
    ):
        read_head(tmp_path / "swapped.sofa")


def turned(at, angle_deg):
    """Places turned to the right, which is a head that is turned to the left."""
    angle = np.deg2rad(-angle_deg)
    across = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return at @ across.T


# Of the right ear, or of the whole head: what is done to the responses, to their delays in µs, and to the head.
@pytest.mark.parametrize(
    ("gain", "late_us", "turned_deg", "message"),
    [
        (-1.0, 0.0, 0.0, "one ear has the opposite polarity of the other"),
        (1.41, 0.0, 0.0, "the right ear is 3.0 dB louder than the left one from 200 to 1500 Hz"),
        (0.7, 0.0, 0.0, "the right ear is 3.1 dB quieter than the left one"),
        (1.0, 200.0, 0.0, r"the right ear hears (19|20|21)\d µs later than the left one over all directions"),
        (1.0, -200.0, 0.0, r"the right ear hears (19|20|21)\d µs earlier than the left one over all directions"),
        (1.0, 0.0, 12.0, "a head that is turned by 12° to the left, allowed is 8°"),
        (1.0, 0.0, -15.0, "a head that is turned by 15° to the right, allowed is 8°"),
        (1.2, 0.0, 5.0, ""),
    ],
)
def test_ears_that_do_not_match_each_other_are_refused(tmp_path, gain, late_us, turned_deg, message):
    at = sources(5.0)
    heard = turned(at, turned_deg)
    delays = (ear_delays_s(heard) + np.array([0.0, 1e-6 * late_us])) * RATE
    data = impulses(heard, delays) * np.array([1.0, gain])[:, None]
    write_sofa(tmp_path / "head.sofa", "SimpleFreeFieldHRIR", "FIR", head(data, at))
    if message:
        with pytest.raises(LayoutError, match=message):
            read_head(tmp_path / "head.sofa")
    else:
        assert len(read_head(tmp_path / "head.sofa").places_m) == len(at)


def test_ears_without_a_difference_of_time_are_refused(tmp_path):
    at = sources()
    write_sofa(tmp_path / "head.sofa", "SimpleFreeFieldHRIR", "FIR", head(impulses(at), at))
    with pytest.raises(LayoutError, match=r"from the side only 0 µs apart.*write them as Data\.Delay"):
        read_head(tmp_path / "head.sofa")


def test_delays_of_the_wrong_ears_are_refused(tmp_path):
    at = sources()
    delays = ear_delays_s(at) * RATE
    variables = head(impulses(at), at, **{"Data.Delay": ("MR", delays[:, ::-1], {})})
    write_sofa(tmp_path / "swapped.sofa", "SimpleFreeFieldHRIR", "FIR", variables)
    with pytest.raises(LayoutError, match=r"hears it \d+ µs later than the other.*Data\.Delay"):
        read_head(tmp_path / "swapped.sofa")


@pytest.mark.parametrize("ears", [[[0, 0, 0], [0, 0, 0]], [[0, 0.09, 0], [0, 0.08, 0]]])
def test_ears_without_a_side_are_refused(tmp_path, ears):
    at = sources()
    data = impulses(at, ear_delays_s(at) * RATE)
    write_sofa(
        tmp_path / "x.sofa", "SimpleFreeFieldHRIR", "FIR", head(data, at, ReceiverPosition=("RC", ears, CARTESIAN))
    )
    with pytest.raises(LayoutError, match=r"ReceiverPosition has the ears .* to the left of the head's centre"):
        read_head(tmp_path / "x.sofa")


@given(seed=st.integers(0, 2**32 - 1), turntable=st.booleans())
def test_a_head_that_is_turned_or_moved_is_the_same_head(tmp_path_factory, seed, turntable):
    at, rng = sources(), np.random.default_rng(seed)
    data = impulses(at, ear_delays_s(at) * RATE)
    frames = np.stack([rotation(rng) for _ in at]) if turntable else np.repeat(rotation(rng)[None], len(at), axis=0)
    move = rng.uniform(-2, 2, 3)
    world = np.einsum("mij,mj->mi", frames, at) + move
    variables = head(
        data,
        world,
        ListenerPosition=("IC", move[None], CARTESIAN),
        ListenerView=("MC", frames[:, :, 0], CARTESIAN),
        ListenerUp=("MC", frames[:, :, 2], {}),
    )
    path = tmp_path_factory.mktemp("head") / "head.sofa"
    write_sofa(path, "SimpleFreeFieldHRIR", "FIR", variables)
    assert np.abs(read_head(path).places_m - at).max() < 1e-9


@pytest.mark.parametrize("unit", ["samples", "seconds"])
def test_fractional_delays_count_below_a_microsecond(tmp_path, unit):
    at = sources(5.0)
    delays = ear_delays_s(at) * RATE
    values = delays if unit == "samples" else delays / RATE
    variables = head(impulses(at), at, **{"Data.Delay": ("MR", values, {"Units": unit} if unit == "seconds" else {})})
    write_sofa(tmp_path / "apart.sofa", "SimpleFreeFieldHRIR", "FIR", variables)
    lines = np.geomspace(300, 1500, 20)
    heard = load_head(tmp_path / "apart.sofa").pressure(lines, at / 1.4)
    between = np.angle(heard[..., 0] * heard[..., 1].conj())
    expected = 2 * np.pi * lines[:, None] * (delays[:, 1] - delays[:, 0]) / RATE
    error_s = np.angle(np.exp(1j * (between - expected))) / (2 * np.pi * lines[:, None])
    assert np.abs(error_s).max() < 1e-7


def broken(at, change):
    delays = ear_delays_s(at) * RATE
    return change(delays.copy())


def put(row, value):
    def change(delays):
        delays[row, 0] = value
        return delays

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put(5, np.nan), r"Data\.Delay is not finite at \[5, 0\]"),
        (put(5, 9.969209968386869e36), r"Data\.Delay has no value at \[5, 0\] \(the fill value"),
        (put(5, 3e9), r"Data\.Delay\[5, 0\] = 3e\+09 samples, allowed is up to 96000"),
        (put(5, -3e9), r"Data\.Delay\[5, 0\] = -3e\+09 samples"),
        (put(5, 1000.0), r"measurement 5, ear 0: declared delay is \+\d+\.?\d* ms from that of its neighbours"),
        (lambda delays: delays / RATE, "allowed are samples: are these seconds"),
    ],
)
def test_broken_delays_are_told(tmp_path, change, message):
    at = sources()
    variables = head(impulses(at), at, **{"Data.Delay": ("MR", broken(at, change), {})})
    write_sofa(tmp_path / "broken.sofa", "SimpleFreeFieldHRIR", "FIR", variables)
    with pytest.raises(LayoutError, match=message):
        read_head(tmp_path / "broken.sofa")


@pytest.mark.parametrize("ears", [[[0, 0, 0], [0, 0.09, 0], [0, -0.09, 0]], [[0, 0.09, 0], [0, -0.09, 0], [0, 0, 0]]])
def test_as_many_ears_as_receivers(tmp_path, ears):
    at = sources()
    variables = head(impulses(at), at, ReceiverPosition=("ZC", ears, CARTESIAN))
    write_sofa(tmp_path / "three.sofa", "SimpleFreeFieldHRIR", "FIR", variables)
    with pytest.raises(LayoutError, match=r"ReceiverPosition has 3 places, Data\.IR has 2 receivers"):
        read_head(tmp_path / "three.sofa")
