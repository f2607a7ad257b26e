"""The memory: what is worse than the baseline is told with both values, and only a reason moves the baseline."""

import json
import resource

import pytest

from designer.errors import HilError, LayoutError
from designer.regression import history
from designer.regression.tracked_figures import BY_NAME, FIGURES, collect


def run(verdict="pass", board="virtual:stm32f405", layout="front3", **figures):
    report = {"layout": layout, "board": board, "digest": "d", "arithmetic": "q31", "verdict": verdict}
    return history.record({**report, "seconds_of_audio": 1.0}, figures, "gcc", "abc")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "hil_history.jsonl"


def test_without_a_file_there_is_no_history(path):
    assert history.read(path) == []
    assert history.baseline([]) is None
    assert history.worsenings({"thd_n_db": 0.0}, None) == []


def test_runs_come_back_in_order_and_by_layout_and_board(path):
    lines = [run(thd_n_db=-90.0), run(board="/dev/ttyACM0"), run(layout="bar6")]
    for line in lines:
        history.append(path, line)
    assert history.read(path) == lines
    assert history.read(path, "front3") == lines[:2]
    assert history.read(path, "front3", "/dev/ttyACM0") == [lines[1]]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_each_figure_fails_just_beyond_its_margin_and_only_the_bad_way(figure):
    old = 50.0
    margin = figure.margin * old if figure.relative else figure.margin
    bad = -1 if figure.better == "higher" else 1
    base = run(**{figure.name: old})
    assert history.worsenings({figure.name: old + bad * margin}, base) == []
    assert history.worsenings({figure.name: old - bad * 10}, base) == []
    (worse,) = history.worsenings({figure.name: old + bad * (margin + 1e-3)}, base)
    assert (worse.name, worse.baseline, worse.value) == (figure.name, old, old + bad * (margin + 1e-3))
    assert f"{worse.value:.6g}, baseline 50" in str(worse)


def test_the_baseline_is_the_first_run_that_passed_until_one_is_accepted(path):
    for line in (run("fail", thd_n_db=-10.0), run(thd_n_db=-90.0), run(thd_n_db=-60.0)):
        history.append(path, line)
    assert history.baseline(history.read(path))["figures"] == {"thd_n_db": -90.0}
    line = history.accept(path, "front3", "  shorter filters  ")
    assert line["accepted"] == "shorter filters"
    lines = history.read(path)
    assert history.baseline(lines) == line == lines[-1]
    assert history.worsenings({"thd_n_db": -60.0}, line) == []
    # The acceptance is no run of its own.
    assert [value for _, value in history.trend(lines)["thd_n_db"]] == [-10.0, -90.0, -60.0]


def test_a_baseline_is_not_moved_without_reason_or_run_or_by_a_broken_run(path):
    with pytest.raises(HilError, match="no run of 'front3' to accept"):
        history.accept(path, "front3", "why")
    history.append(path, run("fail"))
    with pytest.raises(LayoutError, match="needs a reason"):
        history.accept(path, "front3", "  ")
    with pytest.raises(HilError, match="failed for other reasons than worse figures"):
        history.accept(path, "front3", "why")
    assert len(history.read(path)) == 1


def test_a_cut_off_last_line_costs_only_itself(path):
    history.append(path, run(thd_n_db=-90.0))
    with path.open("a") as file:
        file.write('{"layout": "fro')
    assert len(history.read(path)) == 1
    history.append(path, run(thd_n_db=-91.0))
    assert [line["figures"]["thd_n_db"] for line in history.read(path)] == [-90.0, -91.0]


def test_a_line_in_the_middle_that_is_no_record_is_named(path):
    history.append(path, run())
    path.write_text(path.read_text() + '{"a": 1}\n' + json.dumps(run()) + "\n")
    with pytest.raises(LayoutError, match=r"line 2: no record \('layout' is missing or no text\): remove the line"):
        history.read(path)


def test_figures_are_picked_from_a_report_and_nothing_is_invented():
    assert collect({}, 64, 48000) == {}
    report = {
        "signals": {"noise": {"snr_db": 120.0, "max_error_lsb": 2.0}, "music": {"snr_db": 90.0}},
        "metrics": {"figures": {"thd_n_db": -100.0, "unknown": 1.0}},
        "instructions_per_block": 64 * 1400,
        "image": {"flash_bytes": 10, "ram_bytes": 20},
        "acoustics": {
            "cancellation": {
                "band_centres_hz": [500.0, 1000.0, 4000.0, 8000.0],
                "left_cancellation_gain_db": [0.0, 10.0, 14.0, 0.0],
                "right_cancellation_gain_db": [0.0, None, 12.0, 0.0],
                "target_itd_us": 300.0,
                "left_itd_us": 290.0,
                "right_itd_us": -320.0,
            },
            "beam": {"mean_null_depth_db": 17.0},
        },
    }
    figures = collect(report, 64, 48000)
    assert figures["cancellation_gain_db"] == 12.0
    assert figures["virtual_itd_error_us"] == 20.0
    assert figures["instructions_per_frame"] == 1400.0
    # 1400 instructions at 1.25 cycles are half of 168 MHz at 48 kHz.
    assert figures["load_percent"] == 50.0
    assert set(figures) <= set(BY_NAME)
    assert "unknown" not in figures


def test_a_sparkline_reaches_from_the_least_to_the_greatest():
    assert history.sparkline([0.0, 1.0, 0.5]) == "▁█▅"
    assert history.sparkline([2.0, 2.0]) == "▄▄"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b"\xff", "utf-8"),
        (b"[" * 100_000, "recursion"),
        (b"[1]", "not an object"),
        (b"9" * 5000, "digits"),
        (
            b'{"layout": 1, "board": "b", "verdict": "pass", "time": "t", "figures": {}}',
            "'layout' is missing or no text",
        ),
        (b'{"layout": "l", "board": "b", "time": "t", "figures": {}}', "'verdict' is missing or no text"),
        (b'{"layout": "l", "board": "b", "verdict": "pass", "time": "t", "figures": []}', "'figures' is no object"),
        (b'{"layout": "l", "board": "b", "verdict": "pass", "time": "t", "figures": {"x": NaN}}', "NaN is no number"),
        (b'{"layout": "l", "board": "b", "verdict": "pass", "time": "t", "figures": {"x": 1e999}}', "'x' is no finite"),
        (b'{"layout": "l", "board": "b", "verdict": "pass", "time": "t", "figures": {"x": true}}', "'x' is no finite"),
        (b'{"layout": "l", "board": "b", "verdict": "pass", "time": "t", "figures": {"x": "1"}}', "'x' is no finite"),
    ],
)
def test_a_damaged_line_is_named_with_the_reason(tmp_path, damage, reason):
    """A baseline that is no number would let every figure pass."""
    path = tmp_path / history.FILE_NAME
    whole = b'{"layout": "l", "board": "b", "verdict": "pass", "time": "t", "figures": {"x": 1}}\n'
    path.write_bytes(whole + damage + b"\n" + whole)
    with pytest.raises(LayoutError, match=rf"line 2: no record \(.*{reason}.*\): remove the line"):
        history.read(path)
    # As the last line it may be what an ended run left.
    path.write_bytes(whole + damage)
    assert len(history.read(path)) == 1


def test_what_a_killed_run_left_goes_and_the_next_line_stands(tmp_path):
    path = tmp_path / history.FILE_NAME
    history.append(path, run())
    whole = path.read_bytes()
    for cut in (1, 10, len(whole) - 2):
        path.write_bytes(whole + whole[:cut])
        history.append(path, run())
        history.append(path, run())
        assert path.read_bytes().count(b"\n") == 3
        assert len(history.read(path)) == 3
    path.write_bytes(whole[:-1])
    history.append(path, run())
    assert len(history.read(path)) == 2


def test_a_line_that_does_not_fit_on_the_disk_is_not_written_in_part(tmp_path):
    """The limit of a file's size stands for a full disk."""
    path = tmp_path / history.FILE_NAME
    history.append(path, run())
    whole = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 10, limits[1]))
        with pytest.raises(OSError, match=r"hil_history\.jsonl"):
            history.append(path, run())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(("board", "load"), [("virtual:stm32f405", 50.0), ("virtual:stm32h743", 17.5)])
def test_the_load_is_of_the_boards_own_core(board, load):
    """100 % of 168 MHz at 48 kHz are 2800 instructions of 1.25 cycles a frame; the STM32H743 runs at 480 MHz."""
    report = {"board": board, "instructions_per_block": 1400 * 64}
    assert collect(report, 64, 48_000)["load_percent"] == load
