"""`proscenium play`: an audio file through the executed firmware."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from designer.board.open import VirtualBoard
from designer.board.play_file import play_file
from designer.errors import HilError, LayoutError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.render.audio_files import StereoReader

PROSCENIUM = Path(sys.executable).with_name("proscenium")


@pytest.fixture
def song(tmp_path):
    """A seventh of a second of stereo at another rate than the board's."""
    path = tmp_path / "song.wav"
    soundfile.write(path, np.random.default_rng(3).uniform(-0.4, 0.4, (6300, 2)), 44100, "FLOAT")
    return path


def test_the_file_has_what_the_model_makes_of_the_song_to_the_last_bit(front3, song, tmp_path):
    told = []
    with VirtualBoard(front3.elf, front3.digest, front3.layout) as board:
        figures = play_file(board, song, tmp_path / "out.wav", lambda done, total: told.append((done, total)))
    played, rate = soundfile.read(tmp_path / "out.wav", dtype="int32")
    assert soundfile.info(tmp_path / "out.wav").subtype == "PCM_32"
    pieces = list(StereoReader(song, 48000).pieces())
    expected = PipelineModel(front3.bank).process(front3.bank.number_format.sample.quantise(np.concatenate(pieces)))
    np.testing.assert_array_equal(played, expected)
    assert rate == 48000
    assert figures["late_blocks"] == 0
    assert figures["seconds_of_audio"] == len(expected) / 48000
    assert told[-1] == (len(expected), len(expected))


def proscenium(*arguments):
    command = [PROSCENIUM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_the_command_tells_what_it_did(song, tmp_path):
    done = proscenium("play", "pair2", song, tmp_path / "out.wav", "--out", tmp_path / "pair2", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["target"] == str(tmp_path / "out.wav")
    assert told["late_blocks"] == 0
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.channels, info.samplerate, info.frames, info.subtype) == (2, 48000, 6857, "PCM_16")


def test_a_trace_never_overwrites_the_song_or_the_output(song, tmp_path):
    before = song.read_bytes()
    for trace in (song, tmp_path / "out.wav"):
        done = proscenium("play", "pair2", song, tmp_path / "out.wav", "--trace", trace, "--out", tmp_path / "pair2")
        assert (done.returncode, done.stderr) == (
            2, f"error: trace '{trace}': is the input or the output: give another file\n"
        )  # fmt: skip
    assert song.read_bytes() == before
    assert not (tmp_path / "pair2").exists()


def test_a_layout_with_more_drivers_than_converters_is_refused(song, tmp_path):
    done = proscenium("play", "bar6", song, tmp_path / "out.wav", "--out", tmp_path / "bar6")
    assert done.returncode == 4
    assert "6 drivers: the board's converters have 4 channels" in done.stderr
    assert not (tmp_path / "out.wav").exists()


def test_a_song_or_a_target_that_cannot_be_is_refused(front3, song, tmp_path):
    with VirtualBoard(front3.elf) as board:
        with pytest.raises(LayoutError, match="no such file: give a recording"):
            play_file(board, tmp_path / "none.wav", tmp_path / "out.wav")
        with pytest.raises(LayoutError, match="would overwrite its own input"):
            play_file(board, song, song)
        with pytest.raises(LayoutError, match="allowed are files that end in"):
            play_file(board, song, tmp_path / "out.ogg")
        # The board is as it was.
        assert board.health()["player"] == "PLAYING"


def test_a_board_that_plays_nothing_is_said(front3, song, tmp_path, monkeypatch):
    with VirtualBoard(front3.elf) as board:
        monkeypatch.setattr(board, "health", lambda: {"player": "BAD_TABLES"})
        with pytest.raises(HilError, match="the board does not play: BAD_TABLES"):
            play_file(board, song, tmp_path / "out.wav")


def test_a_board_waits_for_other_commands_until_it_is_interrupted(tmp_path):
    trace = tmp_path / "trace.json"
    arguments = [PROSCENIUM, "board", "pair2", "--out", tmp_path / "pair2", "--trace", trace]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            port = running.stdout.readline().removeprefix("serial line: ").strip()
            told = proscenium("status", "--port", port, "--json")
            assert told.returncode == 0, told.stderr
            assert json.loads(told.stdout)["layout"] == "pair2"
        finally:
            running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode in (0, 130)
    assert not Path(port).exists()
    assert any(event["name"] == "block" for event in json.loads(trace.read_text()))
