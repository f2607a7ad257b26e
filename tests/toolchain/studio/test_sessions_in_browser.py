"""Files, sessions and several pages: nothing is lost, nothing is overwritten unasked."""

import shutil

import pytest
from studio_page import open_studio, serve, settled

from designer.layout.shipped import shipped_layouts

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make setup")


def text_of_mine():
    return shipped_layouts()["pair2"].read_text().replace('name = "pair2"', 'name = "mine"  # my own')


@pytest.fixture
def mine(studio, page):
    """A file of the user, open in the studio."""
    file = studio.folder / "mine.toml"
    file.write_text(text_of_mine())
    open_studio(page, studio)
    page.click("#tab-text")
    page.resolve("studio.request('document.open', {layout: 'mine.toml'})")
    settled(page)
    return file


def set_distance(page, distance_m):
    page.resolve(
        f"studio.request('document.set', {{edits: [{{path: ['listener', 'distance_m'], value: {distance_m}}}]}})"
    )


def test_changes_on_disk_appear_and_own_changes_stay(mine, page):
    text = mine.read_text()
    mine.write_text(text + "\n[listener]\ndistance_m = 1.5\n")
    page.wait_for("(studio.document.values.listener || {}).distance_m === 1.5")
    # With a change of one's own, both texts stay until one is chosen.
    set_distance(page, 1.6)
    mine.write_text(text + "\n[listener]\ndistance_m = 3.0\n")
    page.wait_for("!document.querySelector('#conflict').hidden")
    with pytest.raises(AssertionError, match="changed by another program"):
        page.resolve("studio.request('document.save')")
    assert "distance_m = 3.0" in mine.read_text()
    page.click("#keep-mine")
    page.wait_for("document.querySelector('#conflict').hidden")
    page.resolve("studio.request('document.save')")
    saved = mine.read_text()
    assert "distance_m = 1.6" in saved
    assert "# my own" in saved


def leave(page):
    """Go elsewhere before the studio ends: a page that looks for it again logs errors in the pages beside it."""
    page.call("Page.navigate", url="about:blank")
    page.wait_for("!window.studio")


def test_what_was_not_saved_survives_the_studio_and_a_reload(tmp_path, browser):
    file = tmp_path / "mine.toml"
    file.write_text(text_of_mine())
    with browser.beside() as page:
        with serve(tmp_path, "mine.toml") as served:
            open_studio(page, served)
            set_distance(page, 1.25)
            page.call("Page.reload")
            page.wait_for("window.studio && (studio.document.values.listener || {}).distance_m === 1.25")
            page.wait_for("document.documentElement.dataset.edits === 'true'")
            leave(page)
        with serve(tmp_path, "mine.toml") as served:
            open_studio(page, served)
            page.wait_for("(studio.document.values.listener || {}).distance_m === 1.25")
            leave(page)
    assert "1.25" not in file.read_text()


def test_a_second_page_follows_until_it_takes_over(studio, mine, page, browser):
    with browser.beside() as other:
        open_studio(other, studio)
        other.wait_for("document.documentElement.dataset.edits === 'false'")
        set_distance(page, 1.75)
        other.wait_for("(studio.document.values.listener || {}).distance_m === 1.75")
        with pytest.raises(AssertionError, match="follows another one"):
            set_distance(other, 1.0)
        other.click("#take-over")
        other.wait_for("document.documentElement.dataset.edits === 'true'")
        page.wait_for("document.documentElement.dataset.edits === 'false'")
        set_distance(other, 1.1)
        page.wait_for("studio.document.values.listener.distance_m === 1.1")
        page.resolve("studio.request('take_over')")


def test_a_link_carries_the_state_and_files_are_offered(mine, page):
    set_distance(page, 2.25)
    link = page.resolve("studio.stateLink()")
    page.resolve("studio.request('document.undo')")
    page.call("Page.navigate", url="about:blank")
    page.call("Page.navigate", url=link)
    page.wait_for("document.querySelector('#dialog') && document.querySelector('#dialog').open")
    page.click("#dialog .primary")
    page.wait_for("(studio.document.values.listener || {}).distance_m === 2.25")
    settled(page)
    status = "fetch('{}').then(async a => [a.status, (await a.arrayBuffer()).byteLength])"
    # The report waits for the figures that nobody has looked at yet.
    for path in ("/report", "/export/wav", "/export/camilladsp", "/text.toml"):
        code, size = page.resolve(status.format(path))
        assert code == 200
        assert size > 300, path


def test_saving_asks_before_it_overwrites_and_stays_in_the_folder(mine, page):
    page.resolve("studio.request('document.open', {layout: 'pair2'})")
    for name, why in (("mine.toml", "exists"), ("../up.toml", "allowed are letters"), (".hidden", "allowed are")):
        with pytest.raises(AssertionError, match=why):
            page.resolve(f"studio.request('document.save_as', {{name: '{name}'}})")
    page.resolve("studio.request('document.save_as', {name: 'new.toml'})")
    assert (mine.parent / "new.toml").read_text() == shipped_layouts()["pair2"].read_text()
