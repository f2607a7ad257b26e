import numpy as np
import pytest

from designer.fixedpoint.quantise.error_weights import ErrorWeights, error_weights, served_top_hz
from designer.layout.shipped import find_layout, shipped_layouts


@pytest.mark.parametrize("name", shipped_layouts())
def test_every_path_has_a_positive_weight_and_it_is_one_where_it_serves(name):
    layout = find_layout(name)
    weights = error_weights(layout)
    assert weights.power.shape == (len(layout.drivers), 3, weights.frequencies_hz.size)
    assert weights.frequencies_hz[-1] == layout.sample_rate_hz / 2
    # Half the weight at most is lost at the edge of a driver's band.
    assert weights.power[weights.served].min() >= 0.5 * (1 - 1e-12)
    assert weights.served.any(axis=2).all()


def test_left_serves_the_cancellation_and_centre_the_beam():
    layout = find_layout("pair2")
    # The default target ends at 12 kHz; the beam's band of 300 to 4000 Hz fades over half an octave.
    assert served_top_hz(layout, "left") == pytest.approx(12000, abs=4)
    assert served_top_hz(layout, "centre") == pytest.approx(4000 * 2**0.5, abs=4)


def test_the_three_levels_of_a_path_are_where_they_are_heard():
    layout = find_layout("pair2")
    weights = error_weights(layout)
    level_db = 10 * np.log10(weights.power[0, 2])
    at = [int(np.argmin(np.abs(weights.frequencies_hz - f))) for f in (1000, 10000, 20000)]
    assert level_db[at] == pytest.approx([0, -15, -27])


def test_nothing_asked_for_serves_what_is_audible():
    layout = find_layout("pair2")
    flat = layout.crosstalk.model_copy(update={"target_gain_db": ((200.0, 0.0), (500.0, 0.0))})
    assert served_top_hz(layout.model_copy(update={"crosstalk": flat}), "left") == 16000


def test_a_driver_serves_its_own_band_only():
    layout = find_layout("echo-studio")
    weights = error_weights(layout)
    woofer = layout.driver_names.index("woofer")
    served = weights.frequencies_hz[weights.served[woofer, 0]]
    high = layout.drivers[woofer].band_hz[1]
    # 24 dB per octave with a knee of half an octave: 3 dB down within 0.4 octaves of the edge.
    assert high <= served.max() < high * 2**0.4


def test_shapes_and_ranges_are_checked():
    grid, served = np.linspace(0, 24000, 9), np.ones((1, 1, 9), dtype=bool)
    with pytest.raises(ValueError, match="allowed is"):
        ErrorWeights(grid, np.ones((1, 1, 8)), served)
    with pytest.raises(ValueError, match="above 0"):
        ErrorWeights(grid, np.zeros((1, 1, 9)), served)
