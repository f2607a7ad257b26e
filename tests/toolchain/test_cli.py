"""The command line as a user meets it: in a process of its own."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from places import LAYOUTS, ROOT
from shipped import shipped_design, shipped_scorecard

from designer.design.store import save_design
from designer.files import LOCK_FILE

PROSCENIUM = Path(sys.executable).with_name("proscenium")


def run(*arguments, cwd=ROOT):
    return subprocess.run([PROSCENIUM, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def designed(tmp_path_factory):
    out = tmp_path_factory.mktemp("design")
    result = run("design", "pair2", "--out", out, "--json")
    assert result.returncode == 0, result.stderr
    return out, result


@pytest.fixture(scope="module")
def designed_quietly(tmp_path_factory):
    out = tmp_path_factory.mktemp("quiet")
    return out, run("design", "pair2", "--out", out, "--quiet")


def test_help_tells_every_verb():
    result = run("--help")
    assert result.returncode == 0
    for verb in (
        "design",
        "generate",
        "build",
        "flash",
        "hil",
        "render",
        "check",
        "layouts",
        "new",
        "compare",
        "reference",
        "status",
        "volume",
        "limit",
        "tune",
        "play",
        "board",
    ):
        assert f"\n  {verb} " in result.stdout


def test_version_is_the_packages():
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"proscenium {importlib.metadata.version('proscenium')}\n")


def test_help_imports_nothing_heavy():
    code = "import sys, designer.cli; print([m for m in ('numpy', 'scipy', 'jinja2', 'pydantic') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"


def test_layouts_lists_what_ships():
    result = run("layouts")
    assert [line.split()[0] for line in result.stdout.splitlines()] == [
        "bar6",
        "cross4",
        "echo-studio",
        "front3",
        "pair2",
    ]


def test_check_describes_a_layout():
    result = run("check", "front3")
    assert result.returncode == 0
    assert "azimuth +90°" in result.stdout
    assert "valid: sphere of 8.8 cm radius" in result.stdout


def test_check_draws_the_layout():
    drawing = run("check", "front3").stdout.split("front3:")[0]
    assert "from above" in drawing
    assert all(str(channel) in drawing for channel in range(3))


def test_new_layout_is_valid_and_never_overwritten(tmp_path):
    result = run("new", "my-board", "--like", "echo-studio", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert run("check", "my-board.toml", cwd=tmp_path).returncode == 0
    before = (tmp_path / "my-board.toml").read_bytes()
    again = run("new", "my-board", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert (tmp_path / "my-board.toml").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["my-board.toml"]


def test_quiet_design_says_nothing_and_writes_everything(designed_quietly):
    out, result = designed_quietly
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    # The lock file stays: if it were deleted, two processes could hold two files of that name.
    names = {path.name for path in out.iterdir()} - {LOCK_FILE}
    assert names == {"filters.npz", "generated", "layout.json", "report.html", "scorecard.json", "tables.npz"}


def test_build_makes_the_image_of_the_board_that_is_named(tmp_path):
    result = run("build", "pair2", "--board", "stm32h743", "--out", tmp_path, "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["elf"] == str(tmp_path / "firmware-stm32h743.elf")
    assert not (tmp_path / "firmware.elf").exists()


@pytest.mark.parametrize("arguments", [("layouts",), ("check", "pair2"), ("generate", "pair2")])
def test_json_is_printed_and_nothing_else(arguments, tmp_path):
    result = run(*arguments, "--json", cwd=tmp_path)
    assert result.returncode == 0
    assert json.loads(result.stdout)
    assert result.stderr == ""


def test_compare_shows_what_differs(designed, tmp_path):
    out, _ = designed
    assert run("compare", out, out).stdout.endswith("figures are equal\n")
    save_design(shipped_design("front3"), tmp_path, shipped_scorecard("front3"))
    rows = {row["figure"]: row for row in json.loads(run("compare", out, tmp_path, "--json").stdout)}
    assert (rows["layout"]["first"], rows["layout"]["second"]) == ("pair2", "front3")
    figure = rows["cancellation.left_cancellation_gain_db at 1000 Hz"]
    assert figure["difference"] == figure["second"] - figure["first"] != 0


def test_design_prints_json_and_nothing_else(designed):
    out, result = designed
    assert json.loads(result.stdout) == json.loads((out / "scorecard.json").read_text())
    assert result.stderr == ""


def test_filters_follow_the_contract(designed):
    out, _ = designed
    with np.load(out / "filters.npz") as file:
        drivers, inputs, taps = file["impulse_responses"].shape
        assert (drivers, inputs) == (2, 3)
        assert 32 <= taps <= 256
        assert file["impulse_responses"].dtype == np.float64
        assert file["driver_names"].tolist() == ["left", "right"]
        assert file["input_names"].tolist() == ["left", "right", "centre"]
        assert file["sample_rate_hz"] == 48000
        assert 0 <= file["modelling_delay_samples"] < 480
        float_responses = file["impulse_responses"]
    with np.load(out / "tables.npz") as file:
        effective = file["effective_impulse_responses"]
        assert effective.shape == float_responses.shape
        # Every exponent is at least 3 here, so a step is at most 2**-18.  Rounding leaves 1/4 square step a tap; in a
        # norm whose weights span 27 dB the tables leave no more.
        error = np.sum((effective - float_responses) ** 2, axis=2)
        assert error.min() > 0
        assert error.max() <= taps / 4 * 2.0**-36 * 10**2.7
        assert file["coefficients_left+right_centre"].dtype == np.int16


def test_a_second_design_is_equal_to_the_byte(designed, designed_quietly):
    out, _ = designed
    second, result = designed_quietly
    assert result.returncode == 0
    for path in sorted((out / "generated").iterdir()):
        assert (second / "generated" / path.name).read_bytes() == path.read_bytes()


def test_render_writes_a_channel_per_driver(designed, tmp_path):
    out, _ = designed
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "in.wav", rng.uniform(-0.5, 0.5, (70000, 2)), 48000, "PCM_16")
    with np.load(out / "filters.npz") as file:
        ringing = file["impulse_responses"].shape[2] - int(file["modelling_delay_samples"])
    peaks = {}
    for engine, subtype in (("float", "FLOAT"), ("fixed", "PCM_24")):
        result = run("render", out, tmp_path / "in.wav", tmp_path / f"{engine}.wav", "--engine", engine)
        assert result.returncode == 0, result.stderr
        info = soundfile.info(tmp_path / f"{engine}.wav")
        assert (info.channels, info.frames, info.subtype) == (2, 70000 + ringing, subtype)
        peaks[engine], _ = soundfile.read(tmp_path / f"{engine}.wav")
    error = np.abs(peaks["float"] - peaks["fixed"]).max()
    assert 0 < error < 10 * 2.0**-15


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("design", "nowhere"), 2, "layout 'nowhere': no such file or shipped layout: Shipped are bar6, cross4"),
        (("design", "nowhere.toml"), 2, "layout 'nowhere.toml': cannot be read"),
        (("render", "nowhere", "a.wav", "b.wav"), 2, "no design here: run 'proscenium design LAYOUT --out nowhere'"),
        (("render", "nowhere", "a.wav", "b.wav", "--hrtf", "kemar"), 2, "no design here"),
        (("hil", "front3", "--board", "stm32f405"), 2, "--board stm32f405 needs --port"),
        (
            ("flash", "front3", "--board", "stm32h743", "--bootloader-port", "x"),
            2,
            "only --via uart uses the bootloader",
        ),
        (("hil", "front3", "--input", "nowhere.wav"), 2, "nowhere.wav': no such file"),
        (("hil", "front3", "--seconds", "inf"), 2, "'--seconds'"),
        (("sweep", "pair2", "--vary", "listener.distance_m=1,2", "--seed", "3"), 2, "--seed needs --random"),
        (("flash", "front3", "--port", "/dev/nowhere"), 5, "/dev/nowhere"),
    ],
)
def test_a_mistake_is_one_message_and_an_exit_code(arguments, code, message, tmp_path):
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode == code, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_wrong_layout_leaves_nothing_behind(tmp_path):
    text = (LAYOUTS / "front3.toml").read_text().replace("0.0875", "87.5")
    (tmp_path / "mine.toml").write_text(text)
    result = run("design", "mine.toml", cwd=tmp_path)
    assert result.returncode == 2
    assert "metres, not millimetres?" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_binaural_rendering_writes_before_and_after(designed, tmp_path):
    out, _ = designed
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "in.flac", rng.uniform(-0.5, 0.5, (9000, 2)), 44100)
    result = run("render", out, tmp_path / "in.flac", tmp_path / "ears.wav", "--binaural", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["seconds_of_audio"] == pytest.approx(9000 / 44100, abs=1e-4)
    assert {path.name for path in tmp_path.iterdir()} == {"in.flac", "ears.wav", "ears.before.wav"}


def test_an_option_that_would_have_no_effect_is_refused(designed, tmp_path):
    out, _ = designed
    for options, message in (
        (("--binaural", "--no-align"), "--no-align is for driver signals"),
        (("--hrtf", "kemar"), "--hrtf needs --binaural"),
        (("--room", "living"), "--room needs --binaural"),
    ):
        result = run("render", out, "in.wav", "out.wav", *options, cwd=tmp_path)
        assert (result.returncode, message in result.stderr) == (2, True), result.stderr


def test_a_sweep_leaves_no_results_of_an_earlier_one(tmp_path):
    command = ("sweep", "pair2", "--jobs", "1", "--out", tmp_path)
    assert run(*command, "--vary", "listener.distance_m=1", "--format", "parquet").returncode == 0
    assert (tmp_path / "pareto.html").exists()
    # No such design: the drivers would overlap.
    assert run(*command, "--vary", "driver.left.azimuth_deg=-20").returncode == 3
    names = {path.name for path in tmp_path.iterdir()} - {LOCK_FILE}
    assert names == {"points.jsonl", "results.csv"}


def test_damaged_tables_are_refused(designed, tmp_path):
    out, _ = designed
    (tmp_path / "layout.json").write_bytes((out / "layout.json").read_bytes())
    for name in ("filters.npz", "tables.npz"):
        (tmp_path / name).write_bytes((out / name).read_bytes()[:500])
    result = run("render", tmp_path, "in.wav", "out.wav")
    assert result.returncode == 2
    assert "damaged design" in result.stderr
