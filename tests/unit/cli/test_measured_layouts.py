"""Layouts with measured files on the command line: refused with a reason, or used with every word that is due."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from measurements import grid, places_m
from sofa_files import fir, write_sofa

PROSCENIUM = Path(sys.executable).with_name("proscenium")

LAYOUT = """
name = "two"
[cabinet]
shape = "sphere"
radius_m = 0.0875
[[driver]]
name = "left"
channel = 0
azimuth_deg = 25.0
radius_m = 0.025
measured = { file = "left.sofa"KEYS }
[[driver]]
name = "right"
channel = 1
azimuth_deg = -25.0
radius_m = 0.025
"""


def check(folder, layout, *options):
    (folder / "two.toml").write_text(layout)
    return subprocess.run(
        [PROSCENIUM, "check", str(folder / "two.toml"), *options],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
        encoding="utf-8",
        timeout=300,
    )


def write(path, angles=None, sign=1.0):
    angles = grid(15.0) if angles is None else angles
    at = places_m(angles, np.full(len(angles), 1.5))
    # As from the driver's place, around a sphere: half as early again as its distance from the centre says.
    axis = np.array([np.cos(np.deg2rad(25.0)), -np.sin(np.deg2rad(25.0)), 0.0])
    late = np.arange(512) - (260 - 18 * at @ axis / 1.5)[:, None]
    write_sofa(path, "GeneralFIR", "FIR", fir((sign * np.sinc(late) * np.hanning(512))[None], at))


@pytest.mark.parametrize(
    ("prepare", "keys", "message"),
    [
        (lambda path: None, "", "left.sofa': no such file or folder"),
        (lambda path: path.write_bytes(b"x"), "", "left.sofa': cannot be read as SOFA"),
        (lambda path: write(path, grid(15.0, lambda p: p[0] <= 60)), "", "nothing within 25° of azimuth"),
        (write, ", source = 3", "measured.source = 3, the file has 1 sources"),
    ],
    ids=["missing", "damaged", "unsuitable", "source"],
)
def test_check_refuses_files_that_are_missing_or_unsuitable(tmp_path, prepare, keys, message):
    prepare(tmp_path / "left.sofa")
    found = check(tmp_path, LAYOUT.replace("KEYS", keys))
    assert found.returncode == 2
    assert message in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    "head",
    ['[listener]\nhrtf = "nowhere.sofa"\n', '[virtualisation]\nhrtf = "nowhere.sofa"\n'],
)
def test_check_refuses_heads_that_are_missing(tmp_path, head):
    found = check(tmp_path, LAYOUT.replace('measured = { file = "left.sofa"KEYS }\n', "") + head)
    assert found.returncode == 2
    assert "nowhere.sofa': no such file" in found.stderr


def test_check_says_what_is_known_and_what_it_reads(tmp_path):
    write(tmp_path / "left.sofa", sign=-1.0)
    found = check(tmp_path, LAYOUT.replace("KEYS", ""))
    assert found.returncode == 0
    assert "==> reading the measurement of driver 'left'" in found.stderr
    assert found.stderr.count("its polarity is inverted") == 1
    quiet = check(tmp_path, LAYOUT.replace("KEYS", ", invert = true"), "--json")
    assert quiet.stderr == ""
    assert json.loads(quiet.stdout)["driver"][0]["measured"]["invert"] is True
