"""Binaural room responses: times and levels against geometry, energies against the room figures."""

import numpy as np
import pytest

from designer.acoustics.model import ear_plant
from designer.acoustics.room import Room
from designer.evaluation.listener.channels import channel_responses
from designer.evaluation.listener.distance import distance_cues
from designer.evaluation.listener.heads import SPHERE, Places
from designer.evaluation.listener.loudspeakers import Cabinet, Monitor
from designer.evaluation.listener.responses import LEAD_SAMPLES, RATE_HZ, room_responses
from designer.evaluation.listener.systems import Heard, plain_mixing
from designer.evaluation.listening_room import named_room
from designer.evaluation.room import RoomPlant, evaluate_room
from designer.layout.shipped import find_layout

ZERO = np.zeros(1)
NOMINAL = Places.of(SPHERE, ZERO, ZERO, ZERO)
ROOM = Room((5.3, 4.2, 2.6), (4.0, 2.0, 1.2), (2.0, 2.0, 1.2), 0.3)


def test_direct_sound_arrives_in_time_at_a_level_of_one():
    found = room_responses(Monitor(0.0, 2.0), None, SPHERE, NOMINAL)
    spectrum = np.fft.rfft(found.direct[0, 0, 0])
    lines = np.fft.rfftfreq(found.direct.shape[3], 1 / RATE_HZ)
    low = (lines > 50) & (lines < 150)
    # At ka = 0.2 the head adds 2 % and the cabinet's cap less.
    np.testing.assert_allclose(np.abs(spectrum[low]), 1.0, atol=0.05)
    # An ear at the side hears a source in front as the centre of the head does.  A driver on a sphere of radius a
    # sounds at low frequency as if 3a/2 ahead of the sphere's centre (Vanderkooy, J. Audio Eng. Soc. 58 (2010), 1047).
    phase = np.unwrap(np.angle(spectrum[low]))
    delay = -np.polyfit(2 * np.pi * lines[low], phase, 1)[0] * RATE_HZ
    assert delay == pytest.approx(LEAD_SAMPLES - 1.5 * 0.0875 / 343.0 * RATE_HZ, abs=0.5)


def test_a_displaced_head_hears_the_nearer_loudspeaker_earlier_and_louder():
    places = Places.of(SPHERE, np.array([0.0, 0.4]), np.zeros(2), np.zeros(2))
    found = room_responses(Monitor(0.0, 2.0), None, SPHERE, places).direct[:, 0, 0]
    first = np.argmax(np.abs(found), axis=1)
    assert first[0] - first[1] == pytest.approx(0.4 / 343.0 * RATE_HZ, abs=1)
    energies = np.sum(found**2, axis=1)
    # Distance law from 2 m to 1.6 m.
    assert energies[1] / energies[0] == pytest.approx((2 / 1.6) ** 2, rel=0.02)


def test_a_turned_head_hears_as_if_the_loudspeaker_were_turned():
    turned = Places.of(SPHERE, ZERO, ZERO, np.array([20.0]))
    got = room_responses(Monitor(30.0, 2.0), None, SPHERE, turned).direct
    wanted = room_responses(Monitor(10.0, 2.0), None, SPHERE, NOMINAL).direct
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-9)


def test_a_cabinet_keeps_the_tilt_of_the_wave_over_the_head():
    layout = find_layout("pair2")
    found = room_responses(Cabinet(layout), None, SPHERE, NOMINAL).direct[0]
    # The left driver (channel 0) is nearer to the left ear, and the layout is mirror symmetric.
    assert np.sum(found[0, 0] ** 2) > np.sum(found[1, 0] ** 2)
    np.testing.assert_allclose(found[0, 0], found[1, 1], rtol=0, atol=1e-6)


def test_the_first_reflection_is_that_of_the_floor():
    found = room_responses(Monitor(0.0, 2.0), ROOM, SPHERE, NOMINAL).early[0, 0, 0]
    floor = np.hypot(2.0, 2 * 1.2)
    arrival = LEAD_SAMPLES + (floor - 2.0) / 343.0 * RATE_HZ
    loud = np.flatnonzero(np.abs(found) > 0.1 * np.abs(found).max())
    # The pulse of a band of 11 kHz, and the delay around the head, are a few samples.
    assert loud[0] == pytest.approx(arrival, abs=8)


@pytest.mark.parametrize("room_name", ["dry", "living", "live"])
def test_levels_agree_with_the_energies_of_images(room_name):
    layout = find_layout("front3")
    room, system = named_room(room_name, layout), plain_mixing(layout)
    levels = evaluate_room(layout, system.filters[0], RoomPlant(layout, room))
    responses = Heard.of(system.loudspeakers, room, SPHERE).channels(system)
    left = distance_cues(responses, 0, (0,))
    # One place against the mean over phases: with n = 5 octaves of some 20 modes' width each, the level of the sum of
    # many images has a standard deviation of 5.6 dB/√100 (Schroeder 1954).  The octaves of few modes add 1 dB.
    assert left.direct_to_reverberant_db == pytest.approx(levels.left.direct_to_reverberant_db, abs=1.6)
    assert left.clarity_c50_db == pytest.approx(levels.left.clarity_c50_db, abs=1.6)


@pytest.mark.parametrize("rate_hz", [44100, 48000, 96000])
def test_filters_of_any_rate_meet_the_responses(rate_hz):
    found = room_responses(Monitor(0.0, 2.0), None, SPHERE, NOMINAL)
    late = 441
    delay = np.eye(1, late + 1, late).reshape(1, 1, -1)
    made = channel_responses(found, 0, delay, rate_hz, late).direct[0, 0]
    shift = late * RATE_HZ / rate_hz
    lines = np.fft.rfftfreq(made.size, 1 / RATE_HZ)
    wanted = np.fft.rfft(found.direct[0, 0, 0], made.size) * np.exp(-2j * np.pi * lines * shift / RATE_HZ)
    np.testing.assert_allclose(np.fft.rfft(made)[:-1], wanted[:-1], rtol=0, atol=1e-9)


def test_direct_sound_of_a_canceller_is_that_of_the_ear_itself():
    """A drive that nulls one ear tilts the wave: at the own ear it is not what it is at the centre of the head."""
    layout = find_layout("pair2")
    lines = np.array([500.0, 2000.0, 4000.0])
    ears = ear_plant(layout, lines, NOMINAL).transfer
    found = room_responses(Cabinet(layout), None, SPHERE, NOMINAL).direct[0]
    taps = np.arange(found.shape[2]) - LEAD_SAMPLES
    spectra = found @ np.exp(-2j * np.pi * np.outer(taps, lines) / RATE_HZ)
    distance = layout.listener.distance_m
    travel = distance * np.exp(2j * np.pi * lines * distance / layout.speed_of_sound_m_per_s)
    # The window of 43 ms is longer than every response.
    np.testing.assert_allclose(spectra.transpose(2, 0, 1), ears * travel[:, None, None], rtol=0, atol=2e-3)


def test_a_room_without_late_images_is_heard_too():
    anechoic = Room((4.0, 4.0, 4.0), (2.4, 2.0, 2.0), (2.0, 2.0, 2.0), 0.999)
    found = room_responses(Monitor(0.0, 0.4), anechoic, SPHERE, NOMINAL)
    assert not found.late.any()
    assert np.sum(found.early**2) < 0.01 * np.sum(found.direct**2)
