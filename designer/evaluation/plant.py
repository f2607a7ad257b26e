"""Transfer functions from which all figures of a layout are computed; built once and passed to the evaluations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.head import ear_pressure
from designer.acoustics.hrtf import load_head
from designer.acoustics.model import AcousticModel, circle_points_m, ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.filters.stereo.design import StereoDesign, design_stereo
from designer.layout.model import Layout
from designer.layout.sections import INPUT_NAMES

# Base-10 third octaves (IEC 61260-1), with twelve lines in each.
_THIRDS = np.arange(20, 43)
_LINES_PER_BAND = 12
_AZIMUTH_STEP_DEG = 15.0
# With steps of 7.5°, the lobe of a wide array seems up to 4 dB more even than it is.
_LOBE_STEP_DEG = 1.0


@dataclass(frozen=True, eq=False)
class EvaluationPlant:
    """Transfer functions on a grid of frequencies that the design did not use.

    Attributes
    ----------
    layout : Layout
        The layout of these transfer functions.
    heads : HeadPoses
        H poses.
    ears : AcousticModel
        Pressure at both ears of all poses per unit drive, (F, 2 * H, D), Pa.
    azimuths_deg : (A,) float64
        Directions around the cabinet, positive to the listener's left.  They are every 15°, every 1° or less within
        the lobe, and at each null that the layout asks for.  A baffle has only the half circle in front of it.
    field : AcousticModel
        Pressure at the azimuths without a head, (F, A, D), Pa per unit drive.
    band_centres_hz : (B,) float64
        Exact centres of the third octaves 100 Hz … 16 kHz.
    designed : StereoDesign, optional
        Frequency design of L and R on these lines.  Computed from ``ears`` if not given.
    """

    layout: Layout
    heads: HeadPoses
    ears: AcousticModel
    azimuths_deg: NDArray[np.float64]
    field: AcousticModel
    band_centres_hz: NDArray[np.float64]
    designed: StereoDesign | None = None

    @cached_property
    def intended(self) -> StereoDesign:
        """Frequency design of L and R on these lines.  It does not change if the head is replaced."""
        return self.designed or design_stereo(self.layout, self.frequencies_hz, self.ears.transfer, self.heads)

    def with_head(self, hrtf: Path) -> EvaluationPlant:
        """Replace the layout's head by a measured one, and keep the design.

        The two heads colour sound from the front differently, which is not a property of the loudspeaker.  So the
        difference of their levels from the front is removed from both ears alike.

        Parameters
        ----------
        hrtf : Path
            SOFA file (SimpleFreeFieldHRIR).

        Returns
        -------
        EvaluationPlant

        Raises
        ------
        LayoutError
            If the file cannot be read, or is not such a set.
        """
        listener = self.layout.listener.model_copy(update={"hrtf": str(hrtf)})
        layout = self.layout.model_copy(update={"listener": listener})
        measured = ear_plant(layout, self.frequencies_hz, self.heads).transfer
        own, other = (
            np.sqrt(np.mean(np.abs(distant_source(which, self.frequencies_hz, 0.0)) ** 2, axis=1))
            for which in (layout, self.layout)
        )
        ears = AcousticModel(self.frequencies_hz, measured * (other / own)[:, None, None])
        return replace(self, layout=layout, ears=ears, designed=self.intended)

    @classmethod
    def for_layout(cls, layout: Layout, heads: HeadPoses | None = None) -> EvaluationPlant:
        """Compute the transfer functions of a layout.

        Parameters
        ----------
        layout : Layout
            Validated layout.
        heads : HeadPoses, optional
            Poses to average over; by default those that the layout's listener spans.
        """
        heads = heads or HeadPoses.from_layout(layout)
        centres = 10 ** (_THIRDS / 10)
        lines = np.arange(_THIRDS.size * _LINES_PER_BAND)
        frequencies = centres[0] * 10 ** ((lines + 0.5) / (10 * _LINES_PER_BAND) - 0.05)
        extent = 90.0 if layout.cabinet.shape == "baffle" else 165.0
        azimuths = np.arange(-extent, extent + 1, _AZIMUTH_STEP_DEG)
        if extent > 90:
            azimuths = np.append(azimuths, 180.0)
        edge = layout.beamformer.lobe_half_width_deg
        lobe = np.linspace(-edge, edge, 2 * int(np.ceil(edge / _LOBE_STEP_DEG)) + 1)
        azimuths = np.union1d(azimuths, [*lobe, *layout.beamformer.null_azimuths_deg])
        return cls(
            layout,
            heads,
            ear_plant(layout, frequencies, heads),
            azimuths,
            field_plant(layout, frequencies, circle_points_m(layout, azimuths)),
            centres,
        )

    @property
    def frequencies_hz(self) -> NDArray[np.float64]:
        """Lines of the grid, twelve in each third octave: (F,) float64."""
        return self.ears.frequencies_hz

    @property
    def nominal_ears(self) -> NDArray[np.complex128]:
        """Transfer to the ears of the nominal head: (F, 2, D) complex128."""
        nominal = self.heads.nominal_index
        return self.ears.transfer[:, 2 * nominal : 2 * nominal + 2]

    @property
    def is_even(self) -> NDArray[np.bool_]:
        """Which of the azimuths are on the grid of 15°, whose mean is the mean over angle: (A,) bool."""
        return np.asarray(np.abs(np.remainder(self.azimuths_deg, _AZIMUTH_STEP_DEG)) < 1e-9)

    @property
    def is_in_lobe(self) -> NDArray[np.bool_]:
        """Which of the azimuths lie within the lobe of the centre channel: (A,) bool."""
        return np.asarray(np.abs(self.azimuths_deg) <= self.layout.beamformer.lobe_half_width_deg + 1e-9)

    def places_of(self, azimuths_deg: tuple[float, ...]) -> list[int]:
        """Find the indices of the nearest of ``azimuths_deg``."""
        return [int(np.argmin(np.abs(self.azimuths_deg - azimuth))) for azimuth in azimuths_deg]

    def band_mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over each third octave.

        Parameters
        ----------
        values : (F, ...) float64
            One value per line.

        Returns
        -------
        (B, ...) float64
        """
        return np.asarray(self.band_lines(values).mean(axis=1))

    def band_lines(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Group the lines (F, ...) by third octave: (B, 12, ...) float64."""
        return values.reshape(self.band_centres_hz.size, _LINES_PER_BAND, *values.shape[1:])

    def drive_spectra(self, impulse_responses: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Spectra of filters on the grid.

        Parameters
        ----------
        impulse_responses : (D, I, N) float64
            Drivers and inputs of the layout; any length.

        Returns
        -------
        (F, D, I) complex128

        Raises
        ------
        ValueError
            If the shape does not fit the layout.
        """
        wanted = (len(self.layout.drivers), len(INPUT_NAMES))
        if impulse_responses.ndim != 3 or impulse_responses.shape[:2] != wanted:
            raise ValueError(
                f"impulse_responses has shape {impulse_responses.shape}, allowed is (D, I, N) with D, I = {wanted}"
            )
        drivers, inputs, taps = impulse_responses.shape
        omega = 2 * np.pi * self.frequencies_hz / self.layout.sample_rate_hz
        kernel = np.exp(-1j * omega[:, None] * np.arange(taps))
        return np.asarray((kernel @ impulse_responses.reshape(-1, taps).T).reshape(-1, drivers, inputs))


def distant_source(layout: Layout, frequencies_hz: NDArray[np.float64], azimuth_deg: float) -> NDArray[np.complex128]:
    """Pressure at the nominal head's ears due to a real loudspeaker at the listener's distance.

    Parameters
    ----------
    layout : Layout
        Gives the head and the distance.
    frequencies_hz : (F,) float64
        Positive and rising.
    azimuth_deg : float
        Positive on the listener's left.

    Returns
    -------
    (F, 2) complex128
        Left and right ear; Pa for a source of 1 Pa at 1 m.
    """
    listener, azimuth = layout.listener, np.deg2rad(azimuth_deg)
    distance = np.array([listener.distance_m])
    if listener.hrtf:
        direction = np.array([[np.cos(azimuth), np.sin(azimuth), 0.0]])
        heard = load_head(Path(listener.hrtf)).pressure(frequencies_hz, direction)[:, 0]
        wavenumbers = 2 * np.pi * frequencies_hz / layout.speed_of_sound_m_per_s
        return np.asarray(heard * (np.exp(-1j * wavenumbers * distance) / distance)[:, None])
    cosines = np.array([[np.sin(azimuth), -np.sin(azimuth)]])
    return ear_pressure(frequencies_hz, distance, cosines, listener.head_radius_m, layout.speed_of_sound_m_per_s)[:, 0]


def decibels(power_ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ten times the decimal logarithm, at least −200 dB so that silence stays finite."""
    return np.asarray(10 * np.log10(np.maximum(power_ratio, 1e-20)))


def rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Round to Python floats with three decimals, for reports."""
    return tuple(round(float(value), 3) for value in values)
