"""Scorecards of the five shipped layouts, and of one that nobody tuned for: each is made once for all tests here."""

import pytest
from odd_layouts import ODD
from places import LAYOUTS

from designer.design.build import build_design
from designer.layout.load import load_layout, parse_layout
from designer.report.scorecard import scorecard

SHIPPED = ("front3", "cross4", "echo-studio", "pair2", "bar6")


@pytest.fixture(scope="session")
def made():
    """Layout and scorecard by name, made when first asked for."""
    known = {}

    def make(name):
        if name not in known:
            layouts = LAYOUTS
            layout = parse_layout(ODD) if name == "odd5" else load_layout(layouts / f"{name}.toml")
            result = build_design(layout)
            # As it is written to scorecard.json.
            card = scorecard(result).to_json()
            known[name] = (layout, card)
        return known[name]

    return make


@pytest.fixture(params=[*SHIPPED, "odd5"])
def designed(request, made):
    """Layout and scorecard of each layout in turn."""
    return made(request.param)
