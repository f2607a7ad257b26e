"""The curve of a virtual source's error against radiated power, and the point that a room chooses on it."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.acoustics.room import listening_room
from designer.errors import LayoutError
from designer.filters.stereo.design import design_stereo
from designer.filters.stereo.heads import error_rows
from designer.filters.stereo.room_design import StereoFront, diffuse_after_precedence
from designer.filters.stereo.room_trade import RoomTrade
from designer.layout.load import load_layout
from designer.layout.sections import MeasuredHead

FREQUENCIES = 10 ** (np.arange(21, 41) / 10)


def for_a_room(name, **crosstalk):
    layout = load_layout(LAYOUTS / f"{name}.toml")
    changes = {"width": "room", **crosstalk}
    return layout.model_copy(update={"crosstalk": layout.crosstalk.model_copy(update=changes)})


def designed(layout):
    heads = HeadPoses.from_layout(layout)
    return design_stereo(layout, FREQUENCIES, ear_plant(layout, FREQUENCIES, heads).transfer, heads)


def one_head(seed=3, drivers=3):
    """A trade for one head: an own ear, and an error of one row."""
    rng = np.random.default_rng(seed)
    own, error = rng.standard_normal((2, 4, drivers)) + 1j * rng.standard_normal((2, 4, drivers))
    return RoomTrade.of(own, error.conj()[:, :, None] * error[:, None], np.tile(np.eye(drivers) + 0j, (4, 1, 1)))


def test_drive_has_unit_pressure_at_the_own_ear_and_its_figures():
    rng = np.random.default_rng(5)
    own, error = rng.standard_normal((2, 4, 3)) + 1j * rng.standard_normal((2, 4, 3))
    root = rng.standard_normal((4, 3, 3)) + 1j * rng.standard_normal((4, 3, 3))
    metric = root.conj().transpose(0, 2, 1) @ root + 0.1 * np.eye(3)
    covariance = error.conj()[:, :, None] * error[:, None]
    trade = RoomTrade.of(own, covariance, metric)
    loading = trade.scale(0.3)
    drive = trade.drive(loading)
    np.testing.assert_allclose(np.sum(own * drive, axis=1), 1, rtol=1e-12)
    missed, radiated = trade.figures(loading)
    np.testing.assert_allclose(missed, np.abs(np.sum(error * drive, axis=1)) ** 2, rtol=1e-9)
    np.testing.assert_allclose(radiated, np.einsum("fd,fde,fe->f", drive.conj(), metric, drive).real, rtol=1e-9)


def test_no_drive_has_less_error_for_the_same_radiated_power():
    trade = one_head()
    missed, radiated = trade.figures(trade.scale(0.2))
    rng = np.random.default_rng(7)
    for _ in range(300):
        other = rng.standard_normal((4, 3)) + 1j * rng.standard_normal((4, 3))
        other /= np.sum(trade.own.conj() * other, axis=1)[:, None]
        nearer = np.sum(trade.power * np.abs(other) ** 2, axis=1) < missed * (1 - 1e-9)
        cheaper = np.sum(np.abs(other) ** 2, axis=1) < radiated * (1 - 1e-9)
        assert not (nearer & cheaper).any()


@pytest.mark.parametrize("diffuse", [0.3, 2.0, 50.0])
def test_room_chooses_twice_the_least_power_and_a_share_for_the_direct_sound(diffuse):
    # One head: the error falls as (1 − t)² while E = E₀ + s·t²; the largest t/(1 + κ·E) is at E = 2·E₀ + 1/κ.
    trade = one_head()
    kappa = np.full(4, diffuse)
    radiated = trade.figures(trade.best_loading(kappa))[1]
    whole = trade.figures(trade.scale(1e-7))[1]
    wanted = np.minimum(2 * trade.least_radiated + 1 / kappa, whole)
    # The search ends at 10^(11/44)·0.618¹⁶ of a loading.
    np.testing.assert_allclose(radiated, wanted, rtol=2e-3)


def test_width_moves_from_the_least_radiated_power_to_the_whole_source():
    found = {width: designed(for_a_room("front3", width=width)).in_room.left for width in (0.0, 0.5, 1.0)}
    np.testing.assert_allclose(found[0.0].radiated_db, found[0.0].least_db, atol=0.05)
    np.testing.assert_allclose(found[1.0].radiated_db, found[1.0].fullest_db, atol=0.05)
    assert (np.diff([found[width].radiated_db.mean() for width in (0.0, 0.5, 1.0)]) > 1).all()
    # Between 1.5 and 6 kHz the whole source has the level difference of a real pair: about 6 dB on a sphere.
    heard = (FREQUENCIES > 1500) & (FREQUENCIES < 6000)
    gains = [found[width].null.gain_db[heard].mean() for width in (0.0, 0.5, 1.0)]
    assert gains[0] < 1.0
    # High frequency is cheap: half the way has nearly all of its level difference.
    assert gains[0] < gains[1]
    assert gains[2] == pytest.approx(gains[1], abs=1.5)


@pytest.mark.parametrize("name", ["front3", "cross4", "echo-studio", "pair2", "bar6"])
def test_design_keeps_the_effort_cap_and_its_mirror_image(name):
    layout = for_a_room(name)
    found = designed(layout)
    for null in (found.left, found.right):
        assert null.effort_db.max() <= layout.crosstalk.effort_cap_db + 1e-6
    np.testing.assert_allclose(found.left.gain_db, found.right.gain_db, atol=1e-6)
    np.testing.assert_allclose(found.composition.mixing, np.tile(np.eye(2), (FREQUENCIES.size, 1, 1)))


def test_dry_room_makes_the_design_wider():
    layout = for_a_room("front3")
    rooms = [layout.room.model_copy(update={"absorption": absorption}) for absorption in (0.1, 0.3, 0.8)]
    layouts = [layout.model_copy(update={"room": room}) for room in rooms]
    diffuse = [diffuse_after_precedence(listening_room(each)) for each in layouts]
    assert diffuse[0] > diffuse[1] > diffuse[2]
    widths = [designed(each).in_room.left.width.mean() for each in layouts]
    assert widths[0] < widths[1] < widths[2]


def test_precedence_leaves_what_arrives_within_the_binaural_window():
    room = listening_room(for_a_room("front3"))
    tau = room.reverberation_time_s / 13.8155
    time = np.linspace(0, 1, 200001)
    share = np.trapezoid(np.exp(-time / tau) / tau * np.exp(-time / 0.010), time)
    assert diffuse_after_precedence(room) == pytest.approx(room.diffuse_to_direct * share, rel=1e-4)


def test_every_head_asks_for_its_own_source():
    layout = for_a_room("front3")
    heads = HeadPoses.from_layout(layout)
    ears = ear_plant(layout, FREQUENCIES, heads).transfer
    left, right = error_rows(layout, FREQUENCIES, ears, heads)
    assert left.rows.shape == right.rows.shape == (FREQUENCIES.size, heads.weight.size + 9, 3)
    assert left.probability.sum() == pytest.approx(1.0)
    # A real loudspeaker at 30° would have no error on any sphere: nor has a drive without error in its own pose.
    assert np.linalg.matrix_rank(left.covariance()[8]) == 3


def test_measured_head_that_is_missing_is_named(tmp_path):
    layout = for_a_room("front3")
    listener = layout.listener.model_copy(update={"head": (MeasuredHead(hrtf=str(tmp_path / "none.sofa")),)})
    with pytest.raises(LayoutError, match=r"none\.sofa"):
        designed(layout.model_copy(update={"listener": listener}))


@pytest.mark.parametrize("name", ["front3", "bar6"])
def test_all_lines_of_a_width_pay_one_price_of_radiated_power(name):
    """No share of the radiated power over the lines has less error: moving some of it to another line costs more."""
    layout = for_a_room(name)
    heads = HeadPoses.from_layout(layout)
    front = StereoFront.of(layout, FREQUENCIES, ear_plant(layout, FREQUENCIES, heads).transfer, heads)
    trade, everywhere = front.trades[0], np.ones(FREQUENCIES.size)
    free = trade.scale(1e-9)
    share = everywhere / everywhere.size
    loading = trade.loading_of_width(0.5, free, everywhere, share)
    error, power = trade.figures(loading)
    random = np.random.default_rng(15)
    for _ in range(20):
        others = loading * np.exp(random.normal(scale=0.5, size=loading.size))
        other_error, other_power = trade.figures(others)
        # The multiplier of the power is the loading itself, so this sum has its minimum there.
        assert (other_error + loading * other_power).sum() >= (error + loading * power).sum() - 1e-9
    assert np.ptp(np.log(loading)) < 1e-9


def test_a_width_leaves_the_bass_to_the_room():
    """Below 500 Hz a virtual source takes most of the power and moves the image least."""
    found = designed(for_a_room("front3", width=0.5)).in_room.left
    low, high = (FREQUENCIES < 300), (FREQUENCIES > 1000) & (FREQUENCIES < 6000)
    assert (found.radiated_db - found.least_db)[low].max() < 2.0
    assert found.width[high].mean() > found.width[low].mean() + 0.1
