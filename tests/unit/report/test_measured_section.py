"""The report's section of measured drivers: what was measured, told and completed, per driver and band."""

from dataclasses import replace

import pytest
from shipped import shipped_design, shipped_scorecard

from designer.evaluation.measured import Coverage, MeasuredDriver
from designer.evaluation.scorecard import Scorecard
from designer.report.data import ReportData
from designer.report.sections import measured

FOUND = MeasuredDriver(
    driver="left",
    file="left.sofa",
    set="main",
    align="clock",
    directions=412,
    level_db=2.5,
    delay_us=-43.0,
    inverted=True,
    explained_percent=97.0,
    noise_db=-31.0,
    tail_db=None,
    drift_us=0.0,
    band_centres_hz=(100.0, 200.0, 400.0, 800.0),
    ears=Coverage(interpolated=(0.0, 60.0, 100.0, 100.0), extrapolated=(0.0,) * 4, model=(100.0, 40.0, 0.0, 0.0)),
    around=Coverage(
        interpolated=(0.0, 50.0, 80.0, 80.0), extrapolated=(0.0, 10.0, 20.0, 20.0), model=(100.0, 40.0, 0, 0)
    ),
    notes=("driver 'left', measured: 12 repeated measurements were averaged",),
    warnings=("driver 'left', measured: its polarity is inverted",),
)


@pytest.fixture(scope="module")
def card():
    return replace(shipped_scorecard("front3"), measured=(FOUND,))


def test_every_band_of_every_driver_is_told(card):
    result = shipped_design("front3")
    section = measured.build(ReportData(result.layout, result.bank, result.fixed, card))
    assert "left.sofa" in section.lead
    assert "its polarity is inverted" in section.lead
    assert "12 repeated measurements were averaged." in section.lead
    assert "-43 µs" in section.lead
    for heading in ("interpolated", "extrapolated", "model"):
        assert heading in section.tail
    rows = [row.split("</td>")[0:6] for row in section.tail.split("<tr>")[2:]]
    cells = [[cell.split(">")[-1] for cell in row] for row in rows]
    assert cells[:3] == [
        ["left", "at the ears", "100 Hz", "0 %", "0 %", "100 %"],
        ["left", "at the ears", "200 Hz", "60 %", "0 %", "40 %"],
        ["left", "at the ears", "400 – 800 Hz", "100 %", "0 %", "0 %"],
    ]
    assert cells[5] == ["left", "around", "400 – 800 Hz", "80 %", "20 %", "0 %"]


def test_the_scorecard_keeps_them_and_leaves_them_out_where_there_are_none(card):
    assert Scorecard.from_json(card.to_json()) == card
    assert "measured" not in shipped_scorecard("front3").to_json()
