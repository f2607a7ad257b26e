"""The report as a document: whole, self-contained, and true to the scorecard."""

import html
import json
import re
from dataclasses import replace

import plotly.graph_objects as go
import pytest
from shipped import anechoic_design, anechoic_scorecard

from designer.design.store import save_design
from designer.evaluation.head_spread import ChannelSpread, HeadSpread
from designer.evaluation.listening import NotMeasured, RealHead
from designer.evaluation.realisation import OneStage
from designer.report.data import ReportData
from designer.report.page import SECTIONS, render_report
from designer.report.save import _hil, save_report
from designer.report.sections import listening
from designer.toolchain.boards import BOARDS


def report_data(name, **more):
    result, card = anechoic_design(name), anechoic_scorecard(name)
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
        if not (section.lead or section.charts):
            assert section.anchor == "measured"
            assert section.title not in page
            continue
        assert f'<section id="{section.anchor}">' in page
        assert f'<a href="#{section.anchor}">' in page


def test_what_the_layout_can_do_at_best_is_told(page, data):
    limits = data.card.virtual_limits
    assert f"give at most {limits.left.cap_itd_us:.0f} µs." in page
    assert f"{limits.left.effort_for_itd_db:g} dB would be enough" in page


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

    figures = data.card.quantised.cancellation
    left = replace(figures.left, cancellation_gain_db=(0.0,) * len(figures.band_centres_hz))
    quantised = replace(data.card.quantised, cancellation=replace(figures, left=left))
    worse = replace(data.card, quantised=quantised)
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


def test_the_listening_section_stands_for_the_scorecards_figures(data):
    from designer.report.sections import listening

    figures = data.card.listening.quantised
    section = listening.build(data)
    curves = {trace["name"]: trace["y"] for chart in section.charts for trace in chart.data if "name" in trace}
    assert curves["KEMAR, left"] == pytest.approx(figures.kemar.left.cancellation_gain_db, rel=1e-3)
    shifts = [chart for chart in section.charts if "moved to its left" in chart.caption]
    assert [list(t["y"]) for t in shifts[0].data] == [
        pytest.approx(channel.cancellation_gain_db, rel=1e-3)
        for channel in (figures.head_shift.left, figures.head_shift.right)
    ]
    for version in (figures.room, data.card.listening.downmix.room):
        assert f"{version.centre.clarity_c50_db:.1f} dB" in section.tail
    assert f"{figures.timing.centre.pre_ringing_db:.1f} dB" in section.tail


def test_without_kemar_the_reason_is_told(data):
    from designer.report.sections import listening

    missing = NotMeasured(not_measured="the HRTF is missing: install Debian's libmysofa1")
    quantised = data.card.listening.quantised.with_real_head(RealHead(missing))
    card = replace(data.card, listening=replace(data.card.listening, quantised=quantised))
    section = listening.build(ReportData(data.layout, data.bank, data.fixed, card))
    assert "There are no figures on KEMAR: the HRTF is missing" in section.tail
    assert not any("KEMAR" in chart.caption for chart in section.charts)


def test_the_limits_of_the_beam_name_infeasible_bands(data):
    from designer.report.sections import beam_limits

    limits = data.card.beam_limits
    section = beam_limits.build(data)
    (front,) = section.charts
    assert front.data[0]["x"] == pytest.approx(limits.front.lobe_ripple_db[0], rel=1e-3)
    assert (front.data[-1]["x"], front.data[-1]["y"]) == ([3.0], [20.0])
    assert section.tail.count(" Hz</td>") == len(limits.infeasible) > 0


def test_length_tells_what_was_lost_and_allowed(data):
    from designer.report.sections import lengths

    section = lengths.build(data)
    length, stages = data.card.length, data.card.stages
    lost, allowed = (losses.stereo["cancellation_gain_db"] for losses in (length.losses, length.allowances))
    cells = "".join(f"<td class=n>{value:.2f} dB</td>" for value in (lost, allowed))
    assert f"<td>stereo, cancellation gain</td>{cells}" in section.lead
    assert f"{stages.stereo_taps} taps instead of {stages.direct_stereo_taps}" in section.tail
    assert all(f"{driver} on {bus}" in section.tail for bus, driver in stages.references.items())
    one_stage = replace(data.card, stages=OneStage(used=False, why_not="for a reason"))
    assert "one stage: for a reason." in lengths.build(ReportData(data.layout, data.bank, data.fixed, one_stage)).tail
    too_short = replace(data.card, length=replace(length, within_budget=False))
    assert "leave filters.taps out" in lengths.build(ReportData(data.layout, data.bank, data.fixed, too_short)).lead


def test_each_board_shows_its_own_image_and_load(data):
    from designer.report.sections import budget

    def report(instructions, flash):
        figures = {"instructions_per_frame": instructions, "load_percent": 50.0}
        return {"figures": figures, "image": {"flash_bytes": flash, "ram_bytes": 1024}}

    boards = {"stm32f405": report(1400.0, 102400), "mps3-an547": report(700.0, 51200)}
    lead = budget.build(ReportData(data.layout, data.bank, data.fixed, data.card, boards=boards)).lead
    rows = {row.split("</td>")[0]: row for row in lead.split("<tr><td>")[1:]}
    total = BOARDS["stm32f405"].flash_bytes
    assert f"100.0 of {total // 1024} KiB ({100 * 102400 / total:.0f} %)" in rows["stm32f405"]
    assert "1\u202f400" in rows["stm32f405"]
    assert "50 %" in rows["stm32f405"]
    assert "50.0 of 512 KiB (10 %)" in rows["mps3-an547"]
    # Its core's clock is QEMU's own: instructions are counted, a load would mean nothing.
    assert rows["mps3-an547"].count("–") == 1
    assert "of 4096 KiB" in rows["mps2-an500"]


def test_reports_of_all_boards_of_the_design_are_taken_in(tmp_path):
    from designer.report.save import _boards

    for name, board, digest in (
        ("hil", "virtual:stm32f405", "d"),
        ("hil-qemu", "qemu:stm32f405", "d"),
        ("hil-mps2-an500", "qemu:mps2-an500", "d"),
        ("hil-dev-ttyACM0", "stm32f405 at /dev/ttyACM0", "d"),
        ("hil-mps3-an547", "qemu:mps3-an547", "old"),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps({"board": board, "digest": digest}))
    (tmp_path / "hil-broken.json").write_text("{")
    found = _boards(tmp_path, "d")
    assert {name: report["board"] for name, report in found.items()} == {
        "stm32f405": "stm32f405 at /dev/ttyACM0",
        "mps2-an500": "qemu:mps2-an500",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "hil.json is damaged, or was left half-written (Expecting value: line 1 column 1 (char 0))"),
        ('{"digest": "', "hil.json is damaged, or was left half-written (Unterminated string"),
        (b"\xff\xfe\x00{", "hil.json is damaged, or was left half-written ("),
        ("[1]", "hil.json is no report of the regression"),
        ('{"verdict": "pass"}', "hil.json is no report of the regression"),
        ('{"digest": "feedfeed"}', "Not run yet on this design (hil.json is of digest feedfeed, this is d)"),
    ],
    ids=["empty", "cut off", "no text", "no object", "no digest", "another design"],
)
def test_why_a_hil_report_is_not_shown_is_said(tmp_path, content, said):
    path = tmp_path / "hil.json"
    assert _hil(path, "d") == (None, "Not run yet on this design")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, why = _hil(path, "d")
    assert found is None
    assert why.startswith(said)


def test_the_page_says_what_is_the_matter_with_a_damaged_hil_report(tmp_path):
    result = anechoic_design("pair2")
    (tmp_path / "hil.json").write_text("{")
    card = anechoic_scorecard("pair2")
    save_design(result, tmp_path, card)
    page = save_report(result, card, tmp_path).read_text()
    said = "hil.json is damaged, or was left half-written (Expecting property name enclosed in double quotes: line 1"
    (text,) = re.findall(r"<p>(hil.json [^<]*)</p>", page)
    assert text.startswith(said)
    assert text.endswith("): proscenium hil pair2 streams audio through the board, and writes it.")
    assert "Not run yet" not in page


def test_hil_results_that_may_not_be_read_are_not_called_missing(tmp_path):
    (tmp_path / "hil.json").mkdir()
    assert _hil(tmp_path / "hil.json", "d") == (None, "hil.json cannot be read (Is a directory)")


def test_figures_that_no_section_knows_are_listed(data):
    from designer.report.sections import rest

    novelty = {"surprise_db": 4.25, "band_centres_hz": [100.0, 1000.0], "curve_db": [1.0, 2.0]}
    section = rest.figures_section({**data.card.to_json(), "novelty": novelty})
    assert "4.250" in section.tail
    assert [trace["name"] for trace in section.charts[-1].data] == ["curve db"] or any(
        trace["name"] == "curve db" for chart in section.charts for trace in chart.data
    )


def test_the_design_is_compared_with_a_stereo_downmix(data):
    # A downmix hardly separates the ears: that is what the design is for.
    gain = data.downmix_figures.cancellation.left.cancellation_gain_db
    figures = data.card.quantised.cancellation
    band = [i for i, f in enumerate(figures.band_centres_hz) if 900 < f < 5100]
    assert max(gain[i] for i in band) < min(figures.left.cancellation_gain_db[i] for i in band)


def test_sentences_of_the_report_are_short(page):
    texts = re.findall(r"<(?:p|figcaption|b)>([^<]*)</", page)
    sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.:;!?])\s", html.unescape(text))]
    assert [sentence for sentence in sentences if len(sentence.split()) > 25] == []


def test_spread_over_heads_is_a_figure():
    spread = ChannelSpread(
        cancellation_gain_db=(11.0, 12.0), ild_db=(6.0, 5.4), itd_us=(300.0, 310.0), least_gain_db=(), most_gain_db=()
    )
    heads = HeadSpread(
        heads=("sphere", "KEMAR"),
        real_pair_ild_db=(5.9, 8.5),
        real_pair_itd_us=(290.0, 294.0),
        band_centres_hz=(),
        left=spread,
        right=spread,
    )
    text = listening._spread(heads)
    assert "up to 3.1 dB smaller" in text
    assert "11.0 to 12.0 dB" in text
