"""Error of quantised tables against the float design, in the band that each path serves and over all frequencies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.fixedpoint.quantise.error_weights import AUDIBLE_HZ, ErrorWeights


@dataclass(frozen=True, eq=False)
class TableError:
    """Error energy of each path over the energy of the path, in the same band.

    Attributes
    ----------
    in_band_db : (D, I) float64
        Within the band that the path serves.
    colour_db : (D, I) float64
        Over the rest of the audible band, up to 16 kHz.
    inaudible_db : (D, I) float64
        Above 16 kHz.
    flat_db : (D, I) float64
        Over all frequencies with equal weight.  All figures are NaN where a path has no energy or there is no such
        band, and −inf without an error.
    """

    in_band_db: NDArray[np.float64]
    colour_db: NDArray[np.float64]
    inaudible_db: NDArray[np.float64]
    flat_db: NDArray[np.float64]


def table_error(wanted: NDArray[np.float64], realised: NDArray[np.float64], weights: ErrorWeights) -> TableError:
    """Compare impulse responses.

    Parameters
    ----------
    wanted, realised : (D, I, N) float64
        Float design, and `dequantised_impulse_responses` of the tables.  N is at most the length of the weights' DFT.
    weights : ErrorWeights
        Gives the served bands.

    Returns
    -------
    TableError
    """
    size = 2 * (weights.frequencies_hz.size - 1)
    energy = np.abs(np.fft.rfft(wanted, size)) ** 2
    error = np.abs(np.fft.rfft(realised, size) - np.fft.rfft(wanted, size)) ** 2
    # 0 Hz and half the sample rate are once in the DFT, all other frequencies twice.
    shares = np.full(weights.frequencies_hz.size, 2.0)
    shares[[0, -1]] = 1.0

    def ratio_db(band: NDArray[np.bool_]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(10 * np.log10((error * shares * band).sum(axis=2) / (energy * shares * band).sum(axis=2)))

    served, heard = weights.served, np.broadcast_to(weights.frequencies_hz <= AUDIBLE_HZ, weights.served.shape)
    return TableError(ratio_db(served), ratio_db(heard & ~served), ratio_db(~heard), ratio_db(served | True))


def over_rounding_db(
    wanted: NDArray[np.float64], realised: NDArray[np.float64], weights: ErrorWeights
) -> NDArray[np.float64]:
    """Compare the error that tables add to a q15 output with the rounding of that output, in the band of each path.

    Parameters
    ----------
    wanted, realised : (D, I, N) float64
        As for `table_error`.
    weights : ErrorWeights

    Returns
    -------
    (D, I) float64
        Power of full-scale white noise through the error of each path, over that of rounding to 16 bits in the same
        band, dB.  A path far below 0 dB has nothing to gain.  NaN where there is no such band.
    """
    size = 2 * (weights.frequencies_hz.size - 1)
    error = np.abs(np.fft.rfft(realised, size) - np.fft.rfft(wanted, size)) ** 2
    # Uniform noise within ±1 has the variance 1/3, and a rounding error lsb²/12 over all frequencies.
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (error * weights.served).sum(axis=2) / weights.served.sum(axis=2)
        return np.asarray(10 * np.log10(mean / 3 / (2.0**-30 / 12)))
