"""The common reference of all channels."""

import numpy as np
from places import LAYOUTS

from designer.filters.reference import reference_pressure
from designer.layout.load import load_layout


def test_reference_is_a_point_source_in_the_cabinets_place():
    layout = load_layout(LAYOUTS / "front3.toml")
    frequencies = np.array([0.0, 343.0 / 2, 343.0 / 4])
    # 2 m are 1 and 1/2 wavelengths.
    np.testing.assert_allclose(reference_pressure(layout, frequencies), [0.5, 0.5, -0.5], atol=1e-12)
