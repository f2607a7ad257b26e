"""Equivalent sources reproduce the field of a driver where they were not fitted to it."""

import numpy as np
import pytest
from places import LAYOUTS

from designer.acoustics.equivalent import equivalent_sources, point_source_field, region_around
from designer.acoustics.model import cabinet_centre_m, field_plant
from designer.acoustics.poses import HeadPoses
from designer.layout.load import load_layout


@pytest.fixture(scope="module")
def fitted():
    layout = load_layout(LAYOUTS / "echo-studio.toml")
    frequencies = np.array([1.0, 100.0, 1000.0, 4000.0, 8000.0, 16000.0, 20000.0])
    centres, _ = HeadPoses.from_layout(layout).distinct_centres()
    low, high = region_around(centres, layout.listener.head_radius_m)

    def field(points):
        return field_plant(layout, frequencies, points).transfer

    sources, weights = equivalent_sources(
        frequencies, field, cabinet_centre_m(layout), layout.cabinet.radius_m, low, high, 343.0
    )
    return frequencies, field, low, high, sources, weights


def test_field_at_held_out_points(fitted):
    frequencies, field, low, high, sources, weights = fitted
    points = low + (high - low) * np.random.default_rng(5).random((80, 3))
    exact = field(points)
    error = np.abs(point_source_field(frequencies, points, sources, 343.0) @ weights - exact)
    relative = (error.max(axis=1) / np.sqrt(np.mean(np.abs(exact) ** 2, axis=1))).max(axis=1)
    # A null 30 dB deep needs the field to 3 %; an order of magnitude below that up to 16 kHz, 1 % at 20 kHz.
    assert relative[:5].max() < 1e-3
    assert relative.max() < 1e-2


def test_sources_lie_inside_the_cabinet_and_their_weights_are_moderate(fitted):
    *_, sources, weights = fitted
    assert np.linalg.norm(sources - np.array([2.0, 0.0, 0.0]), axis=1).max() < 0.0875
    # Large weights of opposite sign would amplify the truncation of the head's series (1e-8).
    assert np.abs(weights).max() < 100


@pytest.mark.parametrize(
    ("radius_m", "distance_m", "least"), [(0.0875, 0.4, 60), (0.2, 0.6, 60), (0.4, 1.0, 100), (0.5, 0.85, 200)]
)
def test_near_and_large_cabinets_get_as_many_sources_as_their_field_needs(radius_m, distance_m, least):
    # Nine sources miss this field by 12 to 78 % at 8 kHz: what was designed upon them was not there.
    layout = load_layout(LAYOUTS / "front3.toml")
    layout = layout.model_copy(
        update={
            "cabinet": layout.cabinet.model_copy(update={"radius_m": radius_m}),
            "listener": layout.listener.model_copy(update={"distance_m": distance_m}),
        }
    )
    frequencies = np.array([200.0, 2000.0, 8000.0, 12000.0])
    centres, _ = HeadPoses.from_layout(layout).distinct_centres()
    low, high = region_around(centres, layout.listener.head_radius_m)

    def field(points):
        return field_plant(layout, frequencies, points).transfer

    sources, weights = equivalent_sources(frequencies, field, cabinet_centre_m(layout), radius_m, low, high, 343.0)
    assert len(sources) >= least
    points = low + (high - low) * np.random.default_rng(6).random((60, 3))
    exact = field(points)
    missed = np.abs(point_source_field(frequencies, points, sources, 343.0) @ weights - exact).max(axis=(1, 2))
    relative = missed / np.abs(exact).max(axis=(1, 2))
    assert relative[:3].max() < 5e-3
    # Between the points of the fit it may be twice what is allowed at them.
    assert relative[3] < 2.5e-2
    # Mirror drivers keep mirror transfers: the design relies on it to share their filters.
    np.testing.assert_allclose(np.sort(sources[:, 1]), np.sort(-sources[:, 1]), atol=1e-15)


def test_shipped_distance_needs_nine(fitted):
    assert len(fitted[4]) == 9
