"""Exports: what others read back is the design, and a CamillaDSP configuration computes it."""

import io
import shutil
import subprocess

import numpy as np
import pytest
import sofar
import soundfile
import yaml
from shipped import shipped_design

from designer.dsp.engine import FloatEngine
from designer.errors import InputWarning, LayoutError
from designer.export.files import EXPORTERS, driver_places_m, export_camilladsp, export_rew, write_export


@pytest.fixture(scope="module")
def made():
    return shipped_design("front3")


def test_wav_has_an_input_per_file_and_a_driver_per_channel(made):
    files = EXPORTERS["wav"](made.layout, made.bank)
    assert sorted(files) == ["centre.wav", "left.wav", "right.wav"]
    for i, source in enumerate(made.bank.input_names):
        audio, rate = soundfile.read(io.BytesIO(files[f"{source}.wav"]))
        assert rate == 48000
        assert np.array_equal(audio.T.astype(np.float32), made.bank.impulse_responses[:, i].astype(np.float32))


def test_npz_is_the_bank(made):
    with np.load(io.BytesIO(EXPORTERS["npz"](made.layout, made.bank)["filters.npz"])) as file:
        assert np.array_equal(file["impulse_responses"], made.bank.impulse_responses)
        assert file["driver_names"].tolist() == list(made.bank.driver_names)


def test_sofa_is_valid_and_complete(made, tmp_path):
    (tmp_path / "f.sofa").write_bytes(EXPORTERS["sofa"](made.layout, made.bank)["filters.sofa"])
    sofa = sofar.read_sofa(str(tmp_path / "f.sofa"), verify=True, verbose=False)
    assert np.allclose(sofa.Data_IR.transpose(1, 0, 2), made.bank.impulse_responses, rtol=0, atol=0)
    assert np.allclose(np.squeeze(sofa.ReceiverPosition), driver_places_m(made.layout))


def test_rew_text_is_the_response(made):
    files = export_rew(made.layout, made.bank)
    assert len(files) == 9
    lines = files["left_right.txt"].decode().splitlines()
    assert all(line.startswith("*") for line in lines[:2])
    table = np.array([[float(v) for v in line.split()] for line in lines[2:]])
    assert np.all(np.diff(table[:, 0]) > 0)
    nearest = table[np.argmin(np.abs(table[:, 0] - 1000))]
    taps = np.arange(made.bank.impulse_responses.shape[2]) - made.bank.modelling_delay_samples
    response = made.bank.impulse_responses[1, 1] @ np.exp(-2j * np.pi * nearest[0] * taps / 48000)
    # Four decimals of a hertz, at most 2 ms from the centre of time: far below a thousandth of a degree.
    assert nearest[1] == pytest.approx(20 * np.log10(abs(response)), abs=1e-3)
    assert nearest[2] == pytest.approx(np.angle(response, deg=True), abs=2e-2)


# What CamillaDSP 3 and 4 accept of each table that is written here, in our own words after its README and its published
# schema (HEnquist/pycamilladsp-plot, camilladsp_plot/schemas): required keys, further keys.
TABLES = {
    "config": ({"devices"}, {"title", "description", "filters", "mixers", "pipeline", "processors"}),
    "devices": ({"samplerate", "chunksize", "capture", "playback"}, set()),
    "Alsa": ({"type", "channels", "device"}, {"format"}),
    "filter": ({"type", "parameters"}, {"description"}),
    "Conv": ({"type", "filename"}, {"channel"}),
    "Limiter": ({"clip_limit"}, {"soft_clip"}),
    "mixer": ({"channels", "mapping"}, {"description", "labels"}),
    "channels": ({"in", "out"}, set()),
    "mapping": ({"dest", "sources"}, {"mute"}),
    "source": ({"channel"}, {"gain", "inverted", "mute", "scale"}),
    "Mixer": ({"type", "name"}, {"description", "bypassed"}),
    "Filter": ({"type", "channels", "names"}, {"description", "bypassed"}),
}


def check_keys(kind, table):
    required, further = TABLES[kind]
    assert required <= table.keys() <= required | further, (kind, table)


def check_camilladsp(config, files):
    """Hold a configuration to the schema, and to what a schema cannot say: names and channels that exist."""
    check_keys("config", config)
    check_keys("devices", config["devices"])
    assert all(
        isinstance(config["devices"][key], int) and config["devices"][key] > 0 for key in ("samplerate", "chunksize")
    )
    for end in ("capture", "playback"):
        check_keys(config["devices"][end]["type"], config["devices"][end])
    for chosen in config["filters"].values():
        check_keys("filter", chosen)
        if chosen["type"] == "Limiter":
            check_keys("Limiter", chosen["parameters"])
            continue
        check_keys("Conv", chosen["parameters"])
        assert chosen["parameters"]["type"] == "Wav"
        with soundfile.SoundFile(io.BytesIO(files[chosen["parameters"]["filename"]])) as file:
            assert 0 <= chosen["parameters"]["channel"] < file.channels
    width = config["devices"]["capture"]["channels"]
    for step in config["pipeline"]:
        check_keys(step["type"], step)
        if step["type"] == "Filter":
            assert all(0 <= channel < width for channel in step["channels"])
            assert all(name in config["filters"] for name in step["names"])
            continue
        mixer = config["mixers"][step["name"]]
        check_keys("mixer", mixer)
        check_keys("channels", mixer["channels"])
        assert mixer["channels"]["in"] == width
        width = mixer["channels"]["out"]
        assert sorted(mapping["dest"] for mapping in mixer["mapping"]) == list(range(width))
        for mapping in mixer["mapping"]:
            check_keys("mapping", mapping)
            for source in mapping["sources"]:
                check_keys("source", source)
                assert -150 <= source["gain"] <= 150
                assert isinstance(source["inverted"], bool)
                assert 0 <= source["channel"] < mixer["channels"]["in"]
    assert width == config["devices"]["playback"]["channels"]


@pytest.mark.parametrize("name", ["front3", "bar6"])
def test_camilladsp_configuration_keeps_the_schema(name):
    result = shipped_design(name)
    files = export_camilladsp(result.layout, result.bank)
    check_camilladsp(yaml.safe_load(files["camilladsp.yml"]), files)


@pytest.mark.parametrize(
    "harm",
    [
        lambda config: config["devices"].update(samplerate="48000"),
        lambda config: config["devices"]["playback"].update(channels=2),
        lambda config: config["filters"]["left_left"]["parameters"].update(values=[1.0]),
        lambda config: config["mixers"]["gather"]["mapping"][0]["sources"][0].update(channel=99),
        lambda config: config["pipeline"][1].update(names=["nowhere"]),
        lambda config: config["pipeline"][1].pop("channels"),
    ],
)
def test_the_check_of_the_schema_can_fail(made, harm):
    files = export_camilladsp(made.layout, made.bank)
    config = yaml.safe_load(files["camilladsp.yml"])
    harm(config)
    with pytest.raises((AssertionError, KeyError)):
        check_camilladsp(config, files)


@pytest.mark.skipif(shutil.which("camilladsp") is None, reason="not measured: CamillaDSP is in no package of Debian 12")
def test_camilladsp_itself_accepts_it(made, tmp_path):
    for name, data in export_camilladsp(made.layout, made.bank).items():
        (tmp_path / name).write_bytes(data)
    subprocess.run(["camilladsp", "--check", "camilladsp.yml"], cwd=tmp_path, check=True, timeout=60)


def run_camilladsp(config, files, stereo):
    """What CamillaDSP does with a configuration, step by step, as its documentation says."""
    audio = stereo.T
    for step in config["pipeline"]:
        if step["type"] == "Mixer":
            mixer = config["mixers"][step["name"]]
            assert len(audio) == mixer["channels"]["in"]
            mixed = np.zeros((mixer["channels"]["out"], audio.shape[1]))
            for mapping in mixer["mapping"]:
                for source in mapping["sources"]:
                    sign = -1 if source["inverted"] else 1
                    mixed[mapping["dest"]] += sign * 10 ** (source["gain"] / 20) * audio[source["channel"]]
            audio = mixed
        else:
            for channel in step["channels"]:
                for name in step["names"]:
                    chosen = config["filters"][name]["parameters"]
                    if config["filters"][name]["type"] == "Limiter":
                        most = 10 ** (chosen["clip_limit"] / 20)
                        audio[channel] = np.clip(audio[channel], -most, most)
                        continue
                    taps, rate = soundfile.read(io.BytesIO(files[chosen["filename"]]))
                    assert rate == config["devices"]["samplerate"]
                    audio[channel] = np.convolve(audio[channel], taps[:, chosen["channel"]])[: audio.shape[1]]
    return audio.T


def test_camilladsp_configuration_computes_the_design(made):
    files = export_camilladsp(made.layout, made.bank)
    config = yaml.safe_load(files["camilladsp.yml"])
    stereo = np.random.default_rng(0).uniform(-1, 1, (2000, 2))
    found = run_camilladsp(config, files, stereo)
    buses = np.column_stack([stereo, np.zeros(2000)])
    expected = FloatEngine(made.bank.impulse_responses).process(buses, "filters")
    # The WAVs hold 32-bit floats: half a unit of each tap.
    bound = 2**-24 * np.abs(made.bank.impulse_responses[:, :2]).sum(axis=(1, 2)).max()
    assert np.abs(found - expected).max() <= bound * 1.01
    assert config["devices"]["playback"]["channels"] == 3


def test_camilladsp_protects_each_driver_at_its_limit(made):
    limited = tuple(
        driver.model_copy(update={"limit_db": limit})
        for driver, limit in zip(made.layout.drivers, (-20.0, -30.0, 0.0), strict=True)
    )
    files = export_camilladsp(made.layout.model_copy(update={"drivers": limited}), made.bank)
    config = yaml.safe_load(files["camilladsp.yml"])
    check_camilladsp(config, files)
    found = run_camilladsp(config, files, np.random.default_rng(0).choice([-1.0, 1.0], (4000, 2)))
    np.testing.assert_allclose(np.abs(found).max(axis=0)[:2], 10 ** (np.array([-20.0, -30.0]) / 20))


def test_quantised_filters_can_be_exported(tmp_path):
    from designer.design.store import save_design

    made = shipped_design("pair2")
    save_design(made, tmp_path)
    import sys
    from pathlib import Path

    proscenium = Path(sys.executable).with_name("proscenium")
    command = [proscenium, "export", tmp_path, "--to", "npz", "--from", "quantised", "--quiet"]
    subprocess.run(command, check=True, timeout=120)
    with np.load(tmp_path / "export" / "npz" / "filters.npz") as file, np.load(tmp_path / "tables.npz") as tables:
        assert np.array_equal(file["impulse_responses"], tables["effective_impulse_responses"])


def test_files_of_an_earlier_export_are_told(tmp_path):
    write_export({"left_left.txt": b"1", "front_left.txt": b"1"}, tmp_path)
    with pytest.warns(InputWarning, match=r"1 files that are not of this export, the first is 'front_left\.txt'"):
        assert write_export({"left_left.txt": b"2"}, tmp_path) == [tmp_path / "left_left.txt"]
    assert (tmp_path / "left_left.txt").read_bytes() == b"2"


def test_an_export_does_not_replace_a_design(tmp_path):
    for name in ("layout.json", "filters.npz"):
        (tmp_path / name).write_bytes(b"design")
    with pytest.raises(LayoutError, match="holds a design, whose files an export would replace: give another --out"):
        write_export({"filters.npz": b"export"}, tmp_path)
    assert (tmp_path / "filters.npz").read_bytes() == b"design"
