"""pytest as the runner: two boards at once, every report, and a figure that worsens fails with both values."""

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from chromium import open_browser
from places import ROOT

from designer.regression import history

BOARDS = ("virtual:stm32f405", "qemu:mps2-an500")


def run(out, *arguments, **environment):
    command = [sys.executable, "-m", "pytest", "hil_tests", "-q", "--layout", "pair2", "--out", out, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=400, check=False
    )


def proscenium(*arguments):
    command = [Path(sys.executable).with_name("proscenium"), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def two_boards(tmp_path_factory):
    """One run on two boards, on two workers."""
    out = tmp_path_factory.mktemp("runner")
    boards = [word for name in BOARDS for word in ("--board", name)]
    options = ("-n", "2", "--seconds", "0.2", "--junitxml", str(out / "hil.xml"))
    chosen = ("-k", "impulse or program_noise or test_signal and noise or generated or metrics or load or plays_on")
    return out, run(out, *boards, *options, *chosen)


def test_two_boards_pass_at_once(two_boards):
    out, result = two_boards
    assert result.returncode == 0, result.stdout + result.stderr
    for name, suffix in zip(BOARDS, ("", "-mps2-an500"), strict=True):
        told = json.loads((out / f"hil{suffix}.json").read_text())
        assert told["verdict"] == "pass"
        assert told["board"] == name
        assert all(signal["bit_exact"] for signal in told["signals"].values())
        assert [g["bit_exact"] for g in told["generated"]] == [True] * 3
        assert told["figures"]["thd_n_db"] < -60
        assert f"HIL: layout 'pair2' on {name}" in result.stdout
        assert (out / f"hil{suffix}.html").read_text().count('class="chart"') >= 5
    assert (out / "report.html").is_file()


def test_what_a_board_cannot_is_listed_with_its_reason(two_boards):
    out, result = two_boards
    told = json.loads((out / "hil-mps2-an500.json").read_text())
    name = "fault or not the board plays on"
    assert told["not_measured"][name] == "no audio outputs here, or fewer than the layout has drivers"
    assert f"not measured: {name}: no audio outputs here, or fewer than the layout has drivers" in result.stdout
    page = (out / "hil-mps2-an500.html").read_text()
    assert f"<b>Not measured: {name}.</b> no audio outputs here, or fewer than the layout has drivers." in page
    assert name not in json.loads((out / "hil.json").read_text())["not_measured"]


def test_a_test_that_fails_without_a_figure_fails_the_report(tmp_path):
    (tmp_path / "breaks.py").write_text(
        "from designer.regression.suite import Suite\n"
        "def fail(self):\n"
        "    raise RuntimeError('the line was cut\\nand more')\n"
        "Suite.metrics = fail\n"
    )
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    result = run(tmp_path / "out", "-p", "breaks", "-k", "trade_metrics", PYTHONPATH=path)
    assert result.returncode == 4, result.stdout + result.stderr
    told = json.loads((tmp_path / "out" / "hil.json").read_text())
    assert told["verdict"] == "fail"
    assert told["faults"] == ["test 'trade metrics' failed: RuntimeError: the line was cut"]
    refused = (((), "failed for other reasons than worse figures"), (("--board", "mps2-an500"), "no run of 'pair2'"))
    for options, why in refused:
        refused = proscenium("hil", "pair2", "--out", tmp_path / "out", "--accept", "why not", *options)
        assert refused.returncode == 4
        assert why in refused.stderr


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make test installs it")
def test_pages_draw_every_chart_and_fit(two_boards):
    out, _ = two_boards
    assert proscenium("hil", "pair2", "--history", "--quiet", "--out", out).returncode == 0
    with open_browser() as page:
        for name, least, width in (("hil.html", 5, 390), ("hil.html", 5, 1280), ("hil_history.html", 20, 390)):
            page.open(out / name, width, 900)
            assert page.errors == []
            assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
            assert page.evaluate("document.querySelectorAll('.chart').length") >= least
            assert page.evaluate("[...document.querySelectorAll('.chart')].every(e => e.querySelector('.main-svg'))")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.pdf().startswith(b"%PDF-")


def test_both_runs_are_on_record(two_boards):
    out, _ = two_boards
    lines = history.read(out / history.FILE_NAME)
    assert {line["board"] for line in lines} == set(BOARDS)
    for line in lines:
        assert line["compiler"].startswith("arm-none-eabi-gcc")
        assert line["commit"] != ""
        assert line["figures"]["flash_bytes"] > 0


def test_junit_has_every_test_and_figure(two_boards):
    out, _ = two_boards
    cases = ET.parse(out / "hil.xml").getroot().findall(".//testcase")
    assert len({case.get("name") for case in cases}) == len(cases) >= 2 * 10
    properties = {p.get("name") for case in cases for p in case.findall(".//property")}
    assert {"thd_n_db", "dynamic_range_db", "latency_samples", "instructions_per_block"} <= properties


def test_a_worse_figure_fails_with_both_values_until_it_is_accepted(tmp_path):
    path = tmp_path / "memory" / "h.jsonl"
    told = {"layout": "pair2", "board": BOARDS[0], "digest": "", "arithmetic": "q15", "verdict": "pass"}
    history.append(path, history.record({**told, "seconds_of_audio": 0.0}, {"flash_bytes": 5000.0}, "gcc", "abc"))
    arguments = ("-k", "test_load", "--history-file", str(path))
    result = run(tmp_path, *arguments)
    assert result.returncode == 4, result.stdout + result.stderr
    assert "FAIL worse than the baseline: flash_bytes: " in result.stdout
    assert "baseline 5000, allowed to 5100" in result.stdout
    assert "not measured: acoustics: the impulses were not asked for" in result.stdout
    shown = proscenium("hil", "pair2", "--history", "--history-file", path, "--out", tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert f"History of 'pair2' on {BOARDS[0]}" in shown.stdout
    assert "WORSE" in shown.stdout
    accepted = proscenium("hil", "pair2", "--history-file", path, "--out", tmp_path, "--accept", "it was wrong")
    assert accepted.returncode == 0, accepted.stderr
    assert accepted.stdout == f"baseline of 'pair2' on {BOARDS[0]}: it was wrong\n"
    assert history.read(path)[-1]["accepted"] == "it was wrong"
    result = run(tmp_path, *arguments)
    assert result.returncode == 0, result.stdout
    shown = proscenium("hil", "pair2", "--history", "--history-file", path, "--out", tmp_path)
    assert "WORSE" not in shown.stdout
    assert "it was wrong" in shown.stdout
    assert "it was wrong" in (tmp_path / "hil_history.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--layout", "nowhere"), 2, "layout 'nowhere': no such file"),
        (("--board", "/dev/ttyNONE"), 5, "'/dev/ttyNONE': cannot be opened"),
        (("--board", "virtual:nothing"), 5, "board 'nothing': unknown"),
        (("--board", "virtual:mps2-an500"), 5, "QEMU has it: qemu:mps2-an500"),
    ],
)
def test_what_cannot_run_is_one_message_and_an_exit_code(tmp_path, arguments, code, message):
    result = run(tmp_path, *arguments, "-k", "runs_this_design")
    assert result.returncode == code, result.stdout + result.stderr
    assert message in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
