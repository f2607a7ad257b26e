"""The listener model against what listeners are known to hear."""

import numpy as np
import pytest
from ears import ears_of_monitor, ears_of_pair, headphones

from designer.acoustics.room import Room
from designer.evaluation.listener.direction import image
from designer.evaluation.listener.heads import DUMMY_HEAD, KEMAR, SPHERE
from designer.evaluation.listener.signals import SIGNAL_NAMES, signal

HEADS = [SPHERE, *([DUMMY_HEAD] if KEMAR.is_file() else [])]
ROOM = Room((5.3, 4.2, 2.6), (4.0, 2.0, 1.2), (2.0, 2.0, 1.2), 0.3)
by_head = pytest.mark.parametrize("head", HEADS, ids=lambda head: head.name)


def heard_deg(ears, head):
    return image(ears, head).azimuth_deg


@by_head
def test_level_panning_follows_the_data_of_wittek_and_theile(head):
    """Wittek & Theile, AES 112 (2002), 5568: 7.5 % of 30° for each dB up to some 9 dB, then less."""
    published = {3.0: 6.75, 6.0: 13.5, 9.0: 20.0, 12.0: 25.0}
    errors = [
        heard_deg(ears_of_pair(signal(name), head, level_db), head) - wanted
        for level_db, wanted in published.items()
        for name in SIGNAL_NAMES
    ]
    # Listeners' own spread in that collection of data is ±3°.
    assert np.sqrt(np.mean(np.square(errors))) < 3.0


@by_head
def test_level_panning_of_a_voice_follows_the_tangent_law(head):
    """Pulkki & Karjalainen, J. Audio Eng. Soc. 49 (2001), 739: the law of tangents holds within 3° below 1.5 kHz."""
    for wanted in (6.0, 12.0, 18.0, 24.0):
        ratio = np.tan(np.deg2rad(wanted)) / np.tan(np.deg2rad(30.0))
        level_db = 20 * np.log10((1 + ratio) / (1 - ratio))
        assert heard_deg(ears_of_pair(signal("voice"), head, level_db), head) == pytest.approx(wanted, abs=3.0)


@by_head
@pytest.mark.parametrize("name", ["voice", "castanets"])
def test_summing_localisation_moves_towards_the_earlier_loudspeaker(head, name):
    """Blauert, Spatial Hearing (1997), § 3.1: from 0 to 1 ms the image leaves the middle for the earlier one."""
    assert heard_deg(ears_of_pair(signal(name), head), head) == pytest.approx(0.0, abs=2.0)
    assert 4 < heard_deg(ears_of_pair(signal(name), head, time_ms=0.2), head) < 25
    # The model overshoots between 0.4 and 0.8 ms, where Simonsen (1984) has 20° at 0.44 ms: it must not do so by more.
    assert 15 < heard_deg(ears_of_pair(signal(name), head, time_ms=0.6), head) < 50


@by_head
@pytest.mark.parametrize("name", ["voice", "castanets"])
@pytest.mark.parametrize("time_ms", [2.0, 3.0, 5.0, 8.0])
def test_precedence_keeps_the_image_at_the_earlier_loudspeaker(head, name, time_ms):
    """Litovsky, Colburn, Yost & Guzman, J. Acoust. Soc. Am. 106 (1999), 1633: localisation dominance from 1 ms on."""
    assert heard_deg(ears_of_pair(signal(name), head, time_ms=time_ms), head) == pytest.approx(30.0, abs=7.0)


@by_head
@pytest.mark.parametrize("time_ms", [5.0, 10.0])
def test_a_reflection_takes_over_when_it_is_much_louder(head, time_ms):
    """Haas, Acustica 1 (1951), 49: a reflection 5 to 30 ms late needs 10 dB more to be heard as loud as the lead."""
    assert heard_deg(ears_of_pair(signal("voice"), head, -5.0, time_ms), head) > 20
    assert heard_deg(ears_of_pair(signal("voice"), head, -25.0, time_ms), head) < -20


@by_head
@pytest.mark.parametrize("azimuth_deg", [0.0, 15.0, 30.0])
def test_real_sources_in_a_room_are_heard_where_they_are(head, azimuth_deg):
    """Hartmann, J. Acoust. Soc. Am. 74 (1983), 1380: errors of 3° in a room, whatever its reverberation."""
    for name in SIGNAL_NAMES:
        assert heard_deg(ears_of_monitor(signal(name), azimuth_deg, head, ROOM), head) == pytest.approx(
            azimuth_deg, abs=3.5
        )


@by_head
def test_sound_in_a_room_is_wider_than_in_free_space(head):
    """Barron & Marshall, J. Sound Vib. 77 (1981), 211: early lateral reflections broaden the source."""
    free, furnished = (image(ears_of_monitor(signal("pink noise"), 0.0, head, room), head) for room in (None, ROOM))
    assert furnished.width_deg > free.width_deg + 2


@by_head
def test_headphones_time_differences_move_the_image_aside(head):
    """Blauert, Spatial Hearing (1997), § 2.4.2: in proportion up to some 0.6 ms, where the image is at the ear."""
    heard = [heard_deg(headphones(signal("pink noise"), time_us), head) for time_us in (0.0, 150.0, 300.0, 500.0)]
    assert heard[0] == pytest.approx(0.0, abs=1.5)
    assert np.all(np.diff(heard) > 4)
    # Kuhn (1977): a head of 8.75 cm has 3a·sin θ/c at low frequency, so 300 µs are 23°.
    assert heard[2] == pytest.approx(23.0, abs=7.0)


@by_head
def test_headphones_level_differences_move_the_image_aside(head):
    """Blauert, Spatial Hearing (1997), § 2.4.3: in proportion up to some 10 dB; high frequencies go by level."""
    heard = [heard_deg(headphones(signal("castanets"), level_db=level_db), head) for level_db in (0.0, 3.0, 6.0, 10.0)]
    assert heard[0] == pytest.approx(0.0, abs=1.5)
    assert np.all(np.diff(heard) > 2)
    assert heard[3] > 15


@by_head
def test_time_and_level_are_traded(head):
    """Harris, J. Acoust. Soc. Am. 32 (1960), 685: more level on one side makes up for less time there."""
    alone = heard_deg(headphones(signal("castanets"), 300.0), head)
    assert heard_deg(headphones(signal("castanets"), 300.0, -6.0), head) < alone - 4
