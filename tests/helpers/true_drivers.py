"""Five drivers on a sphere whose truth is known: what a design from their measurement really cancels."""

from functools import cache

import numpy as np
from measurements import LATENCY_S, RATE, TAPS, grid, places_m, write_general

from designer.acoustics.model import cabinet_centre_m, ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.filters.stereo.design import design_stereo
from designer.layout.load import parse_layout
from designer.layout.sections import Measured

AZIMUTHS = {"front": 0.0, "left": 60.0, "right": -60.0, "backleft": 120.0, "backright": -120.0}
LAYOUT = parse_layout(
    'name = "five"\n[cabinet]\nshape = "sphere"\nradius_m = 0.0875\n'
    + "".join(
        f'[[driver]]\nname = "{name}"\nchannel = {channel}\nazimuth_deg = {azimuth}\nradius_m = 0.025\n'
        for channel, (name, azimuth) in enumerate(AZIMUTHS.items())
    )
)
BANDS_HZ = ((300.0, 800.0), (800.0, 2000.0), (2000.0, 8000.0))
LINES_HZ = np.geomspace(300, 8000, 60)
DELAYS_S = (0.0, 60e-6, -45e-6, -60e-6, 30e-6)
GAINS_DB = (0.0, 3.0, -3.0, -2.0, 2.5)
# Frequency, quality and level of one resonance each.
RESONANCES = ((800.0, 3.0, 6.0), (500.0, 4.0, 8.0), (1200.0, 3.0, -6.0), (1000.0, 5.0, 8.0), (650.0, 3.0, 6.0))
POLARITY = (1, 1, -1, 1, 1)


def response(lines_hz, driver, delays=False, gains=False, resonances=False, polarity=False):
    """What a driver is besides its model: (F,) complex."""
    found = np.ones(lines_hz.size, dtype=complex)
    if delays:
        found *= np.exp(-2j * np.pi * lines_hz * DELAYS_S[driver])
    if gains:
        found *= 10 ** (GAINS_DB[driver] / 20)
    if resonances:
        frequency, quality, level_db = RESONANCES[driver]
        s = 1j * lines_hz / frequency
        found *= (s * s + s * 10 ** (level_db / 20) / quality + 1) / (s * s + s / quality + 1)
    if polarity:
        found *= POLARITY[driver]
    return found


@cache
def _field(driver, angles):
    """Modelled field of a driver 2 m away in directions, given as bytes: (F, M)."""
    angles_deg = np.frombuffer(angles).reshape(-1, 2)
    seen = places_m(angles_deg, np.full(len(angles_deg), 2.0))
    lines = np.fft.rfftfreq(TAPS, 1 / RATE)
    field = field_plant(LAYOUT, np.maximum(lines, 1.0), cabinet_centre_m(LAYOUT) + seen * [-1.0, -1.0, 1.0])
    return field.transfer[:, :, driver]


def impulses(driver, angles_deg, taps=TAPS, **what):
    """Impulse responses of one driver 2 m away, as one clock records them: (M, taps)."""
    lines = np.fft.rfftfreq(TAPS, 1 / RATE)
    late = 0.37 * np.exp(-2j * np.pi * lines * LATENCY_S) * response(lines, driver, **what)
    spectra = _field(driver, np.ascontiguousarray(angles_deg, dtype=float).tobytes()) * late[:, None]
    spectra = spectra * np.cos(np.pi / 2 * np.clip((lines - 20000) / 3000, 0, 1))[:, None] ** 2
    return np.pad(np.fft.irfft(spectra, TAPS, axis=0).T, ((0, 0), (0, taps - TAPS)))


def measured_layout(folder, disturb=lambda driver, data: data, angles_deg=None, keys=None, taps=TAPS, **what):
    """Measure all five drivers, and return the layout that names the files."""
    angles = grid(10.0) if angles_deg is None else angles_deg
    drivers = []
    for index, driver in enumerate(LAYOUT.drivers):
        path = folder / f"{driver.name}.sofa"
        write_general(path, angles, 2.0, disturb(index, impulses(index, angles, taps=taps, **what)))
        drivers.append(driver.model_copy(update={"measured": Measured(file=str(path), **(keys or {}))}))
    return LAYOUT.model_copy(update={"drivers": tuple(drivers)})


def null_gains_db(layout, **what):
    """Null gain in three bands, the worse of both channels.

    Returns
    -------
    claimed, true, bare : (3,) float64
        What the design says of itself, what it does with the true drivers, and what the design of the bare model does.
    """
    heads, model, plain = bare()
    truth = model * np.stack([response(LINES_HZ, driver, **what) for driver in range(5)], axis=1)[:, None]
    measured = ear_plant(layout, LINES_HZ, heads).transfer
    design = design_stereo(layout, LINES_HZ, measured, heads)
    return _gains_db(measured, design, heads), _gains_db(truth, design, heads), _gains_db(truth, plain, heads)


@cache
def bare():
    """Return the poses, the transfer of the bare model, and its design."""
    heads = HeadPoses.from_layout(LAYOUT)
    model = ear_plant(LAYOUT, LINES_HZ, heads).transfer
    return heads, model, design_stereo(LAYOUT, LINES_HZ, model, heads)


def _gains_db(ears, design, heads):
    found = []
    for side, null in enumerate((design.left, design.right)):
        power = np.abs((ears @ null.weights[..., None])[..., 0]) ** 2
        ratio = (power[:, 1 - side :: 2] @ heads.weight) / (power[:, side::2] @ heads.weight)
        found.append([-10 * np.log10(ratio[(low <= LINES_HZ) & (high >= LINES_HZ)].mean()) for low, high in BANDS_HZ])
    return np.min(found, axis=0)
