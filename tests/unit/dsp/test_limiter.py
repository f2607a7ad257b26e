"""The float limiter keeps its limits by itself, and with the integer one's gains it is the integer one."""

import numpy as np
import pytest

from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter, LimiterSettings, Volume, limiter_settings
from designer.fixedpoint.limiter_settings import fixed_limiter
from designer.fixedpoint.model.limiter import LimiterModel
from designer.fixedpoint.number_format import Q31
from designer.layout.load import parse_layout
from designer.layout.shipped import SHIPPED_LAYOUTS

RNG_SEED = 3


def loud(count=4000, drivers=2):
    return np.random.default_rng(RNG_SEED).uniform(-4, 4, (count, drivers))


@pytest.mark.parametrize("linked", [True, False])
def test_no_limit_is_passed_and_one_is_reached(linked):
    settings = LimiterSettings((1.0, 0.25), 4, 1 / 300, linked)
    output = Limiter(settings).process(loud())
    peaks = np.abs(output).max(axis=0)
    assert (peaks <= np.array(settings.limits) * (1 + 1e-12)).all()
    assert peaks[1] >= 0.25 * (1 - 1e-9)


def test_what_keeps_its_limit_is_only_delayed():
    settings = LimiterSettings((4.0, 4.0), 4, 1 / 300, True)
    output = Limiter(settings).process(loud())
    np.testing.assert_array_equal(output[80:], loud()[:-80])


def test_it_does_not_depend_on_the_cut():
    settings = LimiterSettings((1.0, 0.5), 3, 0.1, False)
    cut = Limiter(settings)
    parts = [cut.process(part) for part in np.split(loud(), [1, 17, 500, 501, 2048])]
    np.testing.assert_array_equal(np.concatenate(parts), Limiter(settings).process(loud()))


@pytest.mark.parametrize("linked", [True, False])
def test_decides_as_the_integer_limiter_does(linked):
    """Gains differ by what floors take: of a target, of a release and of a mean, each less than one of 2^24."""
    settings = LimiterSettings((0.999, 0.25), 4, 1 / 300, linked)
    fixed = fixed_limiter(settings, Q31)
    driver_signals = np.round(np.ldexp(loud(), 31)).astype(np.int64)
    model = LimiterModel(fixed)
    model.process(driver_signals)
    own = Limiter(fixed.as_float(Q31))
    gains = []
    for n in range(0, driver_signals.shape[0], 16):
        own.process(np.ldexp(driver_signals[n : n + 16].astype(float), -31))
        gains.append(own._nodes[1])
    difference = np.array(gains) - np.array(model.decisions) / 2**24
    # Held and released gains forget no floor for as long as they rise: at most every hop's.
    assert difference.min() >= -1e-9
    assert difference.max() <= len(gains) * 2.0**-24


def test_a_layout_says_what_the_limiters_do():
    text = (SHIPPED_LAYOUTS / "front3.toml").read_text()
    plain = limiter_settings(parse_layout(text))
    assert plain.limits == (1.0, 1.0, 1.0)
    assert (plain.hops, plain.delay_samples, plain.linked) == (4, 80, True)
    # 100 ms are 300 hops of 16 samples at 48 kHz.
    assert plain.release == pytest.approx(1 - np.exp(-1 / 300))
    changed = text.replace("radius_m = 0.025\n", "radius_m = 0.025\nlimit_db = -12.0\n", 1)
    changed += "\n[output]\nlook_ahead_ms = 5.0\nrelease_ms = 50.0\nlink_limiters = false\n"
    other = limiter_settings(parse_layout(changed))
    assert other.limits == (10 ** (-12 / 20), 1.0, 1.0)
    assert (other.hops, other.delay_samples, other.linked) == (14, 240, False)
    assert other.release == pytest.approx(1 - np.exp(-2 / 300))


def test_the_volume_goes_in_straight_lines_and_stays():
    volume = Volume()
    np.testing.assert_array_equal(volume.process(np.ones((40, 1))), 1.0)
    volume.target = 0.5
    gains = volume.process(np.ones((1000, 1)))[:, 0]
    assert np.abs(np.diff(gains)).max() <= 2.0**-10
    assert gains[-1] == 0.5


def test_the_engine_limits_what_it_makes():
    responses = np.zeros((2, 3, 4))
    responses[:, :, 0] = 2.0
    limiter = Limiter(LimiterSettings((1.0, 0.5), 4, 1 / 300, True))
    output = FloatEngine(responses, limiter=limiter).process(loud(drivers=3) / 4, "filters")
    assert (np.abs(output).max(axis=0) <= np.array([1.0, 0.5]) * (1 + 1e-12)).all()
