"""Everyone can use the studio: screen readers, phones, dark rooms, keyboards, newcomers."""

import shutil

import pytest
from places import ROOT
from studio_page import open_studio, serve, settled

AXE = ROOT / ".venv" / "share" / "axe.min.js"
pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make setup")
TABS = ("results", "listen", "board", "text", "files")
LEAST_TARGET_PX = 44
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'], resultTypes: ['violations']}"


def open_page(page, studio, width, height):
    open_studio(page, studio, width, height)
    settled(page)


def serious(page):
    """Findings of axe-core that are serious or worse, as rule and place."""
    page.evaluate(AXE.read_text())
    found = page.resolve(f"axe.run(document, {RULES}).then(r => r.violations)")
    return [
        (violation["id"], node["target"], node.get("failureSummary", "")[:200])
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: make .venv/share/axe.min.js")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(studio, page, theme):
    open_page(page, studio, 1400, 1000)
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    for tab in TABS:
        page.evaluate(f"document.querySelector('#tab-{tab}').click()")
        assert serious(page) == [], tab


def test_nothing_sticks_out_on_a_phone_and_targets_fit_a_finger(studio, page):
    open_page(page, studio, 390, 844)
    for tab in ("speaker", *TABS):
        page.evaluate(f"document.querySelector('#tab-{tab}').click()")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab
        small = page.evaluate(
            "[...document.querySelectorAll('button, select, a.button, input:not([type=checkbox])')]"
            ".filter(e => e.offsetParent && e.type !== 'file')"
            f".filter(e => e.getBoundingClientRect().height < {LEAST_TARGET_PX - 0.5})"
            ".map(e => e.id || e.textContent)"
        )
        assert small == [], tab


def test_nothing_moves_when_results_arrive(studio, page):
    page.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="window.shift = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) "
        "if (!e.hadRecentInput) window.shift += e.value; }).observe({type: 'layout-shift', buffered: true});",
    )
    open_page(page, studio, 1400, 1000)
    page.resolve("studio.request('document.set', {edits: [{path: ['listener', 'distance_m'], value: 1.9}]})")
    settled(page)
    page.resolve("studio.request('document.undo')")
    settled(page)
    # "Good" after web.dev/articles/cls.
    assert page.evaluate("window.shift") < 0.1


def test_a_driver_moves_by_keyboard(studio, page):
    open_page(page, studio, 1400, 1000)
    page.evaluate('document.querySelector(\'[data-view="top"] [data-index="1"]\').focus()')
    page.press("ArrowRight")
    page.wait_for("studio.document.values.driver[1].azimuth_deg === -26")
    # The focus stays, so that one can press again.
    page.press("ArrowRight", modifiers=8)
    page.wait_for("studio.document.values.driver[1].azimuth_deg === -31")
    assert "azimuth -31" in page.evaluate("document.activeElement.getAttribute('aria-valuetext')")
    for _ in range(2):
        page.resolve("studio.request('document.undo')")


def test_every_control_has_help_and_a_name(studio, page):
    open_page(page, studio, 1400, 1000)
    without = page.evaluate(
        "[...document.querySelectorAll('.control[data-key]')].filter(e => !e.querySelector('.meaning').textContent"
        " || !e.querySelector('label').textContent.trim()).map(e => e.dataset.key)"
    )
    assert without == []
    assert page.evaluate("document.querySelectorAll('.control[data-key]').length") > 40


def test_a_newcomer_chooses_a_layout_and_is_shown_around(tmp_path, page):
    with serve(tmp_path) as fresh:
        open_studio(page, fresh)
        page.wait_for("document.querySelector('#dialog').open")
        page.click('[data-begin="pair2"]')
        page.wait_for("studio.document.values.name === 'pair2'")
        # The tour stands aside, so that one sees what it speaks of.
        page.wait_for("document.querySelector('#tour-next') !== null")
        for _ in range(6):
            assert page.evaluate("document.querySelector('#dialog').matches('.aside')")
            assert page.evaluate("document.querySelectorAll('.shown-by-tour').length") == 1
            page.click("#tour-next")
        page.wait_for("!document.querySelector('#dialog').open")
        page.wait_for("document.documentElement.dataset.tab === 'results'")
        assert page.evaluate("document.querySelectorAll('.shown-by-tour').length") == 0
        settled(page)
        assert list(tmp_path.glob("*.toml")) == []
