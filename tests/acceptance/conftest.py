"""Scorecards of the five shipped layouts, and of one that nobody tuned for: each is made once for all tests here."""

from pathlib import Path

import pytest
from odd_layouts import ODD

from designer.layout import load_layout, parse_layout
from designer.pipeline import design
from designer.report.scorecard import scorecard

SHIPPED = ("front3", "cross4", "echo-studio", "pair2", "bar6")


@pytest.fixture(scope="session")
def made():
    """Layout and scorecard by name, made when first asked for."""
    known = {}

    def make(name):
        if name not in known:
            layouts = Path(__file__).parents[2] / "layouts"
            layout = parse_layout(ODD) if name == "odd5" else load_layout(layouts / f"{name}.toml")
            result = design(layout)
            card = scorecard(
                layout,
                result.bank,
                result.gain_db,
                result.fixed,
                result.proof,
                result.digest,
                result.lengths,
                designed=result.designed,
                savings=result.savings,
            )
            known[name] = (layout, card)
        return known[name]

    return make


@pytest.fixture(params=[*SHIPPED, "odd5"])
def designed(request, made):
    """Layout and scorecard of each layout in turn."""
    return made(request.param)
