"""What every figure of one layout is computed from; built once per layout and passed to the evaluations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.model import AcousticModel, circle_points_m, ear_plant, field_plant
from designer.acoustics.poses import HeadPoses
from designer.layout import INPUT_NAMES, Layout

# IEC 61260-1: base-10 third octaves.  Twelve lines in each.
_THIRDS = np.arange(20, 43)
_LINES_PER_BAND = 12
_AZIMUTH_STEP_DEG = 15.0


@dataclass(frozen=True, eq=False)
class EvaluationPlant:
    """Transfer functions on a grid of frequencies that the design did not use.

    Attributes
    ----------
    layout : Layout
        Whose they are.
    heads : HeadPoses
        H poses.
    ears : AcousticModel
        (F, 2 * H, D).
    azimuths_deg : (A,) float64
        Around the cabinet: every 15°, on the half circle in front of a baffle.
    field : AcousticModel
        (F, A, D), without head.
    band_centres_hz : (B,) float64
        Exact centres of the third octaves 100 Hz … 16 kHz.
    """

    layout: Layout
    heads: HeadPoses
    ears: AcousticModel
    azimuths_deg: NDArray[np.float64]
    field: AcousticModel
    band_centres_hz: NDArray[np.float64]

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


def decibels(power_ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ten times the decimal logarithm, held above −200 dB so that silence stays a number."""
    return np.asarray(10 * np.log10(np.maximum(power_ratio, 1e-20)))


def rounded(values: NDArray[np.float64]) -> list[float]:
    """Plain floats with three decimals, for reports."""
    return [round(float(value), 3) for value in values]
