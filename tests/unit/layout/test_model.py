"""A layout is validated once, and each fault is named with what, where, allowed and remedy."""

import re

import pytest

from designer.errors import LayoutError
from designer.layout.load import load_layout, parse_layout
from designer.layout.shipped import find_layout, shipped_layouts

SPHERE = """
name = "demo"
sample_rate_hz = 48000
[cabinet]
shape = "sphere"
radius_m = 0.0875
[[driver]]
name = "left"
channel = 0
azimuth_deg = 30.0
radius_m = 0.02
[[driver]]
name = "right"
channel = 1
azimuth_deg = -30.0
radius_m = 0.02
"""

BAFFLE = """
name = "bar"
[cabinet]
shape = "baffle"
width_m = 0.4
height_m = 0.1
[[driver]]
name = "left"
channel = 0
y_m = 0.1
radius_m = 0.025
[[driver]]
name = "right"
channel = 1
y_m = -0.1
radius_m = 0.025
"""

ONE_DRIVER = SPHERE[: SPHERE.rindex("[[driver]]")]

FAULTS = {
    "unknown key": (
        SPHERE.replace("sample_rate_hz", "samplerate_hz"),
        "layout 'my.toml', samplerate_hz: unknown key (did you mean 'sample_rate_hz'?): remove or rename it",
    ),
    "unknown key of a driver": (
        SPHERE.replace("azimuth_deg = 30.0", "azimuth_deg = 30.0\nazimut = 1.0"),
        "layout 'my.toml', driver[0].azimut: unknown key (did you mean 'azimuth_deg'?): remove or rename it",
    ),
    "a key in the wrong table": (
        SPHERE.replace("radius_m = 0.0875", "radius_m = 0.0875\nazimuth_deg = 1.0"),
        "layout 'my.toml', cabinet.azimuth_deg: unknown key in this table: remove or rename it",
    ),
    "one pair of brackets": (
        ONE_DRIVER.replace("[[driver]]", "[driver]"),
        "layout 'my.toml', driver = {'name': 'left', 'channel': 0, 'azimuth_deg': 30.0, 'radius_m': 0.02}: [[driver]] "
        "tables, in two pairs of brackets, are needed",
    ),
    "a number for a table": (
        "listener = 2\n" + SPHERE,
        "layout 'my.toml', listener = 2: a table is needed: write [listener] and its keys below",
    ),
    "a text for a list": (
        SPHERE.replace("channel = 1", 'channel = 1\nroles = "crosstalk"'),
        "layout 'my.toml', driver[1].roles = 'crosstalk': a list is needed: write it in brackets",
    ),
    "three edges": (
        SPHERE.replace("channel = 1", "channel = 1\nband_hz = [1, 2, 3]"),
        "layout 'my.toml', driver[1].band_hz: 3 given, allowed up to 2: leave some out",
    ),
    "no drivers": (
        SPHERE[: SPHERE.index("[[driver]]")],
        "layout 'my.toml', driver: missing: a layout needs at least two [[driver]] tables",
    ),
    "one driver": (ONE_DRIVER, "layout 'my.toml', driver: 1 given, allowed from 2: add more"),
    "doubled channel": (
        SPHERE.replace("channel = 1", "channel = 0"),
        "layout 'my.toml', drivers: channel 0 is used 2 times, allowed is once: give each driver its own",
    ),
    "doubled name": (
        SPHERE.replace('"right"', '"left"'),
        "layout 'my.toml', drivers: name 'left' is used 2 times, allowed is once: give each driver its own",
    ),
    "gap in the channels": (
        SPHERE.replace("channel = 1", "channel = 2"),
        "layout 'my.toml', drivers: no driver on channel 1: channels count from 0 without gaps",
    ),
    "radians": (
        SPHERE.replace("= 30.0", "= 0.5236").replace("= -30.0", "= -0.5236"),
        "layout 'my.toml', driver 'right': 1.05° apart from driver 'left', allowed from 26.4° for their diaphragms: "
        "are the angles in radians?",
    ),
    "millimetres": (
        SPHERE.replace("0.0875", "87.5"),
        "layout 'my.toml', cabinet.radius_m = 87.5: allowed is up to 0.5: metres, not millimetres?",
    ),
    "millimetres of a driver": (
        SPHERE.replace("radius_m = 0.02\n[[", "radius_m = 20.0\n[["),
        "layout 'my.toml', driver[0].radius_m = 20.0: allowed is up to 0.2: metres, not millimetres?",
    ),
    "not a number": (
        SPHERE.replace("= 30.0", "= nan"),
        "layout 'my.toml', driver[0].azimuth_deg = nan: not a finite number: give a number",
    ),
    "infinite": (
        SPHERE.replace("= 30.0", "= inf"),
        "layout 'my.toml', driver[0].azimuth_deg = inf: not a finite number: give a number",
    ),
    "outside the sphere": (
        SPHERE.replace("radius_m = 0.02\n[[", "radius_m = 0.08\n[["),
        "layout 'my.toml', driver 'left'.radius_m = 0.08: does not fit the cabinet of radius 0.0875 m, allowed up to "
        "0.0788 m: a smaller driver or a larger cabinet",
    ),
    "outside the baffle": (
        BAFFLE.replace("y_m = 0.1", "y_m = 0.19"),
        "layout 'my.toml', driver 'left'.y_m = 0.19: the driver reaches outside the cabinet, allowed -0.175 to 0.175 "
        "m: move it inward or check the unit (metres)",
    ),
    "overlap in the baffle": (
        BAFFLE.replace("y_m = 0.1", "y_m = -0.06"),
        "layout 'my.toml', driver 'right': 0.04 m from driver 'left', allowed from 0.05 m for their diaphragms: "
        "move them apart",
    ),
    "rate": (
        SPHERE.replace("48000", "32000"),
        "layout 'my.toml', sample_rate_hz = 32000: allowed are 44100, 48000, 96000",
    ),
    "place of a sphere in a baffle": (
        BAFFLE.replace("y_m = 0.1", "azimuth_deg = 10.0"),
        "layout 'my.toml', driver 'left': y_m is missing: a cabinet of shape 'baffle' needs it\n"
        "layout 'my.toml', driver 'left': azimuth_deg does not apply to a cabinet of shape 'baffle': use y_m",
    ),
    "shape": (
        SPHERE.replace('"sphere"', '"cube"'),
        "layout 'my.toml', cabinet.shape: allowed are 'sphere' and 'baffle'",
    ),
    "number format": (
        SPHERE.replace("[cabinet]", 'number_format = "q7"\n[cabinet]'),
        "layout 'my.toml', number_format = 'q7': input should be 'q15', 'q31' or 'q31x15'",
    ),
    "text for a number": (
        SPHERE.replace("= 30.0", '= "thirty"'),
        "layout 'my.toml', driver[0].azimuth_deg = 'thirty': input should be a valid number",
    ),
    "a number in quotes": (
        SPHERE.replace("channel = 0", 'channel = "0"'),
        "layout 'my.toml', driver[0].channel = '0': input should be a valid integer",
    ),
    "a truth value for a number": (
        SPHERE.replace("channel = 0", "channel = true"),
        "layout 'my.toml', driver[0].channel = True: input should be a valid integer",
    ),
    "band upside down": (
        SPHERE.replace("azimuth_deg = 30.0", "azimuth_deg = 30.0\nband_hz = [900.0, 300.0]"),
        "layout 'my.toml', driver[0]: band_hz = [900.0, 300.0]: the lower edge must lie below the upper edge",
    ),
    "a limit above full scale": (
        SPHERE.replace("azimuth_deg = 30.0", "azimuth_deg = 30.0\nlimit_db = 3.0"),
        "layout 'my.toml', driver[0].limit_db = 3.0: allowed is up to 0",
    ),
    "a limit without a number": (
        SPHERE.replace("azimuth_deg = 30.0", "azimuth_deg = 30.0\nlimit_db = nan"),
        "layout 'my.toml', driver[0].limit_db = nan: not a finite number: give a number",
    ),
    "seconds for milliseconds": (
        SPHERE + "\n[output]\nlook_ahead_ms = 0.0015\n",
        "layout 'my.toml', output.look_ahead_ms = 0.0015: allowed is from 0.5",
    ),
    "a release without end": (
        SPHERE + "\n[output]\nrelease_ms = 1e6\n",
        "layout 'my.toml', output.release_ms = 1000000.0: allowed is up to 2000",
    ),
    "a word for a truth value": (
        SPHERE + '\n[output]\nlink_limiters = "no"\n',
        "layout 'my.toml', output.link_limiters = 'no': input should be a valid boolean",
    ),
    "nobody cancels": (
        SPHERE.replace("channel = 1", 'channel = 1\nroles = ["beamformer"]'),
        "layout 'my.toml', drivers: 1 with the role 'crosstalk', needed are 2 or more: add it to 'roles'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_refused_with_its_message(fault):
    text, message = FAULTS[fault]
    with pytest.raises(LayoutError) as caught:
        parse_layout(text, "my.toml")
    assert str(caught.value) == message


def test_several_faults_are_all_named():
    text = SPHERE.replace("0.0875", "87.5").replace("= 30.0", "= nan")
    with pytest.raises(LayoutError) as caught:
        parse_layout(text, "my.toml")
    assert len(str(caught.value).splitlines()) == 2


def test_syntax_error_names_the_place():
    with pytest.raises(LayoutError, match=r"layout 'my.toml': not valid TOML: .*line 2"):
        parse_layout('name = "x"\n= 3\n', "my.toml")


def test_missing_file(tmp_path):
    with pytest.raises(LayoutError, match="cannot be read"):
        load_layout(tmp_path / "none.toml")


def test_binary_file(tmp_path):
    path = tmp_path / "noise.toml"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(LayoutError, match="cannot be read"):
        load_layout(path)


def test_a_byte_order_mark_is_no_fault(tmp_path):
    (tmp_path / "demo.toml").write_text(SPHERE, encoding="utf-8-sig")
    assert load_layout(tmp_path / "demo.toml") == parse_layout(SPHERE)


def test_drivers_are_in_channel_order():
    swapped = SPHERE.replace("channel = 1", "channel = 9").replace("channel = 0", "channel = 1")
    assert parse_layout(swapped.replace("channel = 9", "channel = 0")).driver_names == ("right", "left")


def test_directions_follow_the_listeners_view():
    layout = find_layout("echo-studio")
    directions = dict(zip(layout.driver_names, (d.direction for d in layout.drivers), strict=True))
    assert directions["left"][1] == pytest.approx(1.0)  # +90° faces the listener's left, +y
    assert directions["tweeter"][0] == pytest.approx(-1.0)  # 0° faces the listener, who sits at -x of the cabinet
    assert directions["up"][2] == pytest.approx(1.0)


def test_shipped_layouts():
    assert list(shipped_layouts()) == ["bar6", "cross4", "echo-studio", "front3", "pair2"]
    assert {name: len(find_layout(name).drivers) for name in shipped_layouts()} == {
        "bar6": 6,
        "cross4": 4,
        "echo-studio": 5,
        "front3": 3,
        "pair2": 2,
    }


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(LayoutError, match=r"layout 'fromt3': no such file or shipped layout: did you mean 'front3'\?"):
        find_layout("fromt3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" + ".".join(["a"] * 20_000) + "]\n", "line 1: a key of more than 8 parts"),
        ("[output]\n" + ".".join(["a"] * 9) + " = 1\n", "line 2: a key of more than 8 parts"),
        ("x = {" + " . ".join(["'a'"] * 9) + " = 1}\n", "line 1: a key of more than 8 parts"),
        ("x = [" + "1," * 60_000 + "]\n", "more than 100000 characters"),
    ],
)
def test_what_would_take_minutes_to_parse_is_refused_first(text, message):
    with pytest.raises(LayoutError, match=message):
        parse_layout(text, "my.toml")


def test_many_faults_are_counted_and_long_values_are_shortened():
    text = "".join(f"k{n} = 1\n" for n in range(2000)) + 'name = "' + "a" * 5000 + '"\n'
    with pytest.raises(LayoutError) as caught:
        parse_layout(text, "my.toml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 41
    assert re.fullmatch(r"layout 'my\.toml': and \d+ more faults: mend these first", lines[-1])
    assert max(map(len, lines)) < 300


def test_no_more_than_a_layout_is_read_of_a_file(tmp_path):
    """A file that is no layout may have any size."""
    with (tmp_path / "huge.toml").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(LayoutError, match="more than 100000 characters"):
        load_layout(tmp_path / "huge.toml")


def test_converters_are_on_i2s_unless_the_layout_asks_for_tdm():
    assert parse_layout(SPHERE).audio.bus == "i2s"
    # A layout without the table is what it was: its digest stays.
    assert "board" not in parse_layout(SPHERE).model_dump()
    asked = parse_layout(SPHERE + '[board]\naudio.bus = "tdm8"\naudio.codec = "cs42448"\n')
    assert (asked.audio.bus, asked.audio.codec) == ("tdm8", "cs42448")


def test_tdm_at_96_khz_is_refused_with_a_remedy():
    text = SPHERE.replace("48000", "96000") + '[board]\naudio.bus = "tdm8"\n'
    with pytest.raises(LayoutError, match=r"board\.audio\.bus = 'tdm8': allowed is sample_rate_hz up to 48000"):
        parse_layout(text)
