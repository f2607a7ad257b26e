"""What a room makes of a loudspeaker: against statistical acoustics, and against the loudspeaker's own directivity."""

from pathlib import Path

import numpy as np
import pytest

from designer.acoustics.model import cabinet_centre_m, field_plant
from designer.evaluation.room import RoomPlant, evaluate_room
from designer.filters.plain import plain_bank
from designer.layout import load_layout

LAYOUTS = Path(__file__).parents[2] / "layouts"


def layout_of(name):
    return load_layout(LAYOUTS / f"{name}.toml")


@pytest.mark.parametrize("name", ["front3", "bar6"])
def test_expansion_is_the_loudspeakers_own_far_field(name):
    layout = layout_of(name)
    plant = RoomPlant(layout, order=4)
    leaving = plant.images.leaving
    front = leaving[leaving[:, 0] < 0][:40]
    rows = np.flatnonzero(leaving[:, 0] < 0)[:40]
    field = field_plant(layout, plant.frequencies_hz, cabinet_centre_m(layout) + 50.0 * front).transfer
    turn = np.exp(2j * np.pi * plant.frequencies_hz * 50.0 / layout.speed_of_sound_m_per_s)
    wanted = field * (50.0 * turn)[:, None, None]
    error = np.abs(plant._radiation[:, rows] - wanted).max()
    # What `_SPARE_ORDERS` leaves out.
    assert error < 0.01 * np.abs(wanted).max()


def test_reverberant_level_is_near_that_of_a_diffuse_field():
    # One driver at low frequency is a point source: direct over reverberant is R/(16π r²) with the room constant
    # R = S·α/(1 − α)  (Kinsler et al., Fundamentals of Acoustics, §12.5).
    layout = layout_of("pair2")
    plant = RoomPlant(layout)
    low = plant.frequencies_hz < 360
    powers = np.abs(plant._radiation[low][:, :, 0]) ** 2
    loss = (1 - plant.room.absorption) ** plant.images.reflections / plant.images.distances_m**2
    energy = powers.mean(axis=0) * loss
    constant = plant.room.surface_m2 * plant.room.absorption / (1 - plant.room.absorption)
    expected = 10 * np.log10(constant / (16 * np.pi * layout.listener.distance_m**2))
    # A small room is not diffuse: within 1.5 dB.
    assert 10 * np.log10(energy[0] / energy[1:].sum()) == pytest.approx(expected, abs=1.5)


def test_driver_that_looks_away_sends_less_directly():
    layout = layout_of("cross4")
    plant = RoomPlant(layout)
    front, rear = np.zeros((2, 4, 3, 8))
    front[layout.driver_names.index("front"), :, 0] = 1.0
    rear[layout.driver_names.index("rear"), :, 0] = 1.0
    key = "centre_direct_to_reverberant_db"
    assert evaluate_room(layout, front, plant)[key] > evaluate_room(layout, rear, plant)[key] + 3


def test_gain_is_of_no_effect_and_symmetry_holds():
    layout = layout_of("front3")
    plant = RoomPlant(layout)
    h = plain_bank(layout).impulse_responses
    figures = evaluate_room(layout, h, plant)
    assert evaluate_room(layout, 0.1 * h, plant) == figures
    # The room is not symmetric about the listener: 10 cm of 4.2 m.
    assert figures["left_clarity_c50_db"] == pytest.approx(figures["right_clarity_c50_db"], abs=0.5)
    assert figures["centre_critical_distance_m"] == pytest.approx(
        layout.listener.distance_m * 10 ** (figures["centre_direct_to_reverberant_db"] / 20), rel=1e-3
    )
