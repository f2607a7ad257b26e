"""Exports: what others read back is the design, and a CamillaDSP configuration computes it."""

import io

import numpy as np
import pytest
import sofar
import soundfile
import yaml

from designer.export.files import EXPORTERS, driver_places_m, export_camilladsp, export_rew
from designer.filters.engine import FloatEngine
from designer.pipeline import design, find_layout


@pytest.fixture(scope="module")
def made():
    return design(find_layout("front3"))


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


def test_quantised_filters_can_be_exported(tmp_path):
    from designer.pipeline import save

    made = design(find_layout("pair2"))
    save(made, tmp_path)
    import subprocess
    import sys
    from pathlib import Path

    proscenium = Path(sys.executable).with_name("proscenium")
    command = [proscenium, "export", tmp_path, "--to", "npz", "--from", "quantised", "--quiet"]
    subprocess.run(command, check=True, timeout=120)
    with np.load(tmp_path / "export" / "npz" / "filters.npz") as file, np.load(tmp_path / "tables.npz") as tables:
        assert np.array_equal(file["impulse_responses"], tables["effective_impulse_responses"])
