"""Downloads of a studio: their names fit a header, whatever a layout is called."""

import pytest

from designer.studio.downloads import _file


@pytest.mark.parametrize("name", ["Lautsprecher für Ä.toml", 'a"b.toml', "a\r\nSet-Cookie: x.toml", "漢.toml"])
def test_a_name_cannot_leave_its_header(name):
    header = _file(b"", "text/plain", name).headers["content-disposition"]
    assert header.startswith('attachment; filename="')
    assert header.isascii()
    assert header.count('"') == 2
    assert "\n" not in header
