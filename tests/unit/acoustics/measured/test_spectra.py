"""Spectra with phase, without it, and on coarse grids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import freqz
from sofa_files import spectra, write_sofa

from designer.acoustics.directional import DirectionalSet
from designer.acoustics.measured.files import read_driver
from designer.acoustics.measured.model_phase import with_model_phase
from designer.acoustics.measured.window import direct_sound
from designer.errors import LayoutError

SPEED, DISTANCE = 343.0, 1.0
AZIMUTHS = np.deg2rad(np.arange(0, 360, 10.0))
PLACES = DISTANCE * np.stack([np.cos(AZIMUTHS), np.sin(AZIMUTHS), np.zeros(36)], axis=1)
GRID = np.arange(1, 257) * 93.75
# Exact centres of the third octaves 63 Hz to 20 kHz, as catalogues have them.
THIRDS = 10 ** (np.arange(18, 44) / 10)


def magnitude(lines):
    """Low-pass of a driver, steeper to the back: (36, F)."""
    corner = 5000 * (1.3 + np.cos(AZIMUTHS))[:, None]
    return (0.55 + 0.45 * np.cos(AZIMUTHS))[:, None] / (1 + (lines / corner) ** 4)


def level_error_db(path, band, **keys):
    """Largest error of the level in band, after the window, in the measured directions."""
    found = read_driver(path, SPEED)
    sound = direct_sound(found, 0.008, SPEED)
    data = DirectionalSet.from_responses(
        found.directions, sound.responses[:, None], found.sample_rate_hz, sound.removed_samples[:, None]
    )
    lines = np.geomspace(*band, 120)
    level = np.abs(data.at(lines, PLACES)[:, :, 0]).T
    return float(np.abs(20 * np.log10(level / magnitude(lines))).max()), found


@pytest.mark.parametrize(
    ("lines", "turned"),
    [(GRID, "zero"), (GRID, "linear"), (GRID, "inverted"), (THIRDS, "zero"), (THIRDS, "inverted")],
    ids=["even-zero", "even-linear", "even-inverted", "thirds-zero", "thirds-inverted"],
)
def test_magnitudes_without_phase_keep_their_level(tmp_path, lines, turned):
    phase = {"zero": 1.0, "linear": np.exp(-2j * np.pi * lines * 0.0004), "inverted": -1.0}[turned]
    write_sofa(
        tmp_path / "x.sofa", "FreeFieldDirectivityTF", "TF", spectra((magnitude(lines) * phase)[None], lines, PLACES)
    )
    error_db, found = level_error_db(tmp_path / "x.sofa", (100.0, 18000.0))
    assert error_db < 0.5
    assert not found.has_phase
    assert "magnitudes without phase" in found.notes[0]
    declared = 0.0004 if turned == "linear" else DISTANCE / SPEED
    assert found.delays_samples / found.sample_rate_hz == pytest.approx(declared, abs=1e-9)
    assert np.all(
        np.sign(found.responses[np.arange(36), 0, np.abs(found.responses[:, 0]).argmax(axis=1)])
        == (-1 if turned == "inverted" else 1)
    )


def test_minimum_phase_is_rebuilt_as_it_was(tmp_path):
    # A filter whose zeros and poles lie within the unit circle: its magnitudes alone give back its phase.
    _, driver = freqz([1.0, 0.3], [1.0, -1.2, 0.6], GRID, fs=48000)
    values = np.tile(np.abs(driver), (36, 1))
    write_sofa(tmp_path / "x.sofa", "FreeFieldDirectivityTF", "TF", spectra(values[None], GRID, PLACES))
    found = read_driver(tmp_path / "x.sofa", SPEED)
    rebuilt = np.exp(-2j * np.pi * np.outer(GRID, np.arange(found.responses.shape[2])) / found.sample_rate_hz)
    rebuilt = rebuilt @ found.responses[0, 0]
    # Below the first line the level is taken as constant, which costs a hundredth of a radian.
    assert np.abs(np.angle(rebuilt / driver)).max() < 0.02


def test_the_model_gives_directions_without_phase_theirs_and_the_level_stays(tmp_path):
    def model(lines, directions):
        """A driver 8 cm in front of the centre, quieter than what was measured."""
        return 0.3 * np.exp(2j * np.pi * np.outer(lines, 0.08 / SPEED * directions[:, 0]))

    write_sofa(tmp_path / "x.sofa", "FreeFieldDirectivityTF", "TF", spectra(magnitude(GRID)[None], GRID, PLACES))
    found = read_driver(tmp_path / "x.sofa", SPEED)
    plain = DirectionalSet.from_responses(
        found.directions, found.responses, found.sample_rate_hz, np.zeros((len(PLACES), 1))
    )
    lines = np.geomspace(150.0, 10000.0, 60)
    own = with_model_phase(plain, model).at(lines, found.directions)[:, :, 0].T
    assert np.abs(20 * np.log10(np.abs(own) / magnitude(lines))).max() < 0.5
    # Beside the model's phase there is only the minimum phase of the low-pass, which is the same for all but its level.
    minimum = plain.at(lines, found.directions)[:, :, 0].T
    turned = own / minimum * model(lines, found.directions).T.conj()
    assert np.abs(np.angle(turned)).max() < 0.05


@given(delay=st.floats(0, 0.004), lead=st.floats(0, 0.0004))
def test_phase_is_kept_with_and_without_travel_time(tmp_path_factory, delay, lead):
    s = 1j * GRID / 4000
    driver = (s / 0.1 + 1) / (s * s + s / 0.7 + 1) / 10
    values = np.tile(driver * np.exp(-2j * np.pi * GRID * (delay - lead)), (36, 1))
    path = tmp_path_factory.mktemp("set") / "x.sofa"
    write_sofa(path, "FreeFieldDirectivityTF", "TF", spectra(values[None], GRID, PLACES))
    found = read_driver(path, SPEED)
    assert found.has_phase
    time = np.arange(found.responses.shape[2]) + found.delays_samples[0, 0]
    again = np.exp(-2j * np.pi * np.outer(GRID, time) / found.sample_rate_hz) @ found.responses[0, 0]
    assert np.abs(again[:-1] - values[0, :-1]).max() < 1e-9


def test_a_phase_that_cannot_be_followed_is_refused(tmp_path):
    values = magnitude(THIRDS) * np.exp(-2j * np.pi * THIRDS * 0.0047 + 1j * np.sin(THIRDS))
    write_sofa(tmp_path / "x.sofa", "FreeFieldDirectivityTF", "TF", spectra(values[None], THIRDS, PLACES))
    with pytest.raises(LayoutError, match=r"the phase turns by more than .* between neighbouring frequencies"):
        read_driver(tmp_path / "x.sofa", SPEED)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"N": ("N", GRID, {"Units": "radian"})}, "N:Units = 'radian'"),
        ({"N": ("N", GRID[::-1], {"Units": "hertz"})}, "allowed are 8 or more, from 0 Hz, rising"),
        (
            {"N": ("N", GRID / 1000, {"Units": "hertz"})},
            r"N ends at 24 Hz, allowed is 4000 to 192000 Hz: check its unit",
        ),
    ],
)
def test_frequencies_that_are_not_understood_are_refused(tmp_path, change, message):
    write_sofa(
        tmp_path / "x.sofa", "FreeFieldDirectivityTF", "TF", {**spectra(magnitude(GRID)[None], GRID, PLACES), **change}
    )
    with pytest.raises(LayoutError, match=message):
        read_driver(tmp_path / "x.sofa", SPEED)
