"""Limits of depth in rooms: what the best drive of C can do, and where it is plain mixing itself."""

import numpy as np
import pytest

from designer.evaluation.listening_room import ROOM_NAMES, named_room
from designer.evaluation.plant import EvaluationPlant
from designer.evaluation.room import RoomPlant
from designer.evaluation.room_limits import evaluate_room_limits
from designer.filters.stereo_downmix import downmix_bank
from designer.layout.shipped import find_layout


def limits_of(name, room):
    layout = find_layout(name)
    downmix = downmix_bank(layout).impulse_responses
    plant = EvaluationPlant.for_layout(layout)
    return evaluate_room_limits(layout, downmix, downmix, RoomPlant(layout, named_room(room, layout)), plant)


@pytest.mark.parametrize("room", ROOM_NAMES)
def test_two_mirror_drivers_can_do_no_more_for_the_centre_than_plain_mixing(room):
    """A drive and its mirror image radiate alike; their mean radiates no more, and is plain mixing."""
    centre = limits_of("pair2", room).centre
    # The room is 10 cm off its own mirror image, which leaves a hundredth of a decibel to a lopsided drive.
    assert centre.most_depth_db == pytest.approx(centre.plain_depth_db, abs=0.05)
    assert centre.depth_db == centre.plain_depth_db


@pytest.mark.parametrize(("name", "more_db"), [("front3", 3.0), ("bar6", 0.5)])
def test_more_drivers_can_do_more(name, more_db):
    centre = limits_of(name, "living").centre
    assert centre.most_depth_db > centre.plain_depth_db + more_db
    assert np.isfinite(centre.same_effort_depth_db)
