"""Meaning of each key of a layout, for the layout reference and for the comments in new layouts.

Types, ranges and defaults come from the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from designer.layout.model import Layout

# By the model's class and field.
MEANINGS: dict[str, dict[str, str]] = {
    "Layout": {
        "name": "Name of the board: small letters, digits, '-' and '_'. All files go to build/<name>/.",
        "description": "One line that says what the layout is.",
        "sample_rate_hz": "44100, 48000 or 96000.",
        "number_format": "Number format of the firmware. q31 has the least noise. q15 is the quickest and the "
        "smallest. q31x15 has the samples of q31 and the taps of q15.",
        "block_samples": "Frames in each block of the firmware; a multiple of 16.",
        "speed_of_sound_m_per_s": "343 at 20 °C.",
        "cabinet": "A sphere or a flat baffle.",
        "listener": "Where the head is, and how far it moves.",
        "room": 'The room in which depth is evaluated, and for which crosstalk.width designs. "none" in its place: a '
        "design for a listener without a room.",
        "virtualisation": "Where the listener hears the left and the right channel.",
        "crosstalk": "Wanted cancellation gain, and its largest effort.",
        "beamformer": "Lobe and nulls of the centre channel.",
        "filters": "Form and length of the filters.",
        "output": "Level of the driver signals, and limiters.",
        "measured": "What holds for all measured drivers.",
        "board": "What the layout asks of the board.",
        "driver": "One table for each driver, at least two.",
    },
    "BoardSettings": {
        "audio": "How converters are connected, where the board leaves the choice.",
    },
    "BoardAudio": {
        "bus": "i2s: a stereo converter on each data line. tdm8: one codec of eight channels, set up over I2C; "
        "stm32h743 only, at 44100 or 48000 Hz.",
        "codec": "Codec on the tdm8 bus: TI PCM3168A or Cirrus CS42448.",
    },
    "MeasuredSets": {
        "align": "For all measured drivers that do not say otherwise: clock or model, see driver.measured.",
    },
    "SphereCabinet": {
        "shape": "A rigid sphere, for compact speakers whose drivers look in several directions.",
        "radius_m": "Radius of the cabinet. For a box, take that of the sphere of equal volume.",
    },
    "BaffleCabinet": {
        "shape": "A flat front that faces the listener, modelled as an infinite rigid baffle.",
        "width_m": "Width of the front.",
        "height_m": "Height of the front.",
    },
    "Driver": {
        "name": "Unique name of the driver.",
        "channel": "Output channel of the driver. Channels count from 0 without gaps.",
        "radius_m": "Radius of the diaphragm.",
        "azimuth_deg": "On a sphere: 0 faces the listener, +90 the listener's left, 180 the wall behind.",
        "elevation_deg": "On a sphere: +90 faces up, -90 down.",
        "y_m": "In a baffle: distance to the left of the centre, as the listener sees it.",
        "z_m": "In a baffle: distance above the centre.",
        "band_hz": "Band that the driver can play, [from, to]. Outside it the response falls at 24 dB per octave.",
        "roles": "Functions that use the driver: crosstalk, beamformer.",
        "limit_db": "Level that the driver signal never exceeds, relative to full scale.",
        "measured": "Measured responses that replace or complete the acoustic model of this driver.",
    },
    "Measured": {
        "file": "SOFA file (FreeFieldDirectivityTF, GeneralTF or GeneralFIR), or a folder of WAVs with a table "
        "angles.csv.",
        "set": "Drivers with the same name here were measured with one clock and one gain.",
        "align": "clock: level and delay relative to the other drivers of the set stay as measured. model: they are "
        "those of the acoustic model. Left out: as the table [measured] says, else clock.",
        "source": "Which of several sources in a SOFA file, from 0. Left out: it has one, and repeats are averaged.",
        "invert": "Whether to turn the polarity of the measurement, because it was wired the wrong way.",
        "gain_db": "Level beyond the measured one, or beyond the acoustic model's.",
        "from_hz": "Below this the acoustic model replaces the measurement, whose window is too short there. 0: never.",
        "window_ms": "Length that is kept after the onset of each response. The rest counts as room and noise.",
        "complete": "Whether the acoustic model replaces directions that were not measured.",
    },
    "Listener": {
        "distance_m": "From the centre of the head to the centre of the cabinet.",
        "head_radius_m": "Radius of the head; 0.0875 is an average adult's.",
        "lateral_span_m": "The head may move this far to either side.",
        "distance_span_m": "The head may move this far forward and backward.",
        "yaw_span_deg": "The head may turn this far to either side.",
        "hrtf": "A measured head in place of the sphere: SOFA file (SimpleFreeFieldHRIR).",
        "head": "Measured heads that the design for a room hears with, beside spheres of several sizes.",
    },
    "MeasuredHead": {
        "hrtf": "SOFA file (SimpleFreeFieldHRIR).",
    },
    "ListeningRoom": {
        "size_m": "[length, width, height]; length is along the line from listener to cabinet. If left out: the "
        "distance plus 3.3 m, 4.2 m and 2.6 m.",
        "listener_m": "Place of the head: from the wall behind the listener, from the wall on the right, above the "
        "floor. If left out: clear of all walls, 10 cm off the middle, ears at 1.2 m.",
        "absorption": "Part of the energy that each wall takes.",
    },
    "Virtualisation": {
        "azimuth_deg": "The left source is heard at this azimuth, the right one at its mirror image.",
        "hrtf": "Head for which the sources are made: SOFA file (SimpleFreeFieldHRIR). If left out: the sphere.",
    },
    "Crosstalk": {
        "target_gain_db": "[frequency, gain] pairs: level at the own ear over the other ear, "
        "interpolated between the pairs.",
        "effort_cap_db": "Largest power of all drivers together, relative to that of one driver for the same level.",
        "width": 'With it the design is made for the room. "room" takes what the room makes best, 0 the least power '
        "radiated into the room, 1 the whole virtual source. If left out: target_gain_db.",
    },
    "Beamformer": {
        "null_azimuths_deg": "Directions in which the centre channel is quiet.",
        "null_levels_db": "Wanted level in each of those directions, relative to the axis. If left out: as quiet as "
        "possible.",
        "null_depth_db": "Wanted depth of the nulls. A larger value gives nulls more weight against an even lobe.",
        "lobe_ripple_db": "Wanted ripple of the lobe. The scorecard names what the layout cannot reach.",
        "lobe_half_width_deg": "The main lobe is kept even within this angle to either side.",
        "white_noise_gain_floor_db": "Least white-noise gain. A higher one lets drivers differ more before "
        "the nulls fill.",
        "band_hz": "Band of the beam. Outside it all drivers play in phase.",
    },
    "Filters": {
        "form": "rtf: two stages if they keep the error budget with fewer taps. The first is one filter for what all "
        "drivers have in common. The second filters each driver relative to a reference. direct: always one stage.",
        "taps": "Length of each FIR, in direct form. If left out: the shortest filters that keep the error budget.",
    },
    "Output": {
        "peak_gain_db": "Level of the loudest driver for the worst signals at all inputs at once. At 0 dB no signal "
        "exceeds full scale. Music stays far below the worst signals, so the default is higher.",
        "look_ahead_ms": "Look-ahead of the limiters, which is also their delay. Rounded up to whole hops of 16 "
        "samples.",
        "release_ms": "Time in which a limiter's gain returns after a peak.",
        "link_limiters": "Whether all drivers are turned down together, so that nulls and virtual sources stay. "
        "Otherwise each driver is turned down by itself.",
    },
}


@dataclass(frozen=True)
class Key:
    """One key of the layout.

    Attributes
    ----------
    name : str
    meaning : str
    allowed : str
        Range or choices, in words.  Empty if the meaning says it.
    default : Any
        None if the key is required or has no default.
    required : bool
    """

    name: str
    meaning: str
    allowed: str
    default: Any
    required: bool


def keys_of(model: str) -> list[Key]:
    """List all keys of one table of the layout.

    Parameters
    ----------
    model : str
        Name of its class, such as 'Driver'.

    Returns
    -------
    list of Key
        In the order of the model.

    Raises
    ------
    KeyError
        If there is no such table, or a key of it has no meaning here or in the model.
    """
    schema = schemas()[model]
    written = MEANINGS.get(model, {})
    keys = []
    for name, field in schema["properties"].items():
        meaning = written.get(name) or field.get("description")
        if not meaning:
            raise KeyError(f"layout key {model}.{name}: say what it means in designer/layout/reference.py")
        keys.append(Key(name, meaning, _allowed(field), field.get("default"), name in schema.get("required", [])))
    return keys


def tables() -> Iterator[tuple[str, str]]:
    """Yield the names of the tables in a file and of their classes, in the order of the model."""
    found = schemas()
    yield "", "Layout"
    for name, field in found["Layout"]["properties"].items():
        for reference in _references(field):
            yield name, reference
            for inner, part in found[reference]["properties"].items():
                for nested in _references(part):
                    yield f"{name}.{inner}", nested


def schemas() -> dict[str, Any]:
    """JSON schemas of all tables by the names of their classes."""
    schema = Layout.model_json_schema(by_alias=True)
    return {"Layout": schema, **schema.get("$defs", {})}


def _references(field: dict[str, Any]) -> list[str]:
    """Classes that a field's value may have."""
    parts = [field, *field.get("anyOf", []), *field.get("oneOf", []), *field.get("allOf", []), field.get("items") or {}]
    return [part["$ref"].rsplit("/", 1)[-1] for part in parts if isinstance(part, dict) and "$ref" in part]


def _allowed(field: dict[str, Any]) -> str:
    for part in (field, *field.get("anyOf", [])):
        if "const" in part:
            return f'"{part["const"]}"'
        if "enum" in part:
            return " or ".join(f'"{value}"' for value in part["enum"])
        low = part.get("minimum", part.get("exclusiveMinimum"))
        high = part.get("maximum", part.get("exclusiveMaximum"))
        if low is not None and high is not None:
            return f"{low:g} … {high:g}"
        if low is not None or high is not None:
            return f"from {low:g}" if low is not None else f"up to {high:g}"
    return ""
