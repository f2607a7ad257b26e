"""What the studio plays is what `render --binaural` writes; it follows the design without a gap."""

import base64
import shutil

import numpy as np
import pytest
import soundfile
from studio_page import settled

from designer.design.build import build_design
from designer.layout.load import parse_layout
from designer.render.binaural import ears_of_downmix, ears_of_drivers
from designer.render.files import render_binaural
from designer.studio.music import make_signal

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: make setup")
FRAMES = 96000
# WebAudio computes in float32, whose rounding is 2^-24 of the largest value; a convolution adds some hundred of them.
FLOAT32_DB = -100.0
START_S = 1.0


@pytest.fixture(scope="module")
def folder(studio):
    return studio.folder


@pytest.fixture(scope="module", autouse=True)
def listening(page):
    """Show the panel, and choose a signal."""
    settled(page)
    page.click("#tab-listen")
    page.evaluate("document.querySelector('#source').value = 'panned'")


def ears_in_the_page(page, which):
    found = page.resolve(f"studio.captured('{which}', {FRAMES})")
    ears = np.frombuffer(base64.b64decode(found["ears"]), "<f4").reshape(2, FRAMES).T.astype(float)
    return ears[found["delay_samples"] :], found


def test_the_page_plays_what_render_writes(page, folder):
    design = build_design(parse_layout(page.evaluate("studio.document.text")))
    source = folder / "source.wav"
    soundfile.write(source, make_signal("panned", 48000), 48000, "DOUBLE")
    after, before = folder / "after.wav", folder / "before.wav"
    figures = render_binaural(
        design.bank,
        design.fixed,
        ears_of_drivers(design.layout, design.gain_db, design.bank.modelling_delay_samples),
        ears_of_downmix(design.layout),
        source,
        after,
        before,
        "float",
    )
    for which, file in (("after", after), ("before", before)):
        ears, found = ears_in_the_page(page, which)
        assert found["digest"] == design.digest
        written = soundfile.read(file)[0][: len(ears)] / 10 ** (figures["gain_db"] / 20)
        ears = ears[: len(written)]
        difference_db = 20 * np.log10(np.abs(ears - written).max() / np.abs(written).max())
        assert difference_db < FLOAT32_DB, which


def test_before_and_after_change_while_the_sound_goes_on(page):
    page.click("#listen")
    page.wait_for("studio.playing().playing && studio.playing().after > 0")
    assert page.evaluate("studio.playing().before") == 0
    page.click("#hear-before")
    page.wait_for("studio.playing().after === 0 && studio.playing().before > 0")
    began = page.evaluate("studio.playing().time")
    page.wait_for(f"studio.playing().time > {began}")
    page.click("#hear-after")
    # A new design is heard as soon as it is there.
    page.resolve("studio.request('document.set', {edits: [{path: ['listener', 'distance_m'], value: 1.4}]})")
    digest = settled(page)
    page.wait_for(f"studio.playing().digest === '{digest}'")
    page.click("#listen")
    page.wait_for("!studio.playing().playing")


def test_a_turned_head_hears_another_sound(page):
    straight, _ = ears_in_the_page(page, "after")
    page.evaluate(
        "(() => { const y = document.querySelector('#yaw'); y.value = 30; y.dispatchEvent(new Event('input')); })()"
    )
    assert page.evaluate("document.querySelector('#yaw').nextElementSibling.textContent") == "30° to the left"
    turned, _ = ears_in_the_page(page, "after")
    assert np.abs(turned - straight).max() > 0.01 * np.abs(straight).max()


def test_an_upload_is_read_before_it_is_kept(page, folder):
    sent = "fetch('/upload?name={}', {{method: 'PUT', body: {}}}).then(async (a) => [a.status, await a.text()])"
    status, text = page.resolve(sent.format("bad.wav", "new Uint8Array(100)"))
    assert status == 422
    assert "cannot be read" in text
    assert page.resolve(sent.format("run.sh", "'echo'"))[0] == 422
    assert page.resolve(sent.format("..%2F..%2Fup.wav", "new Uint8Array(100)"))[0] == 422
    good = base64.b64encode((folder / "source.wav").read_bytes()[: 44 + 16 * 48000]).decode()
    body = f"Uint8Array.from(atob('{good}'), (c) => c.charCodeAt(0))"
    assert page.resolve(sent.format("mine.wav", body)) == [200, "mine.wav"]
    page.wait_for("[...document.querySelectorAll('#source option')].some(o => o.value === 'file:mine.wav')")
    assert list((folder / ".proscenium-studio" / "uploads").iterdir()) == [
        folder / ".proscenium-studio" / "uploads" / "mine.wav"
    ]
    # The browser reports each refused file; that is what was asked for.
    page.errors.clear()
