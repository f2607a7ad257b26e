"""One studio and one browser for all files of this folder that a worker runs; each file begins with its own layout."""

import pytest
from chromium import open_browser
from studio_page import open_studio, serve


@pytest.fixture(scope="package")
def studio(tmp_path_factory):
    """A studio with the smallest layout that ships."""
    with serve(tmp_path_factory.mktemp("studio"), "pair2") as served:
        yield served


@pytest.fixture(scope="package")
def browser():
    """A browser with one page."""
    with open_browser() as page:
        yield page


@pytest.fixture(scope="module")
def page(studio, browser):
    """The page of the studio with `pair2` as it ships; it reports no errors."""
    browser.errors.clear()
    browser.requests.clear()
    open_studio(browser, studio)
    browser.resolve("studio.request('take_over')")
    browser.resolve("studio.request('document.open', {layout: 'pair2'})")
    yield browser
    assert browser.errors == []
