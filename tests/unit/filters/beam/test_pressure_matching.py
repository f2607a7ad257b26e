"""Matching levels: no point of the front is beaten, phases can be given, mirror images stay mirror images."""

from dataclasses import replace

import numpy as np
import pytest
from anechoic import anechoic
from places import LAYOUTS

from designer.evaluation.beam_limits.pareto_front import DEPTHS_DB, pareto_front
from designer.evaluation.beam_limits.trade_off import _in_units_of_effort
from designer.filters.bands import role_weights
from designer.filters.beam.design import design_beam
from designer.layout.load import load_layout

FREQUENCIES = np.geomspace(250, 5000, 80)


def beam_of(name):
    layout = anechoic(load_layout(LAYOUTS / f"{name}.toml"))
    return layout, design_beam(layout, FREQUENCIES)


@pytest.mark.parametrize(("name", "aside_db"), [("front3", 0.7), ("cross4", 1.0), ("echo-studio", 0.3)])
def test_beam_lies_on_the_front_of_the_cone_programs(name, aside_db):
    layout, beam = beam_of(name)
    lines = np.flatnonzero((FREQUENCIES > 500) & (FREQUENCIES < 3900))[::8]
    pressure = np.abs((beam.lobe[lines] @ beam.weights[lines][..., None])[..., 0])
    sides = np.abs((beam.nulls[lines] @ beam.weights[lines][..., None])[..., 0])
    ripple, depth = np.ptp(20 * np.log10(pressure), axis=1), -20 * np.log10(sides.max(axis=1))
    scaled = _in_units_of_effort(beam, role_weights(layout, FREQUENCIES, "beamformer"))
    front = pareto_front(scaled, lines, layout.beamformer.white_noise_gain_floor_db).ripple_db
    best = np.array([np.interp(min(d, 40), DEPTHS_DB, row) for d, row in zip(depth, front, strict=True)])
    assert np.isfinite(best).all()
    # Nulls are worth more than the last tenths of ripple where the lobe is as even as asked.
    assert (ripple - best).max() < aside_db


def test_nulls_give_way_to_the_lobe_only_where_it_is_uneven():
    layout, beam = beam_of("cross4")
    used = (FREQUENCIES > 500) & (FREQUENCIES < 2500)
    sides = -20 * np.log10(np.abs((beam.nulls[used] @ beam.weights[used][..., None])[..., 0]).max(axis=1))
    assert sides.min() > 45
    layout, beam = beam_of("echo-studio")
    used = (FREQUENCIES > 500) & (FREQUENCIES < 900)
    sides = -20 * np.log10(np.abs((beam.nulls[used] @ beam.weights[used][..., None])[..., 0]).max(axis=1))
    asked = layout.beamformer.null_depth_db
    assert ((sides > asked) & (sides < asked + 4)).all()


def test_a_null_on_one_side_only_is_no_mirror_image():
    _, beam = beam_of("cross4")
    assert beam.matching.mirror.tolist() == [0, 2, 1, 3]
    lopsided = replace(
        beam.matching,
        response=beam.matching.response[:, :-1],
        share=beam.matching.share[:-1],
        wanted=beam.matching.wanted[:-1],
    )
    assert lopsided.mirror is None
