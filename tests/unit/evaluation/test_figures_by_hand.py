"""Figures of the scorecard once more, as the words that define them say, line by line and head by head.

On filters that are no design: every figure has a value of its own, so that a wrong band, weight or reference shows.
"""

import numpy as np
import pytest

from designer.acoustics.model import ear_plant
from designer.acoustics.poses import HeadPoses
from designer.evaluation.beam import evaluate_beam
from designer.evaluation.cancellation import evaluate_cancellation
from designer.evaluation.directivity import evaluate_directivity
from designer.evaluation.plant import EvaluationPlant, distant_source
from designer.evaluation.room import RoomPlant
from designer.evaluation.time_response import evaluate_time_response
from designer.filters.fitting.design import design_filters
from designer.filters.fitting.time_response import audible
from designer.filters.reference import reference_pressure
from designer.filters.stereo.design import design_stereo
from designer.layout.load import load_layout
from designer.layout.shipped import SHIPPED_LAYOUTS

RATE_HZ = 48000


@pytest.fixture(scope="module")
def blurred():
    layout = load_layout(SHIPPED_LAYOUTS / "echo-studio.toml")
    h = design_filters(layout).impulse_responses
    noise = np.random.default_rng(31).standard_normal(h.shape)
    # Every path off by about −30 dB: nothing is symmetric, nothing meets its target.
    h = h + 0.03 * noise * np.sqrt(np.mean(h**2, axis=2, keepdims=True))
    plant = EvaluationPlant.for_layout(layout)
    return layout, h, plant, evaluate_cancellation(layout, h, plant)


def spectrum(taps, frequencies_hz):
    """(D, N) taps at (F,) frequencies: (F, D)."""
    return np.array([np.exp(-2j * np.pi * f * np.arange(taps.shape[1]) / RATE_HZ) @ taps.T for f in frequencies_hz])


def test_gain_and_effort(blurred):
    layout, h, plant, figures = blurred
    stereo = design_stereo(layout, plant.frequencies_hz, plant.ears.transfer, plant.heads)
    both = np.stack([spectrum(h[:, side], plant.frequencies_hz) for side in (0, 1)], axis=2)
    for band in (8, 12, 17):
        inverse_gains, efforts = [], []
        for line in range(12 * band, 12 * band + 12):
            null = (both[line] @ np.linalg.inv(stereo.composition.mixing[line]))[:, 0]
            own = other = 0.0
            for head, probability in enumerate(plant.heads.weight):
                own += probability * abs(plant.ears.transfer[line, 2 * head] @ null) ** 2
                other += probability * abs(plant.ears.transfer[line, 2 * head + 1] @ null) ** 2
            inverse_gains.append(other / own)
            # The driver that gives the pressure at the nominal head's left ear with the least drive, within its band.
            ear = plant.nominal_ears[line, 0]
            power_alone = min(
                (abs(ear @ null) / abs(ear[d])) ** 2
                for d, driver in enumerate(layout.drivers)
                if driver.band_hz[0] < plant.frequencies_hz[line] < driver.band_hz[1]
            )
            efforts.append(np.sum(np.abs(null) ** 2) / power_alone)
        assert figures.left.cancellation_gain_db[band] == pytest.approx(
            -10 * np.log10(np.mean(inverse_gains)), abs=1e-3
        )
        assert figures.left.effort_db[band] == pytest.approx(10 * np.log10(np.mean(efforts)), abs=1e-3)


def test_differences_between_the_ears(blurred):
    layout, h, plant, figures = blurred
    f = plant.frequencies_hz
    at_ears = np.einsum("fed,fd->fe", plant.nominal_ears, spectrum(h[:, 1], f))
    real = distant_source(layout, f, 30.0)
    right = (figures.right.itd_us, figures.right.mean_ild_db)
    pair = (figures.real_pair_itd_us, figures.real_pair_mean_ild_db)
    for (itd_us, ild_db), near, far in ((right, at_ears[:, 1], at_ears[:, 0]), (pair, real[:, 0], real[:, 1])):
        low = (f >= 0.99 * 500) & (f <= 1.01 * 1500)
        # The bands' ends have a tolerance of 1 %.  A straight line through the origin: least squares over phase.
        delay = np.linalg.lstsq(2 * np.pi * f[low, None], np.unwrap(np.angle(near[low] / far[low])), rcond=None)[0][0]
        assert itd_us == pytest.approx(1e6 * delay, abs=1e-3)
        high = (f >= 0.99 * 1500) & (f <= 1.01 * 6000)
        level = np.mean(20 * np.log10(np.abs(near[high] / far[high])))
        assert ild_db == pytest.approx(level, abs=1e-3)


def test_ratios_of_bands_are_ratios_of_energies(blurred):
    layout, h, plant, figures = blurred
    # A mean of ratios would be that of the few lines on which the lower power is nearly zero.
    beam, room = evaluate_beam(layout, h, plant), RoomPlant(layout)
    at_ears = np.einsum("fed,fd->fe", plant.nominal_ears, spectrum(h[:, 0], plant.frequencies_hz))
    drive = spectrum(h[:, 2], plant.frequencies_hz)
    reference = reference_pressure(layout, plant.frequencies_hz)
    on_axis = np.sum(plant.field.transfer[:, list(plant.azimuths_deg).index(0)] * drive, axis=1) / reference
    for band in (8, 12, 17, 20):
        lines = slice(12 * band, 12 * band + 12)
        own, other = (np.sum(np.abs(at_ears[lines, ear]) ** 2) for ear in (0, 1))
        assert figures.left.ild_db[band] == pytest.approx(10 * np.log10(own / other), abs=1e-3)
        gain = np.sum(np.abs(on_axis[lines]) ** 2) / np.sum(np.abs(drive[lines]) ** 2)
        assert beam.white_noise_gain_db[band] == pytest.approx(10 * np.log10(gain), abs=1e-3)
    index = evaluate_directivity(layout, h, plant, room).directivity_index_db
    _, weights, far_field = room.far_field
    drive = spectrum(h[:, 2], room.frequencies_hz)
    everywhere = np.abs(np.einsum("fqd,fd->fq", far_field, drive)) ** 2 @ weights / weights.sum()
    ahead = np.abs(np.sum(room.axis * drive, axis=1)) ** 2
    for octave in range(5):
        lines = slice(6 * octave, 6 * octave + 6)
        expected = 10 * np.log10(ahead[lines].sum() / everywhere[lines].sum())
        assert index[octave] == pytest.approx(expected, abs=0.01)


def test_timbre(blurred):
    layout, h, plant, figures = blurred
    pressure = np.einsum("fd,fd->f", plant.nominal_ears[:, 0], spectrum(h[:, 0], plant.frequencies_hz))
    power = np.abs(pressure / reference_pressure(layout, plant.frequencies_hz)) ** 2
    bands = range(3, 21)  # 200 Hz to 10 kHz
    level = np.array([10 * np.log10(np.mean(power[12 * band : 12 * band + 12])) for band in bands])
    assert figures.left.worst_timbre_db == pytest.approx(np.abs(level - level.mean()).max(), abs=1e-3)


def test_pre_ringing_and_crossovers(blurred):
    layout, h, _, _ = blurred
    figures = evaluate_time_response(layout, h)
    f = np.fft.rfftfreq(2048, 1 / RATE_HZ)[1:]
    ear = ear_plant(layout, f, HeadPoses.nominal()).transfer[:, 0] / reference_pressure(layout, f)[:, None]
    pressure = np.sum(ear * spectrum(h[:, 0], f), axis=1)
    impulse = np.fft.irfft(np.concatenate([[pressure[0].real], pressure * audible(f)]))
    peak = int(np.abs(impulse[:1024]).argmax())
    # Ahead of the peak by more than 0.1 ms, which is 5 samples: what a band of 10 to 20 kHz cannot tell from the peak.
    ahead = sum(impulse[(peak - before) % 2048] ** 2 for before in range(6, 1025))
    assert figures.left.pre_ringing_db == pytest.approx(10 * np.log10(ahead / np.sum(impulse**2)), abs=0.01)
    # The sum about a crossover: third octaves, a twelfth apart, half an octave to each side; the worst channel counts.
    ears = ear_plant(layout, f, HeadPoses.nominal()).transfer / reference_pressure(layout, f)[:, None, None]
    for crossover, flatness in zip(figures.crossovers_hz, figures.crossover_flatness_db, strict=True):
        for side in (0, 1):
            power = np.abs(np.sum(ears[:, side] * spectrum(h[:, side], f), axis=1)) ** 2
            level = [
                10 * np.log10(np.mean(power[np.abs(np.log2(f / (crossover * 2 ** (step / 12)))) <= 1 / 6]))
                for step in range(-6, 7)
            ]
            assert flatness >= np.abs(np.array(level) - np.mean(level)).max() - 1e-3
