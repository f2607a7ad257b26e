"""A page that holds texts of others: names, boards' answers, file names.  None of them may become markup or code."""

import json
import re

import pytest

from designer.report.chart import chart
from designer.report.html import Section
from designer.report.page import compose

HOSTILE = "</script><script>alert(1)</script><b>&amp;</b>"


def page(text):
    figure = chart(text, [{"type": "scatter", "name": text, "x": [1.0], "y": [2.0]}], title=text)
    return compose(text, text, text, [Section("anchor", text, "<p>lead</p>", (figure,), "<p>tail</p>")])


def charts_of(html):
    """The charts as the browser reads them: a script ends at the first '</script', whatever surrounds it."""
    scripts = re.findall(r"<script>(.*?)</script", html, re.DOTALL | re.IGNORECASE)
    (charts,) = (script for script in scripts if script.startswith("const charts="))
    return json.JSONDecoder().raw_decode(charts.removeprefix("const charts="))[0]


@pytest.mark.parametrize("text", [HOSTILE, "</SCRIPT>", "a </b", "<!--<script>"])
def test_a_text_in_a_chart_cannot_end_the_script(text):
    found = charts_of(page(text))["anchor-0"]
    assert found["data"][0]["name"] == text
    assert found["layout"]["title"] == text


def test_a_text_opens_no_element():
    html, plain = page(f"{HOSTILE}<!--<script>"), page("plain")
    # A browser that reads "<!--<script" in a script looks for the end of two.
    for element in ("<script", "</script", "<b>", "<!--"):
        assert html.count(element) == plain.count(element), element
    assert "<title>&lt;/script&gt;" in html
