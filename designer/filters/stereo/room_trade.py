"""L and R in a room: as wide as the room makes worth its price in direct sound.

Width costs radiated power.  A drive that gives the two ears different pressures sends more power into the room than one
that gives them the same.  The room returns that power as diffuse sound, which carries no direction.

At each frequency the drive has unit pressure at the own ear of the nominal head.  A loading β weighs the radiated power
against the error of the virtual source, a mean over an ensemble of heads:

    minimise  wᴴ·A·w + β·wᴴ·M·w,     A = Σ p·conj(y)·y,  y = other ear − goal · own ear,  M = G + μ·I

G is the radiation covariance.  The small term μ bounds the effort.  The least error for each radiated power is a drive
of this form, because both are convex: no other drive has less of one and no more of the other.  It is the beamformer
of Capon (Proc. IEEE 57 (1969), 1408) with the loading of a diffuse field.

The room chooses β.  Let t be the part of the way to the virtual source, 0 at the least radiated power, and E the
radiated power.  Direct sound and diffuse sound reach the ear as 1 to κ·E.  The cue that is left is t/(1 + κ·E): the
interaural difference times the part of the energy that carries it, which is the interaural coherence where the diffuse
field has none.  A listener takes cues when this coherence is high (Faller & Merimaa, J. Acoust. Soc. Am. 116 (2004),
3075).  The design takes the largest value.  For one head the error falls as (1 − t)² while E = E₀ + s·t².  The best
drive then radiates E = 2·E₀ + 1/κ: at most 3 dB more than the least in a room of much reverberation, and the whole
virtual source in a dry one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.filters.radiation import inverse_root
from designer.filters.stereo.crosstalk import bisect

# Range of the loading, relative to the mean error power per radiated power, and the values tried before the search.
_LEAST_LOADING, _MOST_LOADING = 1e-7, 1e4
# Prices of radiated power between the whole virtual source and the least power.
_LEAST_PRICE, _MOST_PRICE = 1e-14, 1e4
_TRIED = 45
_GOLDEN_ROUNDS = 16
_GOLDEN = (np.sqrt(5.0) - 1) / 2


@dataclass(frozen=True, eq=False)
class RoomTrade:
    """Error of a virtual source against radiated power: one curve for each of F lines.

    Attributes
    ----------
    power : (F, D) float64
        Eigenvalues of the error covariance, in coordinates in which the radiated power is the identity.
    own : (F, D) complex128
        Conjugate response of the own ear in these coordinates.
    to_drive : (F, D, D) complex128
        From these coordinates to drives.
    """

    power: NDArray[np.float64]
    own: NDArray[np.complex128]
    to_drive: NDArray[np.complex128]

    @classmethod
    def of(
        cls, own: NDArray[np.complex128], error: NDArray[np.complex128], radiation: NDArray[np.complex128]
    ) -> RoomTrade:
        """Set up the curve.

        Parameters
        ----------
        own : (F, D) complex128
            Pressure at the own ear of the nominal head per unit drive.
        error : (F, D, D) complex128
            Covariance A of the error.
        radiation : (F, D, D) complex128
            Metric M of radiated power and effort, positive definite.
        """
        root = inverse_root(radiation)
        power, vectors = np.linalg.eigh(root @ error @ root)
        adjoint = vectors.conj().transpose(0, 2, 1)
        seen = (adjoint @ root @ own.conj()[..., None])[..., 0]
        return cls(np.maximum(power, 0.0), seen, root @ vectors)

    @property
    def least_radiated(self) -> NDArray[np.float64]:
        """Least radiated power for unit pressure at the own ear: (F,)."""
        return np.asarray(1 / np.sum(np.abs(self.own) ** 2, axis=1))

    def drive(self, loading: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Drive (F, D) of a loading (F,), for unit pressure at the own ear."""
        return np.asarray((self.to_drive @ self._seen(loading)[..., None])[..., 0])

    def figures(self, loading: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Error and radiated power, (F,) each, of a loading (F,)."""
        seen = np.abs(self._seen(loading)) ** 2
        return np.sum(self.power * seen, axis=1), np.sum(seen, axis=1)

    def scale(self, loading: float) -> NDArray[np.float64]:
        """Turn a loading relative to the mean error power into an absolute one: (F,)."""
        return np.asarray(loading * np.maximum(self.power.mean(axis=1), 1e-30))

    def loading_within(self, too_much: Callable[[NDArray[np.float64]], NDArray[np.bool_]]) -> NDArray[np.float64]:
        """Find the least loading (F,) for which ``too_much``, from loadings to (F,) bool, is false."""
        ends = np.log(self.scale(_LEAST_LOADING)), np.log(self.scale(_MOST_LOADING))
        return np.asarray(np.exp(bisect(lambda logarithm: too_much(np.exp(logarithm)), *ends)))

    def best_loading(self, diffuse: NDArray[np.float64]) -> NDArray[np.float64]:
        """Find the loading of the largest cue in a room.

        Parameters
        ----------
        diffuse : (F,) float64
            κ: diffuse energy at the ear per radiated power, relative to the direct sound.

        Returns
        -------
        (F,) float64
        """
        farthest = np.sqrt(self.figures(self.scale(_MOST_LOADING))[0])

        def cue(logarithm: NDArray[np.float64]) -> NDArray[np.float64]:
            error, radiated = self.figures(np.exp(logarithm))
            return np.asarray((1 - np.sqrt(error) / farthest) / (1 + diffuse * radiated))

        steps = np.linspace(np.log(_LEAST_LOADING), np.log(_MOST_LOADING), _TRIED)
        tried = np.log(self.scale(1.0)) + steps[:, None]
        best = np.argmax(np.stack([cue(row) for row in tried]), axis=0)
        at = np.arange(best.size)
        low, high = tried[np.maximum(best - 1, 0), at], tried[np.minimum(best + 1, _TRIED - 1), at]
        for _ in range(_GOLDEN_ROUNDS):
            width = _GOLDEN * (high - low)
            is_higher = cue(low + width) > cue(high - width)
            low, high = np.where(is_higher, high - width, low), np.where(is_higher, high, low + width)
        return np.asarray(np.exp((low + high) / 2))

    def loading_of_width(
        self, width: float, fullest: NDArray[np.float64], worth: NDArray[np.float64], share: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Find the loading at a part of the way from the least radiated power to that of ``fullest``, in mean decibels.

        Parameters
        ----------
        width : float
            0 … 1.
        fullest : (F,) float64
            Loading of width 1.
        worth : (F,) float64
            What an error counts for at each line, above 0, at most 1.
        share : (F,) float64
            Weight of each line in the mean of the decibels; the sum is 1.

        Returns
        -------
        (F,) float64

        Notes
        -----
        All lines pay one price of radiated power.  So no other choice has a smaller sum of errors, each times its
        worth, with the same sum of powers.
        """
        ends = np.log(np.array([[_LEAST_PRICE], [_MOST_PRICE]]))

        def loading(price: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(np.maximum(np.exp(price) / worth, fullest))

        def level(price: NDArray[np.float64]) -> float:
            return float(share @ np.log(self.figures(loading(price))[1]))

        wanted = (1 - width) * level(ends[1]) + width * level(ends[0])

        def too_much(price: NDArray[np.float64]) -> NDArray[np.bool_]:
            return np.array([level(price) > wanted])

        return loading(bisect(too_much, ends[0], ends[1]))

    def _seen(self, loading: NDArray[np.float64]) -> NDArray[np.complex128]:
        seen = self.own / (self.power + loading[:, None])
        return np.asarray(seen / np.sum(self.own.conj() * seen, axis=1)[:, None])
