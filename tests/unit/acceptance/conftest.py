"""Scorecards of the five shipped layouts, and of one that nobody tuned for: each is made once for all tests here."""

import pytest
from anechoic import anechoic, anechoic_layout
from odd_layouts import ODD
from shipped import anechoic_scorecard, made_once

from designer.design.build import build_design
from designer.layout.load import parse_layout
from designer.report.scorecard import scorecard

SHIPPED = ("front3", "cross4", "echo-studio", "pair2", "bar6")


@pytest.fixture(scope="session")
def made():
    """Layout and scorecard by name, made when first asked for."""
    known = {}

    def make(name):
        if name not in known:
            layout, card = odd() if name == "odd5" else (anechoic_layout(name), anechoic_scorecard(name))
            # As it is written to scorecard.json.
            known[name] = (layout, card.to_json())
        return known[name]

    return make


def odd():
    layout = anechoic(parse_layout(ODD))
    return layout, made_once("scorecard-odd5", lambda: scorecard(build_design(layout)))


@pytest.fixture(params=[*SHIPPED, "odd5"])
def designed(request, made):
    """Layout and scorecard of each layout in turn."""
    return made(request.param)
