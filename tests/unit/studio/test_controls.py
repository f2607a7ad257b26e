"""Every key of the layout reference has a control, with its meaning, unit and range."""

import pytest

from designer.layout.reference import keys_of, tables
from designer.studio.controls import control_groups

CONTROLS = {(c["model"], c["key"]): c for group in control_groups() for c in group["controls"]}


def test_no_key_is_left_out():
    names = {name for name, _ in tables()}
    wanted = {
        (model, key.name)
        for table, model in tables()
        for key in keys_of(model)
        if (f"{table}.{key.name}" if table else key.name) not in names
    }
    assert set(CONTROLS) == wanted


def test_meaning_and_default_are_those_of_the_reference():
    for _, model in tables():
        for key in keys_of(model):
            control = CONTROLS.get((model, key.name))
            if control is not None:
                assert (control["meaning"], control["default"], control["required"]) == (
                    key.meaning,
                    key.default,
                    key.required,
                )


@pytest.mark.parametrize(
    ("model", "key", "kind", "unit", "low", "high"),
    [
        ("Listener", "distance_m", "number", "m", 0.3, 10),
        ("Driver", "azimuth_deg", "number", "°", -180, 180),
        ("Filters", "taps", "integer", "taps", 16, 512),
        ("Layout", "speed_of_sound_m_per_s", "number", "m/s", 300, 370),
        ("Output", "link_limiters", "flag", "", None, None),
        ("Crosstalk", "target_gain_db", "list", "dB", None, None),
        ("Driver", "roles", "roles", "", None, None),
        ("Listener", "hrtf", "file", "", None, None),
    ],
)
def test_kind_unit_and_range(model, key, kind, unit, low, high):
    found = CONTROLS[model, key]
    assert (found["kind"], found["unit"], found["low"], found["high"]) == (kind, unit, low, high)


def test_numbers_may_have_words_in_their_place():
    assert CONTROLS["Crosstalk", "width"]["choices"] == ("room",)
    assert CONTROLS["Layout", "sample_rate_hz"]["choices"] == (44100, 48000, 96000)


def test_a_slider_has_steps_that_one_can_see():
    for control in CONTROLS.values():
        if control["kind"] == "number" and control["high"] is not None:
            assert 50 <= (control["high"] - control["low"]) / control["step"] <= 200.5
