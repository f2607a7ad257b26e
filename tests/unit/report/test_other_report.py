"""A report lies beside the filters of its own design only."""

import pytest

from designer.report.save import remove_other_report


@pytest.mark.parametrize(("text", "stays"), [("digest 0123abcd", True), ("digest ffff", False), ("", False)])
def test_the_report_of_another_design_goes(tmp_path, text, stays):
    (tmp_path / "report.html").write_text(text)
    remove_other_report(tmp_path, "0123abcd")
    assert (tmp_path / "report.html").exists() == stays


def test_without_a_report_there_is_nothing_to_do(tmp_path):
    remove_other_report(tmp_path, "0123abcd")
    assert list(tmp_path.iterdir()) == []
