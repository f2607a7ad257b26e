"""Layouts designed without a room, whose figures do not depend on one."""

from designer.layout.sections import ANECHOIC_TARGET_GAIN_DB
from designer.layout.shipped import find_layout


def anechoic(layout):
    """Give a layout the target gain and the level of a design without a room."""
    crosstalk = layout.crosstalk.model_copy(update={"target_gain_db": ANECHOIC_TARGET_GAIN_DB})
    output = layout.output.model_copy(update={"peak_gain_db": layout.output.peak_gain_db or 6.0})
    return layout.model_copy(update={"crosstalk": crosstalk, "output": output})


def anechoic_layout(name):
    """Find a shipped layout, to be designed without a room."""
    return anechoic(find_layout(name))


def for_its_room(layout):
    """Let a layout be designed for its room, at the point that the room makes best."""
    return layout.model_copy(update={"crosstalk": layout.crosstalk.model_copy(update={"width": "room"})})
