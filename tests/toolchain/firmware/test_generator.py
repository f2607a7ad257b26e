"""The board's own test signals: the model makes the same integers, and they are what their names say."""

import numpy as np
import pytest

from designer.dsp.engine import INJECTION_CHANNELS
from designer.fixedpoint.model.generator import SCENE_FRAMES, GeneratedSignal
from designer.fixedpoint.number_format import NumberFormat

NAMES = ("noise", "full_scale", "scenes")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("injection_point", ["program", "filters"])
def test_the_model_makes_the_boards_integers(core, number_format, name, injection_point):
    for seed, attenuation, position in ((0, 0, 0), (1, 3, 17), (2**32 - 1, 15, 2**32 - 5000), (0xDEADBEEF, 1, 2**31)):
        signal = GeneratedSignal(name, seed, attenuation)
        ours = signal.samples(NumberFormat.named(number_format), injection_point, position, 3 * SCENE_FRAMES)
        np.testing.assert_array_equal(ours, core.generate(signal, injection_point, position, 3 * SCENE_FRAMES))


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_can_be_taken_up_anywhere(number_format, name):
    signal = GeneratedSignal(name, 42, 1)
    whole = signal.samples(NumberFormat.named(number_format), "program", 0, 9000)
    part = signal.samples(NumberFormat.named(number_format), "program", 4321, 100)
    np.testing.assert_array_equal(part, whole[4321:4421])


def test_noise_is_white_and_uniform(number_format):
    chosen = NumberFormat.named(number_format)
    x = GeneratedSignal("noise", 7).samples(chosen, "filters", 0, 1 << 16) / chosen.sample.largest
    # Five standard deviations of what 65536 independent uniform samples give.
    assert np.all(np.abs(x.mean(axis=0)) < 5 * np.sqrt(1 / 3 / len(x)))
    assert np.all(np.abs((x**2).mean(axis=0) - 1 / 3) < 5 * np.sqrt(4 / 45 / len(x)))
    lags = [np.mean(x[:-lag, 0] * x[lag:, 0]) for lag in range(1, 200)]
    between = np.corrcoef(x.T)[np.triu_indices(3, 1)]
    assert np.max(np.abs(lags)) < 5 / 3 / np.sqrt(len(x))
    assert np.max(np.abs(between)) < 5 / np.sqrt(len(x))


def test_scenes_hold_every_relation_and_level(number_format):
    chosen = NumberFormat.named(number_format)
    x = GeneratedSignal("scenes", 3).samples(chosen, "program", 0, 400 * SCENE_FRAMES).reshape(400, -1, 2)
    left, right = x[..., 0], x[..., 1]
    centre, opposite = np.all(left == right, axis=1), np.all(left == ~right, axis=1)
    silent = np.all(right == 0, axis=1)
    assert min(centre.sum(), opposite.sum(), silent.sum(), (~centre & ~opposite & ~silent).sum()) > 50
    peaks = np.abs(left).max(axis=1) / chosen.sample.largest
    assert set(np.round(-np.log2(peaks)).astype(int)) == set(range(8))


@pytest.mark.parametrize("change", [{"name": "sine"}, {"seed": 2**32}, {"seed": -1}, {"attenuation": 16}])
def test_what_the_board_would_refuse_is_refused_before(change):
    with pytest.raises(ValueError, match="allowed"):
        GeneratedSignal(**{"name": "noise", "seed": 0, **change})


def test_entries_have_their_channels(number_format):
    for injection_point, channels in INJECTION_CHANNELS.items():
        assert GeneratedSignal("noise", 0).samples(NumberFormat.named(number_format), injection_point, 0, 5).shape == (
            5,
            channels,
        )
