"""What each shipped layout does not reach, all of it: a figure that gets worse, or better, shows here."""

import pytest

# Figures of both channels, once; third octaves as they are named.  Why each is out of reach is in DESIGN.md's words:
# the effort cap (cancellation, and what hangs on it), one degree of freedom too few (nulls beside a lobe), and 501 Hz,
# where time differences set in: exact there, they would take front3 256 taps in place of 112, and 0.6 dB of level.
MISSED = {
    "front3": {
        "cancellation gain off its target": (1000, 1259, 6310, 7943, 10000),
        "time difference off a real pair's, each third octave": (501,),
        "ripple of the centre's lobe": (398, 501, 631, 794, 2512, 3162),
        "depth of the centre's nulls": (794, 1995, 2512),
    },
    "cross4": {
        "cancellation gain off its target": (1000, 1259, 6310, 7943, 10000),
        # 0.07 dB above the cap: the filters have no allowance.
        "effort of each null": (1000, 6310),
        "time difference off a real pair's, each third octave": (501,),
    },
    "echo-studio": {
        "cancellation gain off its target": (6310, 7943, 10000),
        "time difference off a real pair's, each third octave": (501,),
        "ripple of the centre's lobe": (501, 631, 794, 1000),
        "depth of the centre's nulls": (398, 501),
    },
    "pair2": {
        "cancellation gain off its target": (316, 398, 501, 631, 794, 1000, 1259, 1585, 1995),
        # 0.7 dB above the cap.
        "effort of each null": (794, 1000, 1995),
        "time difference off a real pair's": (),
        "time difference off a real pair's, each third octave": (501, 631, 794, 1000, 1259),
        "level difference off a real pair's, each third octave": (1585, 1995),
        "ripple of the centre's lobe": (1585, 1995, 2512, 3162),
        "depth of the centre's nulls": (398, 501, 631, 794, 1000, 1259, 1585, 1995, 2512, 3162),
    },
}


# The bar's beam has its own pins (test_beam_targets.py); beside it only this is missed.
MISSED["bar6"] = {"time difference off a real pair's, each third octave": (501,)}


@pytest.mark.parametrize("name", sorted(MISSED))
def test_what_is_missed_is_known_and_has_a_reason(name, made):
    found = {}
    for entry in made(name)[1]["bounds"]:
        if entry["met"]:
            continue
        figure = entry["figure"].removeprefix("left ").removeprefix("right ")
        if name == "bar6" and figure in ("ripple of the centre's lobe", "depth of the centre's nulls"):
            continue
        bands = tuple(round(band) for band in entry["missed_bands_hz"])
        assert found.setdefault(figure, bands) == bands
        assert entry["reason"]
    assert found == MISSED[name]


def test_each_third_octave_of_the_virtual_sources_keeps_its_bound_where_the_cap_leaves_cancellation_its_band(designed):
    layout, card = designed
    if layout.name == "pair2":
        return
    limits = card["virtual_limits"]
    for side in ("left", "right"):
        errors = dict(zip(limits["itd_bands_hz"], limits[side]["itd_error_us"], strict=True))
        # From the band on in which the target of 7 dB begins to hold over all of it.
        assert max(abs(error) for band, error in errors.items() if band > 700) <= 30
        assert max(map(abs, errors.values())) <= 65
        assert max(map(abs, limits[side]["ild_error_db"])) <= 1.5


def test_effort_of_a_whole_channel_is_that_of_two_nulls_in_phase_at_most(designed):
    layout, card = designed
    limits = card["virtual_limits"]
    for side in ("left", "right"):
        assert max(limits[side]["channel_effort_db"]) <= layout.crosstalk.effort_cap_db + 6.5
