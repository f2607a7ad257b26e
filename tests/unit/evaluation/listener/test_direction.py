"""The listener hears real sources where they are, and mirror images in mirrored places."""

import numpy as np
import pytest
from ears import ears_of_monitor

from designer.evaluation.listener.direction import image
from designer.evaluation.listener.heads import DUMMY_HEAD, KEMAR, SMALL_SPHERE, SPHERE
from designer.evaluation.listener.signals import SIGNAL_NAMES, signal

HEADS = [SPHERE, SMALL_SPHERE, *([DUMMY_HEAD] if KEMAR.is_file() else [])]


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head.name)
@pytest.mark.parametrize("azimuth_deg", [0.0, 10.0, -35.0, 60.0])
def test_a_source_in_free_space_is_heard_where_it_is(head, azimuth_deg):
    heard = image(ears_of_monitor(signal("pink noise"), azimuth_deg, head), head)
    # Half the step of the table, and what is likely beside the best azimuth.
    assert heard.azimuth_deg == pytest.approx(azimuth_deg, abs=2.5)
    assert heard.stable_part == 1.0
    assert heard.width_deg < 15


@pytest.mark.parametrize("name", SIGNAL_NAMES)
def test_exchanged_ears_hear_the_mirror_image(name):
    ears = ears_of_monitor(signal(name), 25.0, SPHERE)
    here, there = image(ears, SPHERE), image(ears[::-1], SPHERE)
    assert there.azimuth_deg == pytest.approx(-here.azimuth_deg, abs=0.5)
    assert there.width_deg == pytest.approx(here.width_deg, abs=0.5)


def test_level_does_not_matter():
    ears = ears_of_monitor(signal("voice"), 25.0, SPHERE)
    assert image(1e-4 * ears, SPHERE).azimuth_deg == pytest.approx(image(ears, SPHERE).azimuth_deg, abs=0.01)


def test_the_less_the_ears_agree_the_wider_the_image():
    """Blauert & Lindemann, J. Acoust. Soc. Am. 79 (1986), 806: width grows as the interaural coherence falls."""
    left, right, common = np.random.default_rng(1).normal(size=(3, 12000))
    widths = []
    for coherence in (1.0, 0.7, 0.4, 0.0):
        ears = np.stack([np.sqrt(coherence) * common + np.sqrt(1 - coherence) * own for own in (left, right)])
        widths.append(image(ears, SPHERE).width_deg)
    assert np.all(np.diff(widths) > 2)
    assert widths[-1] > 2.5 * widths[0]


def test_silence_is_refused():
    with pytest.raises(ValueError, match="image: both ears are silent"):
        image(np.zeros((2, 4800)), SPHERE)
