"""The rigid-sphere head against statics, Kuhn, Woodworth and Duda & Martens."""

import numpy as np
import pytest

from designer.acoustics.head import ear_pressure, woodworth_itd_s

A, C = 0.0875, 343.0


def relative(frequency, ratio, angle_deg):
    """Pressure relative to the free field at the centre of the head."""
    frequencies, r = np.atleast_1d(np.float64(frequency)), ratio * A
    p = ear_pressure(frequencies, np.array([r]), np.cos(np.deg2rad(np.atleast_2d(np.float64(angle_deg)))), A, C)[:, 0]
    return p * r * np.exp(2j * np.pi * frequencies * r / C)[:, None]


@pytest.mark.parametrize("ratio", [1.25, 2.0, 23.0])
def test_static_limit_is_the_closed_form(ratio):
    # Σ (2m+1)/(m+1) t^m P_m(x) = 2/√(1−2tx+t²) − ln((t−x+√(1−2tx+t²))/(1−x))/t with t = a/r.
    angle = np.array([20.0, 90.0, 150.0])
    t, x = 1 / ratio, np.cos(np.deg2rad(angle))
    root = np.sqrt(1 - 2 * t * x + t * t)
    expected = 2 / root - np.log((t - x + root) / (1 - x)) / t
    # At 0.1 Hz ka is 1.6e-4; the first correction is of that order.
    np.testing.assert_allclose(relative(0.1, ratio, angle)[0].real, expected, rtol=1e-4)


def test_level_difference_grows_at_low_frequency_near_the_head():
    # Duda & Martens 1998, section III: differences at low frequency become significant below about five radii.  The
    # statics of the test above give 26.5 dB for a lateral source at 1.25 radii, and 5.3 dB at five.
    near = np.abs(relative(100.0, 1.25, [0.0, 180.0])[0])
    middle = np.abs(relative(100.0, 5.0, [0.0, 180.0])[0])
    far = np.abs(relative(100.0, 100.0, [0.0, 180.0])[0])
    assert 20 * np.log10(near[0] / near[1]) == pytest.approx(26.5, abs=0.5)
    assert 20 * np.log10(middle[0] / middle[1]) == pytest.approx(5.3, abs=0.3)
    assert 20 * np.log10(far[0] / far[1]) < 0.5


def test_high_frequency_doubles_in_front_and_is_shadowed_behind():
    # Duda & Martens, fig. 2: +6 dB at normal incidence; the least response lies near 150°, not at 180° (bright spot).
    angles = np.arange(0.0, 181.0, 5.0)
    level = 20 * np.log10(np.abs(relative(12000.0, 100.0, angles)[0]))
    assert level[0] == pytest.approx(6.02, abs=0.3)
    assert 140 <= angles[level.argmin()] <= 170
    assert level[-1] > level.min() + 10


@pytest.mark.parametrize("azimuth", [15.0, 45.0, 75.0])
def test_time_difference_at_low_frequency_is_kuhns(azimuth):
    frequency = 30.0
    ears = relative(frequency, 200.0, [90 - azimuth, 90 + azimuth])[0]
    itd = np.angle(ears[0] / ears[1]) / (2 * np.pi * frequency)
    # 3a·sin θ/c; the next term is of order (ka)² = 0.2 %, the source's finite range of a/r = 0.5 %.
    assert itd == pytest.approx(3 * A * np.sin(np.deg2rad(azimuth)) / C, rel=0.01)


@pytest.mark.parametrize("azimuth", [15.0, 45.0, 75.0])
def test_time_difference_at_high_frequency_is_woodworths(azimuth):
    frequencies = np.linspace(8000.0, 12000.0, 81)
    ears = relative(frequencies, 100.0, [90 - azimuth, 90 + azimuth])
    phase = np.unwrap(np.angle(ears[:, 0] / ears[:, 1]))
    delay = np.polyfit(2 * np.pi * frequencies, phase, 1)[0]
    # Creeping waves are slower than sound by about 0.5·(ka)^(-2/3) = 6 % at ka = 16 (Kuhn 1977), over part of the path.
    assert delay == pytest.approx(woodworth_itd_s(np.deg2rad(azimuth), A, C), rel=0.06)


def test_ranges_are_refused():
    with pytest.raises(ValueError, match=r"1\.2 head radii away, allowed from 1\.25"):
        relative(100.0, 1.2, 0.0)
    with pytest.raises(ValueError, match="ka reaches"):
        relative(90000.0, 10.0, 0.0)
    with pytest.raises(ValueError, match="azimuth_rad"):
        woodworth_itd_s(1.8, A, C)
