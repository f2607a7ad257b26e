"""Files of a studio: none outside its folder, none overwritten unasked."""

import asyncio

import pytest

from designer.errors import LayoutError, OutputConflictError
from designer.studio.file_link import FileLink
from designer.studio.folder import Folder
from designer.studio.uploads import MOST_BYTES, keep_upload


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inside").mkdir()
    return Folder(tmp_path / "inside")


@pytest.mark.parametrize("name", ["../a", "a/b", "/etc/a", "", ".a", "a\nb", "a..b/..", "x" * 70])
def test_a_name_is_a_plain_name(folder, name):
    with pytest.raises(LayoutError, match="allowed are"):
        folder.place(name, ".toml")


def test_a_link_leads_nowhere_else(folder, tmp_path):
    (tmp_path / "secret.toml").write_text("x = 1")
    (folder.root / "link.toml").symlink_to(tmp_path / "secret.toml")
    with pytest.raises(LayoutError, match="leads out"):
        folder.place("link", ".toml")
    assert folder.layouts() == []
    assert not folder.allows(folder.root / "link.toml")


def test_a_folder_must_be_there(tmp_path):
    with pytest.raises(LayoutError, match="no such directory"):
        Folder(tmp_path / "none")


def test_a_file_that_another_program_changed_is_not_overwritten(folder):
    path = folder.place("mine", ".toml")
    path.write_text("a = 1\n")
    link = FileLink(path, "a = 1\n")
    assert link.changed() is None
    path.write_text("a = 2\n")
    assert link.changed() == "a = 2\n"
    with pytest.raises(OutputConflictError, match="changed by another program"):
        link.save("a = 3\n")
    assert path.read_text() == "a = 2\n"
    link.save("a = 3\n", overwrite=True)
    assert (path.read_text(), link.changed()) == ("a = 3\n", None)


def test_another_file_is_not_overwritten_unasked(folder):
    path = folder.place("other", ".toml")
    path.write_text("old")
    with pytest.raises(OutputConflictError, match="exists"):
        FileLink(None, "").save_as(path, "new")
    assert path.read_text() == "old"


def upload(folder, name, *parts):
    async def body():
        for part in parts:
            yield part

    return asyncio.run(keep_upload(folder, name, body()))


@pytest.mark.parametrize(
    ("name", "why"), [("a.exe", "allowed are"), ("a.wav", "^'a.wav': cannot be read"), ("", "allowed are")]
)
def test_a_bad_upload_leaves_nothing(folder, name, why):
    with pytest.raises(LayoutError, match=why):
        upload(folder, name, b"nothing of use")
    assert [path for path in folder.root.rglob("*") if path.is_file()] == []


def test_an_upload_has_a_largest_size(folder):
    with pytest.raises(LayoutError, match="64 MiB"):
        upload(folder, "a.wav", *[bytes(MOST_BYTES // 4)] * 5)


def test_a_measured_head_does_not_replace_another(folder):
    (folder.root / "head.sofa").write_bytes(b"mine")
    with pytest.raises(LayoutError, match="of this name"):
        upload(folder, "head.sofa", b"other")
    assert (folder.root / "head.sofa").read_bytes() == b"mine"
