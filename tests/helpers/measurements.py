"""Measurements made up from the model: what a laboratory would hand over for a cabinet that it describes exactly."""

import csv

import numpy as np
import sofar
import soundfile

from designer.acoustics.head import ear_pressure

RATE = 48000
TAPS = 1024
SPEED = 343.0
LATENCY_S = 0.003
HEAD_RADIUS_M = 0.0875


def grid(step_deg=10.0, azimuths=None):
    """Directions seen from the source, (M, 2): azimuth and elevation in degrees."""
    points = [(0.0, 90.0), (0.0, -90.0)]
    for elevation in np.arange(-80, 81, step_deg):
        count = max(6, round(360 / step_deg * np.cos(np.deg2rad(elevation))))
        points += [(360.0 * k / count, elevation) for k in range(count)]
    return np.array([p for p in points if azimuths is None or azimuths(p)])


def places_m(angles_deg, distance_m):
    """Cartesian in the source's own view: x forward, y to its own left."""
    azimuth, elevation = np.deg2rad(angles_deg).T
    unit = [np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)]
    return np.asarray(distance_m)[..., None] * np.stack(unit, axis=1)


def responses(field, angles_deg, distance_m, gain=0.37):
    """Impulse responses of a field that is given in the listener's coordinates: (M, TAPS)."""
    seen = places_m(angles_deg, np.broadcast_to(distance_m, len(angles_deg)))
    listener = seen * np.array([-1.0, -1.0, 1.0])
    frequencies = np.fft.rfftfreq(TAPS, 1 / RATE)
    spectra = field(np.maximum(frequencies, 1.0), listener) * gain
    spectra = spectra * np.exp(-2j * np.pi * frequencies * LATENCY_S)[:, None]
    spectra *= np.cos(np.pi / 2 * np.clip((frequencies - 20000) / 3000, 0, 1))[:, None] ** 2
    return np.fft.irfft(spectra, TAPS, axis=0).T


def write_directivity(path, angles_deg, distance_m, impulse_responses):
    sofa = sofar.Sofa("FreeFieldDirectivityTF")
    spectra = np.fft.rfft(impulse_responses, axis=1)[None]
    sofa.Data_Real, sofa.Data_Imag = spectra.real, spectra.imag
    sofa.N = np.fft.rfftfreq(impulse_responses.shape[1], 1 / RATE)
    distances = np.broadcast_to(distance_m, len(angles_deg))
    sofa.ReceiverPosition = np.column_stack([angles_deg, distances])
    sofa.ReceiverPosition_Type, sofa.ReceiverPosition_Units = "spherical", "degree, degree, metre"
    for text in ("EmitterDescriptions", "Description"):
        sofa.delete(text)
    sofar.write_sofa(str(path), sofa)


def write_general(path, angles_deg, distance_m, impulse_responses):
    sofa = sofar.Sofa("GeneralFIR")
    sofa.Data_IR, sofa.Data_SamplingRate = impulse_responses[:, None, :], RATE
    sofa.ListenerPosition = places_m(angles_deg, np.broadcast_to(distance_m, len(angles_deg)))
    sofa.SourcePosition = np.zeros((1, 3))
    sofa.SourcePosition_Type, sofa.SourcePosition_Units = "cartesian", "metre"
    sofar.write_sofa(str(path), sofa)


def write_folder(path, angles_deg, distance_m, impulse_responses):
    path.mkdir()
    with (path / "angles.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "azimuth_deg", "elevation_deg", "distance_m"])
        for index, ((azimuth, elevation), distance) in enumerate(
            zip(angles_deg, np.broadcast_to(distance_m, len(angles_deg)), strict=True)
        ):
            soundfile.write(path / f"{index:04d}.wav", impulse_responses[index], RATE, "DOUBLE")
            table.writerow([f"{index:04d}.wav", azimuth, elevation, distance])


def write_sphere_head(path, step_deg, distance=1.5):
    """The rigid sphere, measured every few degrees: an HRTF whose truth is known at every angle."""
    rate, taps = RATE, TAPS
    azimuths = np.arange(0, 360, step_deg)
    frequencies = np.fft.rfftfreq(taps, 1 / rate)
    lateral = np.sin(np.deg2rad(azimuths))
    cosines = np.stack([lateral, -lateral], axis=1)
    pressure = ear_pressure(np.maximum(frequencies, 1), np.full(len(azimuths), distance), cosines, HEAD_RADIUS_M, SPEED)
    # Two metres of travel and electronics, as a recording would have them; the sphere's own 1.5 m are in it.
    spectra = pressure * np.exp(-2j * np.pi * frequencies * 0.002)[:, None, None]
    spectra *= np.cos(np.pi / 2 * np.clip((frequencies - 20000) / 3000, 0, 1))[:, None, None] ** 2
    sofa = sofar.Sofa("SimpleFreeFieldHRIR")
    sofa.Data_IR = np.fft.irfft(spectra, taps, axis=0).transpose(1, 2, 0)
    sofa.Data_SamplingRate = rate
    sofa.SourcePosition = np.column_stack([azimuths, np.zeros(len(azimuths)), np.full(len(azimuths), distance)])
    sofar.write_sofa(str(path), sofa)
