"""The report in a real browser: it draws without an error, asks for nothing, and fits a phone."""

import shutil

import pytest
from chromium import open_browser
from shipped import shipped_design, shipped_scorecard

from designer.design.store import save_design
from designer.report.save import save_report

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make setup")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    result, card = shipped_design("pair2"), shipped_scorecard("pair2")
    save_design(result, directory, card)
    return save_report(result, card, directory)


@pytest.fixture(scope="module")
def page():
    with open_browser() as page:
        yield page


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_page_draws_every_chart_and_fits(report, page, width, height):
    page.open(report, width, height)
    assert page.errors == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    charts = page.evaluate("document.querySelectorAll('.chart').length")
    assert charts > 10
    assert page.evaluate("document.querySelectorAll('.chart .main-svg').length") >= charts
    # Nothing sticks out sideways.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    too_wide = "filter(e => e.scrollWidth > e.parentElement.clientWidth + 1).length"
    assert page.evaluate(f"[...document.querySelectorAll('.chart')].{too_wide}") == 0


def test_page_prints(report, page):
    page.open(report, 1280, 900)
    assert page.pdf().startswith(b"%PDF-")
    assert page.errors == []
