"""Rendering: any rate and length in constant memory, and ears that hear what the scorecard says."""

import resource
import struct
import subprocess
import sys
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from shipped import anechoic_design

from designer.design.store import save_design
from designer.dsp.engine import FloatEngine
from designer.dsp.limiter import Limiter
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.errors import InputWarning, LayoutError
from designer.evaluation.cancellation import evaluate_cancellation
from designer.render.audio_files import StereoReader, open_writer
from designer.render.binaural import ears_of_downmix, ears_of_drivers, ears_with_and_without
from designer.render.files import render, render_binaural


@pytest.fixture(scope="module")
def made():
    return anechoic_design("pair2")


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
    tail = np.zeros((DELAY_SAMPLES + made.fixed.limiter.delay_samples + made.bank.impulse_responses.shape[2], 2))
    expected = FloatEngine(made.bank.impulse_responses, limiter=limiter).process(np.concatenate([stereo, tail]))
    expected = expected[DELAY_SAMPLES + made.fixed.limiter.delay_samples + made.bank.modelling_delay_samples :]
    # The file holds 32-bit floats.
    assert np.abs(found - expected).max() <= 2**-24 * np.abs(expected).max() * 1.01


def test_flac_is_taken_and_written(made, tmp_path):
    soundfile.write(tmp_path / "in.flac", noise(0.5, 44100), 44100)
    render(made.bank, made.fixed, tmp_path / "in.flac", tmp_path / "out.flac", "fixed")
    info = soundfile.info(tmp_path / "out.flac")
    tail = made.bank.impulse_responses.shape[2] - made.bank.modelling_delay_samples
    assert (info.format, info.subtype, info.samplerate, info.frames) == ("FLAC", "PCM_24", 48000, 24000 + tail)


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
    with pytest.raises(OSError, match=r"'/proc/out\.wav'"):
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
    made = anechoic_design("front3")
    stereo = noise(3.0, 48000)
    stereo[:, 1] = 0.0
    soundfile.write(tmp_path / "in.wav", stereo, 48000, "FLOAT")
    ears = ears_of_drivers(made.layout, made.gain_db, made.bank.modelling_delay_samples)
    paths = tmp_path / "after.wav", tmp_path / "before.wav"
    render_binaural(made.bank, made.fixed, ears, ears_of_downmix(made.layout), tmp_path / "in.wav", *paths, "float")
    after, before = (soundfile.read(path)[0] for path in paths)
    assert after.shape == before.shape
    assert len(after) >= len(stereo) + made.bank.impulse_responses.shape[2] + ears.responses.shape[2]
    figures = evaluate_cancellation(made.layout, made.bank.impulse_responses)
    # Energies of bands of noise against means over lines: they differ where the spectrum is uneven.
    assert band_ild_db(after, 48000) == pytest.approx(figures.left.mean_ild_db, abs=1.5)
    assert band_ild_db(after, 48000) > band_ild_db(before, 48000) + 4
    # One gain for both, and equally loud but for the room that plain mixing gives to its comb filter.
    assert max(np.abs(after).max(), np.abs(before).max()) == pytest.approx(10 ** (-1 / 20), abs=1e-4)
    rms = 20 * np.log10(np.sqrt(np.mean(after**2) / np.mean(before**2)))
    assert abs(rms) < 3


def test_ears_are_in_step_with_the_source(tmp_path):
    made = anechoic_design("front3")
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


@pytest.mark.parametrize("engine", ["float", "fixed"])
def test_a_click_at_the_end_comes_out_whole_and_in_its_place(engine, made, tmp_path):
    """What a filter answers to the last sample comes after it, and a short file is not lost in the latency."""
    stereo = np.zeros((256, 2))
    stereo[[0, 255], 0] = 0.5
    soundfile.write(tmp_path / "in.wav", stereo, 48000, "PCM_24")
    figures = render(made.bank, made.fixed, tmp_path / "in.wav", tmp_path / "out.wav", engine)
    assert figures["seconds_of_audio"] == 256 / 48000
    render(made.bank, made.fixed, tmp_path / "in.wav", tmp_path / "raw.wav", engine, aligned=False)
    found, raw = (soundfile.read(tmp_path / name)[0] for name in ("out.wav", "raw.wav"))
    taps, delay = made.bank.impulse_responses.shape[2], made.bank.modelling_delay_samples
    assert len(found) == 256 + taps - delay
    np.testing.assert_array_equal(raw[len(raw) - len(found) :], found)
    peaks = np.abs(found).max(axis=1)
    # The nearest driver is some samples away from the centre of the cabinet.
    assert int(np.argmax(peaks[:100])) <= 16
    assert int(np.argmax(peaks[100:])) + 100 - 255 <= 16
    # After the tail there is nothing left.
    assert peaks[-1] < 1e-3 * peaks.max()


def test_samples_above_full_scale_are_counted(made, tmp_path):
    stereo = np.full((100, 2), 0.5)
    stereo[10:13, 1] = [2.0, -1.5, 1.0]
    soundfile.write(tmp_path / "in.wav", stereo, 48000, "FLOAT")
    with pytest.warns(InputWarning, match=r"2 samples above full scale were clipped, the highest by 6\.0 dB"):
        render(made.bank, made.fixed, tmp_path / "in.wav", tmp_path / "out.wav", "float")


def wav_bytes(samples, data_bytes, rate_hz=48000):
    """A 16-bit stereo WAV whose header says what it is asked to say."""
    data = np.zeros((samples, 2), "<i2").tobytes()
    form = struct.pack("<HHIIHH", 1, 2, rate_hz, rate_hz * 4 % 2**32, 4, 16)
    return (
        b"RIFF"
        + struct.pack("<I", (data_bytes + 36) % 2**32)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + (b"data" + struct.pack("<I", data_bytes) + data)
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read as audio"),
        (wav_bytes(1000, 0), "its header counts no samples in a file of 4044 bytes.* sox --ignore-length"),
        (wav_bytes(0, 0), "its header counts no samples in a file of 44 bytes"),
        (wav_bytes(1000, 4000, 1), "sample rate 1 Hz, allowed are 4000 to 768000 Hz"),
        (wav_bytes(1000, 4000, 28_224_000), "sample rate 28224000 Hz, allowed"),
    ],
)
def test_a_recording_without_sound_is_refused(data, message, made, tmp_path):
    (tmp_path / "in.wav").write_bytes(data)
    with pytest.raises(LayoutError, match=message):
        render(made.bank, made.fixed, tmp_path / "in.wav", tmp_path / "out.wav", "float")
    assert not (tmp_path / "out.wav").exists()


def test_a_recording_that_was_cut_short_is_told(made, tmp_path):
    (tmp_path / "in.wav").write_bytes(wav_bytes(1000, 40000))
    with pytest.warns(InputWarning, match="it holds 10% of what its header says"):
        figures = render(made.bank, made.fixed, tmp_path / "in.wav", tmp_path / "out.wav", "float")
    assert figures["seconds_of_audio"] == 1000 / 48000
    # A recorder that streams does not know the length; the samples go on to the end.
    (tmp_path / "in.wav").write_bytes(wav_bytes(1000, 2**32 - 1))
    assert render(made.bank, made.fixed, tmp_path / "in.wav", tmp_path / "out.wav", "float") == figures


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    path = tmp_path / "out.wav"
    with open_writer(path, 48000, 1, "FLOAT", 10) as first, open_writer(path, 48000, 1, "FLOAT", 10) as second:
        first.write(np.full(10, 0.25))
        second.write(np.full(10, 0.5))
    assert soundfile.read(path)[0].tolist() == [0.25] * 10
    assert [file.name for file in tmp_path.iterdir()] == ["out.wav"]


def test_equal_sound_gives_equal_bytes(tmp_path):
    """libsndfile writes the time into float WAVs.  What looks like such a chunk among the samples stays."""
    samples = np.frombuffer(b"PEAK" * 20, dtype=np.float32).reshape(-1, 2)
    with open_writer(tmp_path / "float.wav", 48000, 2, "FLOAT", len(samples)) as file:
        file.write(samples)
    data = (tmp_path / "float.wav").read_bytes()
    place = data.index(b"PEAK")
    assert place < data.index(b"data")
    assert data[place + 12 : place + 16] == bytes(4)
    assert data.endswith(b"PEAK" * 20)
    np.testing.assert_array_equal(soundfile.read(tmp_path / "float.wav", dtype="float32")[0], samples)


def test_a_codec_that_cannot_seek_is_read(tmp_path):
    tone = 0.5 * np.sin(np.arange(3200) / 10)
    soundfile.write(tmp_path / "phone.wav", tone, 8000, "GSM610")
    with closing(StereoReader(tmp_path / "phone.wav", 8000)) as reader:
        found = np.concatenate(list(reader.pieces()))
    with soundfile.SoundFile(tmp_path / "phone.wav") as file:
        assert not file.seekable()
        np.testing.assert_array_equal(found, np.repeat(file.read(3200)[:, None], 2, axis=1))


def test_a_full_disk_is_not_taken_for_permissions(tmp_path):
    """The limit of a file's size stands for it: libsndfile cannot even write the header, and does not say why."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(OSError, match="too large") as told, open_writer(tmp_path / "x.wav", 48000, 2, "FLOAT", 10):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert told.value.filename == str(tmp_path / "x.wav")
    assert not list(tmp_path.iterdir())


def test_ears_with_and_without_a_design_are_those_of_either_alone(made):
    both = ears_with_and_without(made.layout, made.gain_db, 7)
    alone = ears_of_drivers(made.layout, made.gain_db, 7), ears_of_downmix(made.layout)
    for ours, expected in zip(both, alone, strict=True):
        np.testing.assert_allclose(ours.responses, expected.responses, rtol=0, atol=1e-14)
        assert ours.delay_samples == expected.delay_samples
