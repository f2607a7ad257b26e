"""The studio in a real browser: one drags a driver, and the design follows."""

import random
import shutil

import pytest
from studio_page import curve, settled

from designer.design.build import build_design
from designer.layout.load import parse_layout

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make setup")
EDITS = 100


@pytest.fixture(autouse=True)
def _as_it_ships(page):
    # Only a page that shows the results lets their slow steps be taken.
    page.click("#tab-text")
    yield
    page.resolve("studio.request('document.open', {layout: 'pair2'})")


def test_nothing_leaves_the_machine(studio, page):
    settled(page)
    assert [
        url for url in page.requests if not url.startswith((f"http://127.0.0.1:{studio.port}/", "data:", "ws:"))
    ] == []
    # The token is in a cookie that no script reads, not in the address.
    assert page.evaluate("location.href") == f"http://127.0.0.1:{studio.port}/"
    assert page.evaluate("document.cookie") == ""


def test_a_dragged_driver_changes_curve_text_and_control(page):
    settled(page)
    before = curve(page)
    page.drag('[data-view="front"] [data-index="0"] .area', -25, 0)
    page.wait_for("studio.document.values.driver[0].azimuth_deg !== 25")
    settled(page)
    assert curve(page) != before
    azimuth = page.evaluate("studio.document.values.driver[0].azimuth_deg")
    assert 30 < azimuth < 89  # to the left of the page, which is the listener's left
    assert f"azimuth_deg = {azimuth}" in page.evaluate("document.querySelector('#toml').value")
    assert page.evaluate("document.querySelector('#key-driver-0-azimuth_deg').value") == str(azimuth)
    # The whole drag is one step.
    page.click("#undo")
    page.wait_for("studio.document.values.driver[0].azimuth_deg === 25")
    settled(page)
    assert curve(page) == before


def test_the_page_shows_the_design_of_its_text(page):
    digest = settled(page)
    assert digest == build_design(parse_layout(page.evaluate("studio.document.text"))).digest


def test_random_edits_leave_page_and_design_equal(page):
    rng = random.Random(20261129)
    keys = (
        (["driver", 0, "azimuth_deg"], lambda: rng.randint(20, 60)),
        (["driver", 1, "azimuth_deg"], lambda: -rng.randint(20, 60)),
        (["cabinet", "radius_m"], lambda: rng.randint(80, 120) / 1000),
        (["listener", "distance_m"], lambda: rng.randint(12, 30) / 10),
        (["crosstalk", "effort_cap_db"], lambda: rng.randint(6, 14)),
        (["number_format"], lambda: rng.choice(["q15", "q31", "q31x15"])),
    )
    for _ in range(EDITS):
        path, draw = rng.choice(keys)
        what = rng.random()
        if what < 0.1:
            request = "['document.undo', {}]"
        elif what < 0.15:
            request = "['document.redo', {}]"
        elif what < 0.2 and path[0] not in ("driver", "cabinet"):
            request = f"['document.unset', {{path: {path}}}]"
        else:
            request = f"['document.set', {{edits: [{{path: {path}, value: {draw()!r}}}]}}]"
        page.resolve(f"studio.request(...{request})")
    digest = settled(page)
    text = page.evaluate("studio.document.text")
    assert page.evaluate("document.querySelector('#toml').value") == text
    assert digest == build_design(parse_layout(text)).digest
    shown = page.evaluate("Number(document.querySelector('#key-cabinet-radius_m').value)")
    assert shown == parse_layout(text).cabinet.radius_m


def test_an_error_stands_at_its_key_and_the_figures_stay(page):
    settled(page)
    page.resolve("studio.request('document.set', {edits: [{path: ['driver', 1, 'azimuth_deg'], value: 22}]})")
    fault = "document.querySelector('[data-key=\"driver.1.name\"] .fault').textContent"
    assert "apart from driver" in page.wait_for(fault)
    assert "last layout without one" in page.wait_for("document.querySelector('.progress').textContent")
    page.resolve("studio.request('document.undo')")
    settled(page)
    assert page.evaluate("document.querySelectorAll('.fault:not([hidden])').length") == 0


def test_a_text_that_is_no_toml_is_kept_and_explained(page):
    page.click("#tab-text")
    page.evaluate("document.querySelector('#toml').focus()")
    page.evaluate(
        "(() => { const a = document.querySelector('#toml'); a.value = 'name = ['; "
        "a.dispatchEvent(new Event('input')); })()"
    )
    assert "not valid TOML" in page.wait_for("document.querySelector('.fault-list').textContent")
    page.open(page.evaluate("location.href"), 1400, 1000)
    assert page.wait_for("document.querySelector('#toml').value") == "name = ["
    page.resolve("studio.request('document.undo')")
    settled(page)


def test_slots_and_shipped_layouts_are_drawn_behind(page):
    settled(page)
    page.click("#tab-results")
    page.click('[data-slot="A"]')
    page.wait_for("document.querySelector('[data-slot=\"A\"]').textContent === 'Swap with A'")
    page.resolve("studio.request('document.set', {edits: [{path: ['listener', 'distance_m'], value: 1.2}]})")
    page.resolve("studio.request('slots.compare', {behind: 'A'})")
    page.wait_for("document.querySelector('#chart-gain').data.some(t => t.name === 'A: left')")
    page.resolve("studio.request('slots.compare', {behind: 'front3'})")
    page.wait_for("document.querySelector('#chart-gain').data.some(t => t.name === 'front3: left')")
    page.resolve("studio.request('slots.compare', {behind: ''})")
    settled(page)
    page.resolve("studio.request('slots.swap', {slot: 'A'})")
    page.wait_for("(studio.document.values.listener || {}).distance_m !== 1.2")
