"""The writer touches only files of its own, and leaves no half of anything."""

import pytest

from designer.codegen.environment import BANNER_MARK
from designer.codegen.generate import GeneratedSources
from designer.codegen.writer import write
from designer.errors import OutputConflictError


def sources(text="one", names=("a.h", "b.c")):
    return GeneratedSources({name: f"{BANNER_MARK} */\n{text} {name}\n" for name in names}, "00")


def content(directory):
    return {path.name: path.read_text() for path in directory.iterdir()}


def test_writes_what_it_was_given_and_nothing_else(tmp_path):
    target = tmp_path / "deep" / "generated"
    assert write(sources(), target) == (target / "a.h", target / "b.c")
    assert content(target) == sources().files


def test_overwrites_its_own(tmp_path):
    write(sources("one"), tmp_path)
    write(sources("two"), tmp_path)
    assert content(tmp_path) == sources("two").files


def test_leaves_others_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write(sources(), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("foreign", ["int main(void);\n", "", f" {BANNER_MARK}"])
def test_refuses_a_foreign_file_before_writing_anything(tmp_path, foreign):
    (tmp_path / "b.c").write_text(foreign)
    with pytest.raises(OutputConflictError, match=r"b\.c' was not written by the generator"):
        write(sources(), tmp_path)
    assert content(tmp_path) == {"b.c": foreign}


def test_refuses_a_directory_and_a_link(tmp_path):
    (tmp_path / "a.h").mkdir()
    with pytest.raises(OutputConflictError):
        write(sources(), tmp_path)
    (tmp_path / "a.h").rmdir()
    (tmp_path / "elsewhere").write_text(f"{BANNER_MARK} */")
    (tmp_path / "a.h").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputConflictError):
        write(sources(), tmp_path)
    assert (tmp_path / "elsewhere").read_text() == f"{BANNER_MARK} */"


def test_an_up_to_date_file_keeps_its_time(tmp_path):
    write(sources(), tmp_path)
    before = (tmp_path / "a.h").stat()
    write(sources(), tmp_path)
    after = (tmp_path / "a.h").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
