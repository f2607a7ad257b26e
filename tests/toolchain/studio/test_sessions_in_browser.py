"""Files, sessions and several pages: nothing is lost, nothing is overwritten unasked."""

import shutil

import pytest
from chromium import open_browser
from studio_page import serve, settled

from designer.layout.shipped import shipped_layouts

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make setup")


@pytest.fixture
def mine(tmp_path):
    text = shipped_layouts()["front3"].read_text().replace('name = "front3"', 'name = "mine"  # my own')
    (tmp_path / "mine.toml").write_text(text)
    return tmp_path / "mine.toml"


@pytest.fixture(scope="module")
def page():
    with open_browser() as page:
        yield page


def set_distance(page, distance_m):
    page.resolve(
        f"studio.request('document.set', {{edits: [{{path: ['listener', 'distance_m'], value: {distance_m}}}]}})"
    )


def test_changes_on_disk_appear_and_own_changes_stay(mine, page):
    text = mine.read_text()
    with serve(mine.parent, "mine.toml") as served:
        page.open(served.address, 1400, 1000)
        settled(page)
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


def test_what_was_not_saved_survives_the_studio_and_a_reload(mine, page):
    with serve(mine.parent, "mine.toml") as served:
        page.open(served.address, 1400, 1000)
        settled(page)
        set_distance(page, 1.25)
        page.call("Page.reload")
        page.wait_for("window.studio && studio.document.values.listener.distance_m === 1.25")
        assert page.evaluate("document.documentElement.dataset.edits") == "true"
    with serve(mine.parent, "mine.toml") as served:
        page.open(served.address, 1400, 1000)
        page.wait_for("studio.document.values.listener && studio.document.values.listener.distance_m === 1.25")
    assert "1.25" not in mine.read_text()


def test_a_second_page_follows_until_it_takes_over(mine, page):
    with serve(mine.parent, "mine.toml") as served, open_browser() as other:
        page.open(served.address, 1400, 1000)
        other.open(served.address, 1400, 1000)
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


def test_a_link_carries_the_state_and_files_are_offered(mine, page):
    with serve(mine.parent, "mine.toml") as served:
        page.open(served.address, 1400, 1000)
        settled(page)
        set_distance(page, 2.25)
        link = page.resolve("studio.stateLink()")
        page.resolve("studio.request('document.undo')")
        page.call("Page.navigate", url="about:blank")
        page.call("Page.navigate", url=link)
        page.wait_for("document.querySelector('#dialog') && document.querySelector('#dialog').open")
        page.click("#dialog .primary")
        page.wait_for("(studio.document.values.listener || {}).distance_m === 2.25")
        page.wait_for("studio.design.bounds && studio.design.step >= 3")
        status = "fetch('{}').then(async a => [a.status, (await a.arrayBuffer()).byteLength])"
        for path in ("/report", "/export/wav", "/export/camilladsp", "/text.toml"):
            code, size = page.resolve(status.format(path))
            assert code == 200
            assert size > 500, path


def test_saving_asks_before_it_overwrites_and_stays_in_the_folder(mine, page):
    with serve(mine.parent, "front3") as served:
        page.open(served.address, 1400, 1000)
        settled(page)
        for name, why in (("mine.toml", "exists"), ("../up.toml", "allowed are letters"), (".hidden", "allowed are")):
            with pytest.raises(AssertionError, match=why):
                page.resolve(f"studio.request('document.save_as', {{name: '{name}'}})")
        page.resolve("studio.request('document.save_as', {name: 'new.toml'})")
        assert (mine.parent / "new.toml").read_text() == shipped_layouts()["front3"].read_text()
