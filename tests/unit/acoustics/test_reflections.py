"""What the room adds for listening: every early image in its place, and energy and decay as the room's figures say."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from designer.acoustics.hrtf import load_head
from designer.acoustics.reflections import reflected_responses
from designer.acoustics.room import Room, image_sources, images_within
from designer.evaluation.room import evaluate_room, living_room
from designer.filters.stereo_downmix import downmix_bank
from designer.layout.shipped import find_layout
from designer.render.binaural import ears_of_drivers

RATE, SPEED = 48000, 343.0
KEMAR = "/usr/share/libmysofa/MIT_KEMAR_normal_pinna.sofa"


@pytest.fixture(scope="module")
def layout():
    return find_layout("front3")


def band_energy(signal, rate=RATE):
    """Energy within the octaves 250 Hz to 4 kHz, each octave alike, as the figures of the room have it."""
    spectrum = np.abs(np.fft.rfft(signal, axis=-1)) ** 2
    frequencies = np.fft.rfftfreq(signal.shape[-1], 1 / rate)
    edges = 250 * 2.0 ** (np.arange(6) - 0.5)
    return sum(spectrum[..., (frequencies >= a) & (frequencies < b)].mean(axis=-1) for a, b in pairwise(edges))


def test_images_within_a_distance_are_all_and_only_those():
    room = Room((5.3, 4.2, 2.6), (4.0, 2.3, 1.2), (2.0, 2.0, 1.4), 0.3)
    found, every = images_within(room, 12.0), image_sources(room, 14)
    np.testing.assert_allclose(found.distances_m, every.distances_m[every.distances_m <= 12.0])
    assert found.distances_m.size == (every.distances_m <= 12.0).sum() > 50


def test_the_floor_comes_when_and_as_loud_as_geometry_says(layout):
    # A large room with the pair near the floor: its bounce is the first.
    room = Room((8.0, 8.0, 8.0), (5.0, 4.0, 1.2), (3.0, 4.0, 1.2), 0.9)
    found = reflected_responses(layout, room, 100)
    way = np.hypot(2.0, 2.4)
    front = layout.driver_names.index("front")
    expected = 100 + (way - 2.0) / SPEED * RATE
    peak = int(np.argmax(np.abs(found[:, front, :500]).sum(axis=0)))
    # The driver sits on the cabinet's front, a radius nearer than its centre.
    assert abs(peak - expected) < (layout.cabinet.radius_m + layout.listener.head_radius_m) / SPEED * RATE + 2
    assert np.abs(found[:, front, : round(expected) - 40]).max() < 1e-3 * np.abs(found[:, front, peak]).max()
    # A listener in the middle between left and right walls hears the same with both ears.
    early = found[:, front, :600]
    np.testing.assert_allclose(early[0], early[1], atol=1e-9 * np.abs(found).max())


@pytest.mark.parametrize("name", ["front3", "bar6"])
def test_energy_is_that_of_the_rooms_figures(name):
    layout = find_layout(name)
    plain, room = downmix_bank(layout), living_room(layout)
    direct = ears_of_drivers(layout, 0.0, plain.modelling_delay_samples).responses
    late = reflected_responses(layout, room, 256)
    filters = plain.impulse_responses[:, 0]
    length = late.shape[2] + filters.shape[1]
    drive = np.fft.rfft(filters, length, axis=1)
    energies = [
        band_energy(np.fft.irfft(np.einsum("df,df->f", np.fft.rfft(part[0], length, axis=1), drive), length))
        for part in (direct, late)
    ]
    ratio_db = 10 * np.log10(energies[0] / energies[1])
    expected = evaluate_room(layout, plain.impulse_responses).left.direct_to_reverberant_db
    # 30 lines against the whole band, and energies that add against pressures that interfere: about 1000 independent
    # parts (bandwidth times duration) scatter by 0.1 dB, a few strong early ones by more.
    assert ratio_db == pytest.approx(expected, abs=1.0)


def test_the_tail_decays_as_eyring_says(layout):
    room = living_room(layout)
    found = reflected_responses(layout, room, 256)[0, 0]
    energy = np.cumsum(found[::-1] ** 2)[::-1]
    level = 10 * np.log10(energy / energy[0])
    # From 30 to 100 ms: before, single reflections; a shoebox's tangential paths bend it later.
    times = np.arange(round(0.03 * RATE), round(0.10 * RATE))
    slope = np.polyfit(times / RATE, level[times], 1)[0]
    assert -60 / slope == pytest.approx(room.reverberation_time_s, rel=0.25)


@pytest.mark.skipif(not Path(KEMAR).is_file(), reason="needs Debian's libmysofa1: make setup")
def test_a_measured_head_hears_from_where_nothing_was_measured(layout):
    head = load_head(Path(KEMAR))
    below, lowest = np.array([[0.0, 0.0, -1.0]]), head.data.directions[:, 2].min()
    lines = np.array([500.0, 2000.0])
    heard = head.pressure(lines, below, nearest=True)
    nearest = head.data.directions[np.argmin(head.data.directions[:, 2])][None]
    assert lowest > -0.7
    np.testing.assert_allclose(np.abs(heard).mean(), np.abs(head.pressure(lines, nearest)).mean(), rtol=0.3)
    chosen = layout.model_copy(update={"listener": layout.listener.model_copy(update={"hrtf": KEMAR})})
    found = reflected_responses(chosen, living_room(chosen), 256)
    assert np.isfinite(found).all()
    assert not np.array_equal(found[0], found[1])


def test_equal_calls_give_equal_rooms(layout):
    room = living_room(layout)
    np.testing.assert_array_equal(reflected_responses(layout, room, 256), reflected_responses(layout, room, 256))
