"""A virtual board at the page: pushed, bit exact, limited, lost and found again."""

import shutil
import signal

import pytest
from studio_page import settled, virtual_boards_of

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make setup")
CONNECTED = "studio.board.status === 'connected' && studio.board.found"


@pytest.fixture(scope="module", autouse=True)
def board(page):
    """Connect a virtual board at the page, and release it in the end."""
    settled(page)
    page.click("#tab-board")
    page.click("#connect")
    page.wait_for(CONNECTED)
    yield
    page.resolve("studio.request('board.disconnect')")


def text(page, selector):
    return page.evaluate(f"document.querySelector('{selector}').textContent")


def test_the_board_boots_with_the_design_of_the_page(page):
    page.wait_for("studio.board.plays_design")
    assert "plays this design" in text(page, "#digest")


def test_a_pushed_design_is_bit_exact(page):
    page.resolve("studio.request('document.set', {edits: [{path: ['listener', 'distance_m'], value: 1.5}]})")
    digest = settled(page)
    page.wait_for("!studio.board.plays_design")
    assert "Push it" in text(page, "#digest")
    with pytest.raises(AssertionError, match="push it first"):
        page.resolve("studio.request('board.check')")
    page.click("#push")
    page.wait_for("studio.board.plays_design")
    assert page.evaluate("studio.board.found.tables.digest") == digest
    page.click("#check")
    page.wait_for("studio.board.check && studio.board.check.bit_exact")
    assert "equal the model in every bit" in page.wait_for("document.querySelector('#checked').textContent")


def test_music_moves_the_meters_and_volume_and_limits_hold(page):
    page.click("#play-in")
    page.wait_for("studio.board.found.health.peaks[0] > 0.001")
    page.resolve("studio.request('board.limit', {channel: 0, db: -12})")
    page.wait_for("Math.abs(studio.board.found.limits.now[0] + 12) < 0.01")
    with pytest.raises(AssertionError, match="allowed are"):
        page.resolve("studio.request('board.limit', {channel: 0, db: 6})")
    page.resolve("studio.request('board.volume', {db: -20})")
    page.wait_for("Math.abs(studio.board.found.health.volume_db + 20) < 0.01")
    assert page.evaluate("document.querySelectorAll('.meter').length") == 2
    page.click("#play-in")
    page.wait_for("!studio.board.playing")


def test_flash_is_written_only_after_a_yes(page):
    with pytest.raises(AssertionError, match="'yes' first"):
        page.resolve("studio.request('board.commit')")
    page.click("#commit")
    page.wait_for("document.querySelector('#dialog').open")
    page.click("#dialog .primary")
    page.wait_for("studio.board.found.tables.committed > 0")


def test_the_page_survives_a_reload(page):
    page.call("Page.reload")
    page.wait_for(f"window.studio && {CONNECTED} && studio.board.plays_design")
    assert page.evaluate("document.documentElement.dataset.tab") == "board"


def test_a_lost_line_is_told_and_found_again(studio, page):
    for board in virtual_boards_of(studio):
        board.send_signal(signal.SIGKILL)
    page.wait_for("studio.board.status === 'lost'")
    page.wait_for(CONNECTED)
    page.click("#push")
    page.wait_for("studio.board.plays_design")


def test_a_design_with_another_filter_graph_boots_the_board_again(page):
    page.resolve("studio.request('document.set', {edits: [{path: ['driver', 0, 'azimuth_deg'], value: 60}]})")
    settled(page)
    page.wait_for("!studio.board.plays_design")
    page.click("#push")
    page.wait_for("document.querySelector('#dialog').open")
    page.click("#dialog .primary")
    page.wait_for("studio.board.plays_design")


def test_the_regression_runs_with_progress_and_keeps_its_history(page):
    page.wait_for("studio.board.plays_design")
    page.click("#regression")
    assert "Regression" in page.wait_for("studio.board.progress && document.querySelector('#board-status').textContent")
    page.wait_for("studio.board.regression")
    assert page.evaluate("studio.board.regression.verdict") == "pass"
    assert page.evaluate("studio.board.history.length") == 1
    assert page.resolve("fetch('/hil').then(a => a.status)") == 200
    page.wait_for("studio.board.plays_design")


def test_a_port_is_a_serial_port(page):
    for port in ("/etc/passwd", "../x"):
        with pytest.raises(AssertionError, match="serial ports"):
            page.resolve(f"studio.request('board.connect', {{port: '{port}'}})")
