"""What is streamed to a board: audio files that are no audio are refused before any board hears them."""

import numpy as np
import pytest
import soundfile
from banks import random_bank

from designer.errors import InputWarning, LayoutError
from designer.regression.signals import standard_signals

FAULTS = {
    "of three channels": (np.zeros((100, 3)), "3 channels, allowed are 1 and 2"),
    "empty": (np.zeros((0, 2)), "its header counts no samples"),
    "not finite": (np.full((100, 2), np.nan), "holds values that are not finite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_audio_that_cannot_be_streamed_is_refused(fault, tmp_path):
    samples, message = FAULTS[fault]
    soundfile.write(tmp_path / "in.wav", samples, 48000, "DOUBLE")
    with pytest.raises(LayoutError, match=message):
        standard_signals(random_bank(1, "q31")[1], tmp_path / "in.wav")


@pytest.mark.parametrize("rate", [1, 3999, 2**31 - 1])
def test_an_impossible_rate_is_refused_before_any_work(rate, tmp_path):
    soundfile.write(tmp_path / "in.wav", np.zeros((100, 2)), rate)
    with pytest.raises(LayoutError, match=f"sample rate {rate} Hz, allowed are 4000 to 768000 Hz"):
        standard_signals(random_bank(1, "q31")[1], tmp_path / "in.wav")


def test_audio_beyond_full_scale_is_clipped_and_counted(tmp_path):
    soundfile.write(tmp_path / "in.wav", np.array([[2.0, -2.0]] * 50), 48000, "DOUBLE")
    with pytest.warns(InputWarning, match=r"100 samples above full scale were clipped, the highest by 6\.0 dB"):
        signals = standard_signals(random_bank(1, "q31")[1], tmp_path / "in.wav")
    (music,) = (signal for signal in signals if signal.name == "music")
    assert music.samples.tolist() == [[2**31 - 1, -(2**31)]] * 50
