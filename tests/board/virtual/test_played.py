"""What plays through the converters is compared with the model, sample by sample, whatever a host changes meanwhile."""

from dataclasses import replace

import pytest
from shipped import shipped_design

from designer.board.converters import Converters
from designer.board.open import VirtualBoard
from designer.codegen.writer import write
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.regression.compare_played import PlayedReport, verify_changes, verify_played
from designer.regression.html_page import render_page
from designer.regression.report import HilReport
from designer.regression.terminal_summary import screen
from designer.toolchain.compiler import build_image

_IMAGES = {}


def board_of(name, tmp_path_factory):
    """The design of a layout, and a virtual board that has just been flashed with it."""
    design = shipped_design(name)
    if name not in _IMAGES:
        directory = tmp_path_factory.mktemp(f"played-{name}")
        write(design.sources, directory / "generated")
        _IMAGES[name] = build_image(directory / "generated", "virtual", directory / "firmware.elf").elf
    return design, VirtualBoard(_IMAGES[name], design.digest, design.layout)


@pytest.mark.parametrize("name", ["front3", "pair2", "cross4"])
def test_every_sample_is_the_models_through_all_changes(name, tmp_path_factory):
    design, board = board_of(name, tmp_path_factory)
    with board:
        report = verify_changes(board, design)
    assert report.passed, report.explanation
    assert list(report.changes) == ["volume", "limiter", "tune", "full volume", "commit"]
    assert list(report.changes.values()) == sorted(report.changes.values())
    # The commit erases for one to two seconds, in which the board is muted.
    assert report.muted_frames > 48000
    assert report.frames > 3 * 48000


def test_one_wrong_bit_is_found(tmp_path_factory, monkeypatch):
    design, board = board_of("pair2", tmp_path_factory)
    samples = GeneratedSignal("scenes", 5).samples(design.fixed.number_format, "program", 0, 4800)
    play = Converters.play

    def harmed(self, samples):
        output = play(self, samples)
        output[self.skip_frames + 3000, 1] ^= 1
        return output

    monkeypatch.setattr(Converters, "play", harmed)
    with board:
        report = verify_played(board, design, "scenes", samples)
    assert not report.passed
    assert "frame 3000, driver 'right': board" in report.explanation


def test_a_change_that_does_something_else_is_found(tmp_path_factory, monkeypatch):
    design, board = board_of("pair2", tmp_path_factory)
    with board:
        change = board.set_volume
        monkeypatch.setattr(board, "set_volume", lambda volume_db: change(volume_db - 0.01))
        report = verify_changes(board, design)
    assert not report.passed
    assert report.changes == {}
    assert report.fault.startswith("'volume': frame ")


PLAYED = PlayedReport("scenes, changes", 9600, True, "", {"volume": 640}, 0, 0, 0, 2.0, 0.1)


def report_of(played):
    return HilReport("pair2", "virtual:stm32f405", "d" * 64, "q15", 0.2, (), {}, (), None, {}, {}, played=(played,))


def test_the_report_shows_what_was_played():
    report = report_of(PLAYED)
    assert report.passed
    told = report.to_dict()
    assert told["played"][0]["changes"] == {"volume": 640}
    assert "scenes, changes, converters" in screen(told)
    page = render_page(report, {}, [])
    assert "bit exact; volume at 640" in page
    assert "1 of 1" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bit_exact": False, "fault": "frame 7, driver 'left': board 1, model 2"}, "frame 7, driver 'left'"),
        ({"late_blocks": 2}, "2 blocks late"),
        ({"races": 1}, "1 halves written while they were played"),
    ],
)
def test_a_report_of_wrong_or_late_samples_fails(changes, said):
    report = report_of(replace(PLAYED, **changes))
    assert not report.passed
    assert any(said in line for line in report.faults())
    assert "FAIL" in screen(report.to_dict())
    assert said.replace("'", "&#x27;") in render_page(report, {}, []) or said in render_page(report, {}, [])
