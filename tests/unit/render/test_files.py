"""Rendering: any rate and length in constant memory, and ears that hear what the scorecard says."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from shipped import shipped_design

from designer.design.store import save_design
from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter
from designer.errors import LayoutError
from designer.evaluation.cancellation import evaluate_cancellation
from designer.render.audio_files import StereoReader
from designer.render.binaural import ears_of_downmix, ears_of_drivers
from designer.render.files import render, render_binaural


@pytest.fixture(scope="module")
def made():
    return shipped_design("pair2")


def noise(seconds, rate, seed=0):
    return np.random.default_rng(seed).uniform(-0.4, 0.4, (round(seconds * rate), 2))


@pytest.mark.parametrize("rate", [22050, 44100, 96000, 192000])
def test_any_rate_is_converted(rate, tmp_path):
    # A sine stays a sine of its own frequency and level.
    time = np.arange(rate) / rate
    soundfile.write(tmp_path / "in.wav", 0.5 * np.sin(2 * np.pi * 1000 * time), rate, "DOUBLE")
    audio = np.concatenate(list(StereoReader(tmp_path / "in.wav", 48000).pieces()))
    assert audio.shape == (48000, 2)
    middle = audio[4800:-4800, 0]
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)[4800:-4800]
    # soxr's very high quality has 28 bits; mono feeds both channels.
    assert np.abs(middle - expected).max() < 0.5 * 2**-20
    assert np.array_equal(audio[:, 0], audio[:, 1])


def test_pieces_are_seamless(made, tmp_path):
    stereo = noise(4.0, 48000)
    soundfile.write(tmp_path / "in.wav", stereo, 48000, "DOUBLE")
    render(made.bank, made.fixed, tmp_path / "in.wav", tmp_path / "out.wav", "float")
    found, _ = soundfile.read(tmp_path / "out.wav")
    limiter = Limiter(made.fixed.limiter.as_float(made.fixed.number_format))
    expected = FloatEngine(made.bank.impulse_responses, limiter=limiter).process(stereo)
    # The file holds 32-bit floats.
    assert np.abs(found - expected).max() <= 2**-24 * np.abs(expected).max() * 1.01


def test_flac_is_taken_and_written(made, tmp_path):
    soundfile.write(tmp_path / "in.flac", noise(0.5, 44100), 44100)
    render(made.bank, made.fixed, tmp_path / "in.flac", tmp_path / "out.flac", "fixed")
    info = soundfile.info(tmp_path / "out.flac")
    assert (info.format, info.subtype, info.samplerate, info.frames) == ("FLAC", "PCM_24", 48000, 24000)


@pytest.mark.parametrize(
    ("audio", "target", "message"),
    [
        (np.zeros((100, 3)), "out.wav", "3 channels, allowed are 1 and 2"),
        (np.full((100, 2), np.nan), "out.wav", "not finite"),
        (np.zeros((100, 2)), "out.mp3", "allowed are files that end in .wav or .flac"),
        (np.zeros((100, 2)), "in.wav", "overwrite its own input"),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(audio, target, message, made, tmp_path):
    soundfile.write(tmp_path / "in.wav", audio, 48000, "DOUBLE")
    with pytest.raises(LayoutError, match=message):
        render(made.bank, made.fixed, tmp_path / "in.wav", tmp_path / target, "float")
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def test_a_source_that_is_not_there_is_said(made, tmp_path):
    with pytest.raises(LayoutError, match=r"song\.wav': no such file: give a recording"):
        render(made.bank, made.fixed, tmp_path / "song.wav", tmp_path / "out.wav", "float")


def test_a_target_that_cannot_be_written_is_refused(made, tmp_path):
    soundfile.write(tmp_path / "in.wav", noise(0.1, 48000), 48000)
    # No file can be made there, not even by root.
    with pytest.raises(LayoutError, match=r"'/proc/out\.wav': cannot be written"):
        render(made.bank, made.fixed, tmp_path / "in.wav", Path("/proc/out.wav"), "float")


def test_memory_does_not_grow_with_the_file(made, tmp_path):
    save_design(made, tmp_path / "design")
    code = (
        "import resource, sys; from pathlib import Path; from designer.design.store import load_tables\n"
        "from designer.render.files import render\n"
        "bank, fixed = load_tables(Path(sys.argv[1]))\n"
        "render(bank, fixed, Path(sys.argv[2]), Path(sys.argv[3]), 'float')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for seconds in (5, 60):
        source = tmp_path / f"{seconds}.wav"
        soundfile.write(source, np.zeros((seconds * 48000, 2)), 48000, "PCM_16")
        command = [sys.executable, "-c", code, tmp_path / "design", source, tmp_path / "out.wav"]
        peaks.append(int(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    # In KiB. Fifty-five seconds more are 40 MiB of stereo as float64, and as much of driver signals.
    assert peaks[1] - peaks[0] < 20_000


def band_ild_db(audio, rate):
    spectrum = np.abs(np.fft.rfft(audio, axis=0)) ** 2
    frequencies = np.fft.rfftfreq(len(audio), 1 / rate)
    edges = np.geomspace(1500, 6000, 25)
    levels = []
    for low, high in pairwise(edges):
        used = (frequencies >= low) & (frequencies < high)
        levels.append(10 * np.log10(spectrum[used, 0].sum() / spectrum[used, 1].sum()))
    return float(np.mean(levels))


def test_ears_hear_what_the_scorecard_says(tmp_path):
    made = shipped_design("front3")
    stereo = noise(3.0, 48000)
    stereo[:, 1] = 0.0
    soundfile.write(tmp_path / "in.wav", stereo, 48000, "FLOAT")
    ears = ears_of_drivers(made.layout, made.gain_db, made.bank.modelling_delay_samples)
    paths = tmp_path / "after.wav", tmp_path / "before.wav"
    render_binaural(made.bank, made.fixed, ears, ears_of_downmix(made.layout), tmp_path / "in.wav", *paths, "float")
    after, before = (soundfile.read(path)[0] for path in paths)
    assert after.shape == before.shape == stereo.shape
    figures = evaluate_cancellation(made.layout, made.bank.impulse_responses)
    # Energies of bands of noise against means over lines: they differ where the spectrum is uneven.
    assert band_ild_db(after, 48000) == pytest.approx(figures.left.mean_ild_db, abs=1.5)
    assert band_ild_db(after, 48000) > band_ild_db(before, 48000) + 4
    # One gain for both, and equally loud but for the room that plain mixing gives to its comb filter.
    assert max(np.abs(after).max(), np.abs(before).max()) == pytest.approx(10 ** (-1 / 20), abs=1e-4)
    rms = 20 * np.log10(np.sqrt(np.mean(after**2) / np.mean(before**2)))
    assert abs(rms) < 3


def test_ears_are_in_step_with_the_source(tmp_path):
    made = shipped_design("front3")
    click = np.zeros((9600, 2))
    click[4800] = 0.5
    soundfile.write(tmp_path / "in.wav", click, 48000, "FLOAT")
    ears = ears_of_drivers(made.layout, made.gain_db, made.bank.modelling_delay_samples)
    paths = tmp_path / "after.wav", tmp_path / "before.wav"
    render_binaural(made.bank, made.fixed, ears, ears_of_downmix(made.layout), tmp_path / "in.wav", *paths, "float")
    for path in paths:
        heard, _ = soundfile.read(path)
        # An ideal loudspeaker's click would be at 4800; a driver up to a cabinet's radius (12 samples) nearer leads.
        assert abs(int(np.abs(heard).max(axis=1).argmax()) - 4800) <= 24
