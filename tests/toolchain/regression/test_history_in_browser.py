"""The page of trends on a desk and on a phone: every value is on the screen, with its unit."""

import shutil

import pytest
from chromium import open_browser

from designer.regression import history
from designer.regression.html_page import render_history
from designer.regression.tracked_figures import FIGURES

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make setup")

# Cells of tables outside of what is folded away, whose text ends beyond the edge of the screen or of what scrolls.
HIDDEN = """
[...document.querySelectorAll('td')].filter(cell => !cell.closest('details')).filter(cell => {
  const box = cell.getBoundingClientRect(), frame = cell.closest('.scroll');
  return box.width === 0 || box.right > document.documentElement.clientWidth || frame.scrollWidth > frame.clientWidth;
}).length
"""


@pytest.fixture(scope="module")
def trends(tmp_path_factory):
    values = {figure.name: -123.456789e-7 * n for n, figure in enumerate(FIGURES, 1)}
    report = {"layout": "front3", "board": "virtual:stm32f405", "digest": "d" * 64, "arithmetic": "q31"}
    run = history.record({**report, "verdict": "pass", "seconds_of_audio": 1.0}, values, "gcc 12", "0123456789ab+")
    path = tmp_path_factory.mktemp("history") / "hil_history.html"
    path.write_text(render_history("front3", [run, run, {**run, "accepted": "longer filters for the bass"}]))
    return path


@pytest.fixture(scope="module")
def page():
    with open_browser() as page:
        yield page


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_every_value_is_on_the_screen(trends, page, width, height):
    page.open(trends, width, height)
    assert page.errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cells = page.evaluate("[...document.querySelectorAll('td')].filter(cell => !cell.closest('details')).length")
    assert cells == 7 * len(FIGURES)
    assert page.evaluate(HIDDEN) == 0


@pytest.mark.parametrize(("width", "named"), [(1280, "none"), (390, '"allowed"')])
def test_a_value_is_named_where_the_headings_are_gone(trends, page, width, named):
    page.open(trends, width, 900)
    cell = "document.querySelector('td[data-label=allowed]')"
    assert page.evaluate(f"getComputedStyle({cell}, '::before').content") == named
    shown = page.evaluate("getComputedStyle(document.querySelector('thead')).display")
    assert (shown == "none") == (width < 640)


def test_every_figure_has_its_unit(trends):
    text = trends.read_text()
    for figure in FIGURES:
        assert f'>{figure.name}</td><td data-label="unit">{figure.unit}</td>' in text
