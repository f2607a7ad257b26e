"""The room in words: what it becomes, and what is refused."""

import pytest

from designer.errors import LayoutError
from designer.evaluation.listening_room import named_room, parse_room
from designer.evaluation.room import living_room
from designer.layout.shipped import find_layout


@pytest.fixture(scope="module")
def layout():
    return find_layout("front3")


def test_living_is_the_scorecards_room(layout):
    assert parse_room("living", layout) == living_room(layout)


def test_size_and_reverberation_are_as_asked(layout):
    room = parse_room("6x5x2.8@0.5", layout)
    assert room.size_m == (6.0, 5.0, 2.8)
    assert room.reverberation_time_s == pytest.approx(0.5)
    apart = [a - b for a, b in zip(room.source_m, room.receiver_m, strict=True)]
    assert apart == [pytest.approx(layout.listener.distance_m), 0.0, 0.0]


def test_the_shortest_room_holds_both(layout):
    room = parse_room("3x3x2.5", layout)
    assert room.receiver_m[0] >= 0.5
    assert room.source_m[0] <= 2.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cellar", "allowed are 'living' and LENGTHxWIDTHxHEIGHT"),
        ("5x4", "allowed are 'living' and"),
        ("5x4x2.6@", "allowed are 'living' and"),
        ("50x4x3", "length 50 m: allowed is 2 to 20 m"),
        ("5x4x1", "height 1 m: allowed is 2 to 20 m"),
        ("5x4x3@9", "9 s: allowed is 0.1 to 2 s"),
        ("2.5x4x3", "allowed is a length from 3 m"),
    ],
)
def test_what_is_no_room_is_refused(layout, text, message):
    with pytest.raises(LayoutError, match=message):
        parse_room(text, layout)


@pytest.mark.parametrize(("name", "seconds"), [("dry", 0.15), ("live", 0.5)])
def test_named_rooms_are_the_layouts_own_with_other_walls(layout, name, seconds):
    room, own = named_room(name, layout), named_room("living", layout)
    assert room.reverberation_time_s == pytest.approx(seconds)
    assert (room.size_m, room.source_m, room.receiver_m) == (own.size_m, own.source_m, own.receiver_m)


def test_an_unknown_room_is_refused(layout):
    with pytest.raises(LayoutError, match="room 'cave': allowed are dry, living, live"):
        named_room("cave", layout)
