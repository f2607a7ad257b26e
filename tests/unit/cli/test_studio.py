"""The command that opens the studio: what it refuses, and what it needs."""

import sys

import pytest
from typer.testing import CliRunner

from designer.cli.common import app
from designer.cli.studio import _folder_of
from designer.errors import LayoutError
from designer.layout.shipped import shipped_layouts


def test_the_folder_is_that_of_the_layout(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(shipped_layouts()["front3"].read_text())
    assert _folder_of(str(file), None) == (tmp_path, "mine.toml")
    assert _folder_of("front3", tmp_path) == (tmp_path, "front3")
    assert _folder_of(None, tmp_path) == (tmp_path, None)
    with pytest.raises(LayoutError, match="not in --folder"):
        _folder_of(str(file), tmp_path.parent)
    with pytest.raises(LayoutError, match="no such file or shipped layout"):
        _folder_of("none.toml", None)


def test_a_missing_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith(("designer.studio", "starlette"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    result = CliRunner().invoke(app, ["studio", "front3"])
    assert isinstance(result.exception, LayoutError)
    assert "pip install 'proscenium[studio]'" in str(result.exception)
