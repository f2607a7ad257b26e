"""The figures of merit against signals whose figures are known in closed form."""

import numpy as np
import pytest
from scipy.signal import firwin

from designer.regression.tone_analysis import (
    TONE_HZ,
    a_weighting,
    band_rms,
    delay_samples,
    dynamic_range_db,
    fit_tone,
    spectrum_dbfs,
    thd_n_db,
    tone,
)

RATE = 48000
N = 12000


def test_a_fitted_tone_has_the_amplitude_and_phase_that_were_put_in():
    t = np.arange(N) / RATE
    found = fit_tone(0.3 * np.cos(2 * np.pi * TONE_HZ * t + 0.7) + 0.01, TONE_HZ, RATE)
    assert found.amplitude == pytest.approx(0.3, rel=1e-12)
    assert found.phase_rad == pytest.approx(0.7, abs=1e-12)
    assert np.abs(found.residual).max() < 1e-13


@pytest.mark.parametrize("harmonic_db", [-40.0, -80.0, -120.0])
def test_thd_n_of_one_harmonic_is_its_level(harmonic_db):
    signal = tone(TONE_HZ, -1.0, N, RATE) + tone(3 * TONE_HZ, -1.0 + harmonic_db, N, RATE)
    # The ratio is to the whole, harmonic included; the window's side lobes lie 92 dB below the harmonic.
    assert thd_n_db(signal, RATE) == pytest.approx(harmonic_db - 10 * np.log10(1 + 10 ** (harmonic_db / 10)), abs=0.01)


def test_thd_n_leaves_out_what_lies_above_20_khz():
    signal = tone(TONE_HZ, -1.0, N, RATE) + tone(22000.0, -40.0, N, RATE)
    assert thd_n_db(signal, RATE) < -120


def test_white_noise_reads_its_rms_in_band():
    noise = np.random.default_rng(1).standard_normal(10 * N)
    share = (20000 - 20) / (RATE / 2)
    # Standard deviation of a power estimate from M independent bins, M = bins in band over the window's spread of 2.
    assert band_rms(noise, RATE) ** 2 == pytest.approx(share, rel=5 / np.sqrt(10 * N * share / 4))


def test_dynamic_range_of_dithered_16_bits_is_what_theory_says():
    rng = np.random.default_rng(3)
    lsb = 2.0**-15
    signal = tone(TONE_HZ, -60.0, 20 * N, RATE) + (rng.random(20 * N) - rng.random(20 * N)) * lsb
    rounded = np.round(signal / lsb) * lsb
    # Quantising and triangular dither: three times LSB²/12 (Lipshitz et al., JAES 40, 1992); A-weighting of white
    # noise takes the mean of its squared gain over the band.
    f = np.linspace(20, 20000, 100000)
    power = lsb**2 / 4 * (20000 - 20) / (RATE / 2) * np.mean(a_weighting(f) ** 2)
    assert dynamic_range_db(rounded, RATE, 1.0) == pytest.approx(10 * np.log10(0.5 / power), abs=0.3)


@pytest.mark.parametrize(
    ("frequency", "level_db"), [(31.623, -39.4), (100.0, -19.1), (1000.0, 0.0), (2511.886, 1.3), (10000.0, -2.5)]
)
def test_a_weighting_is_the_standards_table(frequency, level_db):
    # IEC 61672-1:2013, table 3: stated to 0.1 dB; a band called 31.5 Hz is at 10^1.5.
    assert 20 * np.log10(a_weighting(np.array([frequency])))[0] == pytest.approx(level_db, abs=0.1)


@pytest.mark.parametrize("delay", [0.0, 0.01, 3.5, -12.25, 40.003])
def test_delays_are_found_to_a_thousandth_of_a_sample(delay):
    size = 1024
    pulse = np.zeros(size)
    pulse[300:428] = firwin(128, 0.5)
    f = np.fft.rfftfreq(size)
    late = np.fft.irfft(np.fft.rfft(pulse) * np.exp(-2j * np.pi * f * delay), size)
    assert delay_samples(-0.2 * late, pulse, (300.0, 4000.0), RATE) == pytest.approx(delay, abs=1e-3)


def test_a_full_scale_sine_reads_0_db():
    frequency, level = spectrum_dbfs(tone(1000.0, 0.0, 48000, RATE), RATE)
    assert level.max() == pytest.approx(0.0, abs=0.01)
    assert frequency[np.argmax(level)] == 1000.0
