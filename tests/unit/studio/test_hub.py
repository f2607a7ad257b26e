"""Requests of pages: whatever arrives, the answer is a result or plain words, and the document stays whole."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.layout.shipped import shipped_layouts
from designer.studio import hub
from designer.studio.clients import Client
from designer.studio.document_requests import DocumentRequests
from designer.studio.folder import Folder
from designer.studio.hub import Studio
from designer.studio.slots import Slots

REQUESTS = [
    f"document.{name}" for name in ("set", "unset", "text", "add", "remove", "shape", "undo", "open", "save_as")
]
REQUESTS += ["want", "slots.keep", "slots.take", "slots.swap", "slots.compare", "document.disk", "none", ""]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "edits",
    "path",
    "value",
    "text",
    "index",
    "shape",
    "layout",
    "name",
    "slot",
    "behind",
    "take",
    "gesture",
    "id",
    "until",
)


class NoProcess:
    """Stands in for the process that designs: it designs nothing."""

    def __init__(self, arrived):
        self.begun = []

    def begin(self, text, *_, **__):
        self.begun.append(text)

    def more(self, until):
        self.until = until

    def stop(self):
        self.begun.append(None)

    def close(self):
        pass


@pytest.fixture
def begin(monkeypatch):
    """Open a studio in a folder, and run a scenario with it and one page."""
    monkeypatch.setattr(hub, "DesignProcess", NoProcess)
    monkeypatch.setattr("designer.studio.slots.DesignProcess", NoProcess)

    def run(folder, scenario, layout="front3"):
        async def main():
            studio = Studio(Folder(folder), layout)
            DocumentRequests(studio)
            Slots(studio)
            await studio.start()
            page = Client("page")
            studio.clients.join(page)
            try:
                await scenario(studio, page)
            finally:
                await studio.stop()

        asyncio.run(main())

    return run


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("studio")


def test_whatever_arrives_is_answered(scratch, monkeypatch):
    monkeypatch.setattr(hub, "DesignProcess", NoProcess)

    async def ask(requests):
        studio = Studio(Folder(scratch), "front3")
        DocumentRequests(studio)
        Slots(studio)
        studio._process = NoProcess(None)
        page = Client("page")
        studio.clients.join(page)
        for request in requests:
            answer = await studio.answer(page, request)
            assert set(answer) in ({"id", "result"}, {"id", "error"})
            assert studio.document.state.layout is not None or studio.document.state.faults

    @given(
        st.lists(
            st.builds(
                lambda do, fields: {**fields, "do": do},
                st.sampled_from(REQUESTS),
                st.dictionaries(st.sampled_from(FIELDS), JSON),
            ),
            max_size=5,
        )
    )
    def anything(requests):
        asyncio.run(ask(requests))

    anything()


def test_a_valid_layout_is_designed_and_an_invalid_one_is_not(tmp_path, begin):
    async def scenario(studio, page):
        edit = {"do": "document.set", "id": 1, "edits": [{"path": ["listener", "distance_m"], "value": 1.5}]}
        assert await studio.answer(page, edit) == {"id": 1, "result": None}
        assert studio._process.begun[-1] == studio.document.state.text
        edit["edits"][0]["value"] = 99
        await studio.answer(page, edit)
        assert studio._process.begun[-1] is None
        assert "last layout without" in studio.design["error"]

    begin(tmp_path, scenario)


def test_a_session_comes_back_and_a_conflict_is_shown(tmp_path, begin):
    file = tmp_path / "mine.toml"
    file.write_text(shipped_layouts()["pair2"].read_text())

    async def edit(studio, page):
        await studio.answer(page, {"do": "document.set", "edits": [{"path": ["listener", "distance_m"], "value": 1.5}]})

    async def again(studio, page):
        assert studio.document.state.values["listener"]["distance_m"] == 1.5
        assert studio.file.on_disk is None

    async def conflict(studio, page):
        assert studio.document.state.values["listener"]["distance_m"] == 1.5
        assert studio.file.on_disk == file.read_text()
        await studio.answer(page, {"do": "document.disk", "take": True})
        assert studio.document.state.text == file.read_text()

    begin(tmp_path, edit, "mine.toml")
    begin(tmp_path, again, "mine.toml")
    file.write_text(file.read_text() + "# by another program\n")
    begin(tmp_path, conflict, "mine.toml")


def test_one_page_edits_and_keeps_its_place_over_a_reload(tmp_path, begin):
    async def scenario(studio, page):
        other = Client("other")
        studio.clients.join(other)
        assert "follows another" in (await studio.answer(other, {"do": "document.add"}))["error"]
        studio.clients.leave(page)
        assert not studio.clients.edits(other)
        studio.clients.join(Client("page"))
        assert not studio.clients.edits(other)
        await studio.answer(other, {"do": "take_over"})
        assert studio.clients.edits(other)

    begin(tmp_path, scenario)
