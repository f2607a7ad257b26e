"""Price of a drive in a room: the power that it radiates, and a little of its effort.

Drives of least radiated power send the most of their sound straight to the listener.  The effort |w|² has a price as
well, because it takes level from music and grows with differences between drivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.diffuse import radiation_covariance
from designer.layout.model import Layout


@dataclass(frozen=True)
class EffortPrice:
    """Price of the effort of in-phase mixing, as a part of its radiated power.

    Attributes
    ----------
    share : float
        At high frequency.
    bass_hz : float
        The price rises below this frequency, where directivity brings little, and where bass takes most of the
        drivers' level.
    """

    share: float
    bass_hz: float


STEREO_PRICE = EffortPrice(0.07, 800.0)
CENTRE_PRICE = EffortPrice(0.03, 600.0)


@dataclass(frozen=True, eq=False)
class Radiation:
    """Radiated power of drives per band weight, for a response that is relative to a point source.

    Attributes
    ----------
    band : (F, D) float64
        Weight of each driver, above 0.  A driver's drive is ``band`` times the drive per weight.
    covariance : (F, D, D) complex128
        Radiation covariance of drives per weight.
    price : (F,) float64
        Price of |w|² in radiated power.
    """

    band: NDArray[np.float64]
    covariance: NDArray[np.complex128]
    price: NDArray[np.float64]

    @classmethod
    def of(
        cls, layout: Layout, frequencies_hz: NDArray[np.float64], band: NDArray[np.float64], price: EffortPrice
    ) -> Radiation:
        """Compute the radiation of a layout's drivers.

        Parameters
        ----------
        layout : Layout
        frequencies_hz : (F,) float64
            Positive and rising.
        band : (F, D) float64
            Weight of each driver, above 0.
        price : EffortPrice
        """
        covariance = radiation_covariance(layout, frequencies_hz) * (band[:, :, None] * band[:, None, :])
        in_phase = price.share * np.sum(band**2, axis=1)
        return cls(band, covariance, in_phase * (1 + (price.bass_hz / frequencies_hz) ** 2))

    @property
    def metric(self) -> NDArray[np.complex128]:
        """Price of drives per weight: (F, D, D), Hermitian and positive definite."""
        return np.asarray(self.covariance + self.price[:, None, None] * np.eye(self.band.shape[1]))

    def power(self, drive: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Radiated power (F,) of a drive per weight (F, D)."""
        return np.asarray(np.einsum("fd,fde,fe->f", drive.conj(), self.covariance, drive).real)

    def error_cost(self, weights: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Metric of errors of the drivers' own drive: their radiated power over that of ``weights`` (F, D).

        Returns
        -------
        (F, D, D) complex128
        """
        own = self.covariance / (self.band[:, :, None] * self.band[:, None, :])
        radiated = np.einsum("fd,fde,fe->f", weights.conj(), own, weights).real
        return np.asarray(own / np.maximum(radiated, 1e-30)[:, None, None])


def inverse_root(metric: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Hermitian root of the inverse of a metric (F, D, D).

    A layout's mirror image is kept: the root commutes with every permutation that the metric commutes with.
    """
    level, basis = np.linalg.eigh(metric)
    return np.asarray((basis / np.sqrt(level)[:, None]) @ basis.conj().transpose(0, 2, 1))
