"""The beam for a room: the least price of all drives, and what lobe and nulls may take of it."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.filters.beam.design import design_beam
from designer.filters.beam.room_beam import room_beam
from designer.filters.radiation import inverse_root
from designer.layout.load import load_layout

FREQUENCIES = 10 ** (np.arange(21, 41) / 10)
NAMES = ["front3", "cross4", "echo-studio", "pair2", "bar6"]


def for_a_room(name):
    layout = load_layout(LAYOUTS / f"{name}.toml")
    return layout.model_copy(update={"crosstalk": layout.crosstalk.model_copy(update={"width": "room"})})


@pytest.mark.parametrize("name", NAMES)
def test_beam_radiates_at_most_a_tenth_of_a_decibel_more_than_the_least(name):
    beam = design_beam(for_a_room(name), FREQUENCIES)
    band = beam.fade.band
    drive = beam.weights / (band * beam.fade.played[:, None])
    price = np.einsum("fd,fde,fe->f", drive.conj(), beam.radiation.metric, drive).real
    axis = beam.axis * band
    least = 1 / np.einsum("fd,fde,fe->f", axis, np.linalg.inv(beam.radiation.metric), axis.conj()).real
    excess_db = 10 * np.log10(price / least)
    assert excess_db.min() > -1e-6
    assert excess_db.max() < 0.1 + 1e-6
    np.testing.assert_allclose(np.sum(axis * drive, axis=1), 1, rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_beam_keeps_the_floor_of_the_white_noise_gain(name):
    layout = for_a_room(name)
    beam = design_beam(layout, FREQUENCIES)
    in_phase = 10 * np.log10(np.sum(np.abs(beam.axis * beam.fade.band) ** 2, axis=1))
    floor = np.minimum(layout.beamformer.white_noise_gain_floor_db, in_phase - 0.5)
    assert (beam.white_noise_gain_db >= floor).all()


def test_noise_floor_raises_the_price():
    layout = for_a_room("cross4")
    strict = layout.beamformer.model_copy(update={"white_noise_gain_floor_db": 4.0})
    axis = design_beam(layout, FREQUENCIES).axis
    band = np.ones(axis.shape)
    free, held = (
        room_beam(each, FREQUENCIES, axis, band) for each in (layout, layout.model_copy(update={"beamformer": strict}))
    )
    noise_db = -10 * np.log10(np.sum(np.abs(held.least) ** 2, axis=1))
    most = 10 * np.log10(np.sum(np.abs(axis) ** 2, axis=1))
    assert (noise_db >= np.minimum(4.5, most) - 0.01).all()
    assert (held.radiation.price > 1.2 * free.radiation.price).any()


def test_root_of_a_metric_keeps_mirror_images():
    rng = np.random.default_rng(11)
    rows = rng.standard_normal((5, 6, 4)) + 1j * rng.standard_normal((5, 6, 4))
    metric = rows.conj().transpose(0, 2, 1) @ rows
    mirror = [1, 0, 3, 2]
    metric = metric + metric[:, mirror][:, :, mirror]
    root = inverse_root(metric)
    np.testing.assert_allclose(root @ metric @ root, np.tile(np.eye(4), (5, 1, 1)), atol=1e-9)
    np.testing.assert_allclose(root[:, mirror][:, :, mirror], root, atol=1e-9)
