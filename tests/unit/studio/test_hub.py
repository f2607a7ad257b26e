"""Requests of pages: whatever arrives, the answer is a result or plain words, and the document stays whole."""

import asyncio
import errno
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.layout.shipped import shipped_layouts
from designer.studio import file_link, hub, slots
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
    monkeypatch.setattr(slots, "DesignProcess", NoProcess)

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


def edited(distance_m):
    return {"do": "document.set", "edits": [{"path": ["listener", "distance_m"], "value": distance_m}]}


def test_undo_brings_back_the_file_with_the_text(tmp_path, begin):
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(shipped_layouts()["pair2"].read_text().replace("pair2", name))

    async def scenario(studio, page):
        await studio.answer(page, edited(1.5))
        await studio.answer(page, {"do": "document.open", "layout": "b.toml"})
        assert studio.document_state()["file"] == "b.toml"
        await studio.answer(page, {"do": "document.undo"})
        assert studio.document_state()["file"] == "a.toml"
        assert studio.document.state.values["name"] == "a"
        # What is saved now is a.toml: b.toml has none of its text.
        await studio.answer(page, {"do": "document.save"})
        assert "1.5" in (tmp_path / "a.toml").read_text()
        assert "1.5" not in (tmp_path / "b.toml").read_text()
        await studio.answer(page, {"do": "document.redo"})
        assert studio.document_state()["file"] == "b.toml"

    begin(tmp_path, scenario, "a.toml")


def test_work_on_one_file_survives_work_on_another(tmp_path, begin):
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(shipped_layouts()["pair2"].read_text().replace("pair2", name))

    def edit(value):
        async def scenario(studio, page):
            await studio.answer(page, edited(value))

        return scenario

    async def look(studio, page):
        assert studio.document.state.values["listener"]["distance_m"] == 1.5

    begin(tmp_path, edit(1.5), "a.toml")
    begin(tmp_path, edit(1.7), "b.toml")
    begin(tmp_path, look, "a.toml")


def test_a_full_disk_is_told_and_does_not_end_the_studio(tmp_path, begin, monkeypatch):
    def full(path, fill):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    async def scenario(studio, page):
        await studio.answer(page, edited(1.5))
        with monkeypatch.context() as patched:
            patched.setattr(hub, "replace_file", full)
            patched.setattr(file_link, "replace_file", full)
            studio._keep_session()
            assert "No space left" in studio.document_state()["not_kept"]
            answer = await studio.answer(page, {"do": "document.save_as", "name": "new"})
            assert answer["error"] == "'new.toml': No space left on device: nothing was changed"
        assert studio.document_state()["file"] is None
        studio._keep_session()
        assert studio.document_state()["not_kept"] == ""

    begin(tmp_path, scenario)


@pytest.mark.parametrize("number", [math.nan, math.inf, [1], "1"])
def test_an_answer_is_json_whatever_number_was_asked_with(tmp_path, begin, number):
    async def scenario(studio, page):
        answer = await studio.answer(page, {"do": "document.undo", "id": number})
        assert json.loads(json.dumps(answer, allow_nan=False)) == {"id": None, "result": None}

    begin(tmp_path, scenario)


def test_values_that_json_lacks_become_texts():
    assert hub.jsonable([math.nan, math.inf, 2**63, 16**5000]) == ["nan", "inf", 2**63, hex(16**5000)]


def test_slow_steps_are_taken_only_for_a_page_that_looks_at_them(tmp_path, begin):
    async def scenario(studio, page):
        assert studio._wanted() == 2
        await studio.answer(page, {"do": "want", "until": 4})
        assert studio._process.until == 4
        await studio.answer(page, {"do": "want", "until": 99})
        assert studio._wanted() == 4
        studio.clients.leave(page)
        assert studio._wanted() == 2

    begin(tmp_path, scenario)


def test_a_shipped_layout_that_is_only_looked_at_does_not_end_earlier_work(tmp_path, begin):
    async def edit(studio, page):
        await studio.answer(page, edited(1.5))

    async def look(studio, page):
        assert "listener" not in studio.document.state.values

    async def again(studio, page):
        assert studio.document.state.values["listener"]["distance_m"] == 1.5

    begin(tmp_path, edit, None)
    begin(tmp_path, look, "pair2")
    begin(tmp_path, again, None)
