"""Which driver a command means: by name or by channel, and never by both."""

import pytest

from designer.cli.playing import _channel_of
from designer.errors import ProsceniumError


@pytest.mark.parametrize(
    ("driver", "names", "channel"),
    [("right", ["left", "right"], 1), ("1", ["left", "right"], 1), ("0", [None, None], 0), ("1", ["0", "1"], 1)],
)
def test_a_driver_is_found(driver, names, channel):
    assert _channel_of(driver, names) == channel


@pytest.mark.parametrize(
    ("driver", "names", "message"),
    [
        ("1", ["1", "0"], "is the name of channel 0 and the number of another"),
        ("2", ["left", "right"], "allowed are channels 0 to 1 or 'left', 'right'"),
        ("-1", ["left", "right"], "allowed are channels 0 to 1"),
        ("middle", [None, None], "for names give --layout"),
    ],
)
def test_what_is_no_driver_or_two_is_refused(driver, names, message):
    with pytest.raises(ProsceniumError, match=message):
        _channel_of(driver, names)
