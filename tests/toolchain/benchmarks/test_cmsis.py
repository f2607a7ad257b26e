"""The source of CMSIS-DSP, which the benchmarks compile, is found where set-up put it or where a user says."""

import shutil

import pytest

from benchmarks.cmsis import ENVIRONMENT_VARIABLE, find_cmsis_dsp
from designer.errors import BuildError


def test_missing_cmsis_dsp_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path))
    with pytest.raises(BuildError, match=rf"CMSIS-DSP 1\.10\.3: '{tmp_path}' lacks Source, Include"):
        find_cmsis_dsp()


def test_cmsis_dsp_may_lie_elsewhere(tmp_path, monkeypatch):
    shutil.copytree(find_cmsis_dsp(), tmp_path / "other")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "other"))
    assert find_cmsis_dsp() == tmp_path / "other"
