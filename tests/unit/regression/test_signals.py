"""What is streamed to a board: audio files that are no audio are refused before any board hears them."""

import numpy as np
import pytest
import soundfile
from banks import random_bank

from designer.errors import LayoutError
from designer.regression.signals import standard_signals

FAULTS = {
    "mono": (np.zeros((100, 1)), "1 channels, a stereo file is needed"),
    "empty": (np.zeros((0, 2)), "holds no samples"),
    "not finite": (np.full((100, 2), np.nan), "holds values that are not finite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_audio_that_cannot_be_streamed_is_refused(fault, tmp_path):
    samples, message = FAULTS[fault]
    soundfile.write(tmp_path / "in.wav", samples, 48000, "DOUBLE")
    with pytest.raises(LayoutError, match=message):
        standard_signals(random_bank(1, "q31")[1], tmp_path / "in.wav")


def test_audio_beyond_full_scale_is_clipped(tmp_path):
    soundfile.write(tmp_path / "in.wav", np.array([[2.0, -2.0]] * 50), 48000, "DOUBLE")
    (music,) = (s for s in standard_signals(random_bank(1, "q31")[1], tmp_path / "in.wav") if s.name == "music")
    assert music.samples.tolist() == [[2**31 - 1, -(2**31)]] * 50
