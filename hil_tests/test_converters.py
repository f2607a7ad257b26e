"""The board plays its own input: samples into its ADC, samples out of its DACs, while a host changes what it plays."""

import pytest

from designer.regression.suite import Suite
from designer.toolchain.image import Image


@pytest.mark.parametrize("name", ["music", "changes"])
def test_converters(suite: Suite, image: Image, name: str) -> None:
    reports = suite.play_through_converters(image.elf)
    if not reports:
        pytest.skip(f"not measured: {suite.not_measured.pop('converters')}")
    report = next(report for report in reports if name in report.signal)
    assert report.passed, report.explanation
