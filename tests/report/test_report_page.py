"""The report as a document: whole, self-contained, and true to the scorecard."""

import json
import re

import plotly.graph_objects as go
import pytest

from designer.pipeline import design, find_layout
from designer.report.data import ReportData
from designer.report.page import SECTIONS, render_report
from designer.report.scorecard import scorecard


def report_data(name, **more):
    result = design(find_layout(name))
    card = scorecard(result.layout, result.bank, result.gain_db, result.fixed, result.proof, result.digest)
    return ReportData(result.layout, result.bank, result.fixed, card, **more)


@pytest.fixture(scope="module")
def data():
    return report_data("front3")


@pytest.fixture(scope="module")
def page(data):
    return render_report(data)


def test_every_section_is_there_and_linked(page, data):
    for build in SECTIONS:
        section = build(data)
        assert f'<section id="{section.anchor}">' in page
        assert f'<a href="#{section.anchor}">' in page


def test_nothing_is_fetched(page):
    head, _, script = page.partition("<script>")
    assert not re.search(r'(?:src|href)="(?!#|data:)', head)
    assert "@import" not in head
    assert "url(" not in head
    assert "<script src" not in script


@pytest.mark.parametrize("name", ["front3", "bar6", "echo-studio"])
def test_every_chart_is_valid_plotly(name, data):
    shown = data if name == "front3" else report_data(name)
    for build in SECTIONS:
        for chart in build(shown).charts:
            go.Figure(data=list(chart.data), layout=chart.layout)
            json.dumps(chart.data, allow_nan=False)
            assert chart.caption.endswith(".")


def test_equal_designs_give_equal_pages(page):
    assert render_report(report_data("front3")) == page


def test_a_name_cannot_break_out_of_the_page(data):
    hostile = data.layout.model_copy(update={"description": "</script><b>&"})
    page = render_report(ReportData(hostile, data.bank, data.fixed, data.card))
    assert "</script><b>" not in page
    assert "&lt;/script&gt;&lt;b&gt;&amp;" in page


def test_shortfalls_are_told_with_a_remedy(data):
    from designer.report.sections.summary import warnings

    worse = json.loads(json.dumps(data.card))
    figures = worse["quantised"]["cancellation"]
    figures["left_cancellation_gain_db"] = [0.0] * len(figures["band_centres_hz"])
    found = list(warnings(ReportData(data.layout, data.bank, data.fixed, worse)))
    assert any("misses its target" in what and "effort_cap_db" in remedy for what, remedy in found)


def test_hil_results_are_shown_only_when_there_are_any(data):
    from designer.report.sections import hil

    assert "Not run yet" in hil.build(data).lead
    signals = {"noise": {"name": "noise", "bit_exact": False, "passed": False, "snr_db": 71.5, "snr_limit_db": 70.0}}
    failed = {"verdict": "fail", "board": "virtual", "signals": signals, "faults": ["noise: differs at sample 7"]}
    shown = hil.build(ReportData(data.layout, data.bank, data.fixed, data.card, hil=failed)).lead
    assert "FAILED" in shown
    assert "DIFFERS" in shown
    assert "differs at sample 7" in shown


def test_figures_that_no_section_knows_are_listed(data):
    from designer.report.sections import rest

    card = {**data.card, "novelty": {"surprise_db": 4.25, "band_centres_hz": [100.0, 1000.0], "curve_db": [1.0, 2.0]}}
    section = rest.build(ReportData(data.layout, data.bank, data.fixed, card))
    assert "4.250" in section.tail
    assert [trace["name"] for trace in section.charts[-1].data] == ["curve db"] or any(
        trace["name"] == "curve db" for chart in section.charts for trace in chart.data
    )


def test_before_is_plain_mixing_at_the_same_level(data):
    # Plain mixing hardly separates the ears: that is what the design is for.
    gain = data.before["cancellation"]["left_cancellation_gain_db"]
    designed = data.card["quantised"]["cancellation"]["left_cancellation_gain_db"]
    band = [i for i, f in enumerate(data.card["quantised"]["cancellation"]["band_centres_hz"]) if 900 < f < 5100]
    assert max(gain[i] for i in band) < min(designed[i] for i in band)
