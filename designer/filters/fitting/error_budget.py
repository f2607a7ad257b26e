"""Error budget: what filters of finite length lose against their target responses.

The budget decides how long the filters have to be.  Each allowance is a share of the smallest change that a listener
notices.  The rest of that change is left to the frequency design and to quantisation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from designer.acoustics.poses import HeadPoses
from designer.filters.beam.design import MatchedBeam
from designer.filters.fitting.time_response import TimeResponse
from designer.filters.reference import reference_pressure
from designer.filters.stereo.design import StereoDesign
from designer.layout.model import Layout

# Shares of ±1 dB of cancellation gain, ±1.5 dB of timbre, and 30 µs and 1.5 dB of the virtual sources.
STEREO_ALLOWANCES = {
    "cancellation_gain_db": 0.95,
    "effort_db": 1.0,
    "timbre_db": 0.5,
    "itd_us": 10.0,
    "ild_db": 0.5,
    "group_delay_samples": 0.5,
    "pre_ringing_db": -30.3,
}
CENTRE_ALLOWANCES = {
    "on_axis_db": 0.5,
    "null_depth_db": 3.0,
    "lobe_db": 1.5,
    "white_noise_gain_db": 0.5,
    "group_delay_samples": 0.4,
    "pre_ringing_db": -30.3,
}
# A beam for a room also keeps its direct sound: the power that it radiates more than was designed.
ROOM_CENTRE_ALLOWANCES = {**CENTRE_ALLOWANCES, "radiated_db": 0.3}
_RADIATED_BAND_HZ = (200.0, 5000.0)
_GAIN_BAND_HZ = (200.0, 16000.0)
_TIMBRE_BAND_HZ = (200.0, 10000.0)
_ITD_BAND_HZ = (500.0, 1500.0)
_ILD_BAND_HZ = (1500.0, 6000.0)
# Deeper nulls count as this deep: the mismatch of real drivers fills them.
_DEEPEST_NULL_DB = 25.0
_QUIETEST_LOBE_DB = -10.0
# What filters of a design for a room may add to the effort, beside the allowance.
_ROOM_EFFORT_DB = 1.0
# Pre-ringing above its allowance by this much counts like another loss of twice its allowance.
_RINGING_DB = 3.0


@dataclass(frozen=True, eq=False)
class ThirdOctaves:
    """Third-octave bands over the lines of a frequency grid.

    Attributes
    ----------
    centres_hz : (B,) float64
    lines : (B, F) float64
        Weight of each line in each band.  Rows sum to 1.
    """

    centres_hz: NDArray[np.float64]
    lines: NDArray[np.float64]

    @classmethod
    def over(cls, frequencies_hz: NDArray[np.float64]) -> ThirdOctaves:
        """Set up the bands from 200 Hz to 16 kHz over lines (F,) in hertz.

        A band that holds no line takes the line nearest to its centre.
        """
        centres = 10 ** (np.arange(23, 43) / 10)
        distance = np.abs(np.log10(np.maximum(frequencies_hz, 1e-3)) - np.log10(centres)[:, None])
        inside = (distance <= 0.05).astype(np.float64)
        nearest = np.eye(frequencies_hz.size)[distance.argmin(axis=1)]
        lines = np.where(inside.sum(axis=1, keepdims=True) > 0, inside, nearest)
        return cls(centres, lines / lines.sum(axis=1, keepdims=True))

    def mean(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean of values (F, ...) in each band: (B, ...)."""
        return np.asarray(np.tensordot(self.lines, values, 1))

    def within(self, band_hz: tuple[float, float]) -> NDArray[np.bool_]:
        """Bands whose centre lies in a range, with a tolerance of 1 % at its ends: (B,) bool."""
        low, high = band_hz
        return np.asarray((self.centres_hz >= 0.99 * low) & (self.centres_hz <= 1.01 * high))

    def inside(self, band_hz: tuple[float, float]) -> NDArray[np.bool_]:
        """Bands with both edges in a range: (B,) bool.

        If there is none, the band nearest to the range's lower end stands for it.
        """
        low, high = band_hz
        edge = 10**0.05
        found = (self.centres_hz / edge >= low) & (self.centres_hz * edge <= high)
        if not found.any():
            found = self.centres_hz == self.centres_hz[np.abs(np.log(self.centres_hz / max(low, 1.0))).argmin()]
        return np.asarray(found)


class StereoBudget:
    """Losses of filters of L and R against their target response.

    Parameters
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Lines of the design.
    ears : (F, 2 * H, D) complex128
        Pressure at both ears of H head poses per unit drive, Pa.
    heads : HeadPoses
    stereo : StereoDesign
        The target.
    """

    def __init__(
        self,
        layout: Layout,
        frequencies_hz: NDArray[np.float64],
        ears: NDArray[np.complex128],
        heads: HeadPoses,
        stereo: StereoDesign,
    ) -> None:
        self._frequencies = frequencies_hz
        self._time_response = TimeResponse(frequencies_hz, layout.sample_rate_hz)
        self._bands = ThirdOctaves.over(frequencies_hz)
        nominal = heads.nominal_index
        reference = reference_pressure(layout, frequencies_hz)[:, None, None]
        self._nominal = ears[:, 2 * nominal : 2 * nominal + 2] / reference
        weighted = ears * np.sqrt(np.repeat(heads.weight, 2))[:, None] / reference
        self._covariance = [weighted[:, side::2].conj().transpose(0, 2, 1) @ weighted[:, side::2] for side in (0, 1)]
        self._alone = [np.max(np.abs(self._nominal[:, side]) ** 2, axis=1) for side in (0, 1)]
        self._unmix = np.linalg.inv(stereo.composition.mixing)
        self._intended = self._figures(stereo.response)
        self._allowed_effort_db = [
            np.maximum(null.effort_db, layout.crosstalk.effort_cap_db) for null in (stereo.left, stereo.right)
        ]
        if stereo.in_room is not None:
            # In a room the effort was chosen, mostly below the cap: filters keep its mean over third octaves.
            self._allowed_effort_db = [
                self._smooth_db(figures["effort"]) + _ROOM_EFFORT_DB for figures in self._intended
            ]
        self._is_in_room = stereo.in_room is not None

    def _figures(self, drive: NDArray[np.complex128]) -> list[dict[str, NDArray[np.float64]]]:
        nulls = drive @ self._unmix
        figures = []
        for side in (0, 1):
            null = nulls[:, :, side]
            ipsi, contra = (
                np.einsum("fd,fde,fe->f", null.conj(), self._covariance[ear], null).real for ear in (side, 1 - side)
            )
            at_ears = (self._nominal @ drive[:, :, side, None])[..., 0]
            own = np.abs(np.sum(self._nominal[:, side] * null, axis=1)) ** 2
            effort = np.sum(np.abs(null) ** 2, axis=1) * self._alone[side] / own
            figures.append(
                {
                    "gain": -10 * np.log10(self._bands.mean(contra / ipsi)),
                    "effort": 10 * np.log10(effort),
                    "timbre": 10 * np.log10(self._bands.mean(np.abs(at_ears[:, side]) ** 2)),
                    "ratio": at_ears[:, side] / at_ears[:, 1 - side],
                }
            )
        return figures

    def _smooth_db(self, values_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean power over third octaves of values (F,) in decibels, as values on the lines."""
        means = 10 * np.log10(self._bands.mean(10 ** (values_db / 10)))
        return np.asarray(np.interp(np.log(self._frequencies), np.log(self._bands.centres_hz), means))

    def excess(self, drive: NDArray[np.complex128]) -> tuple[NDArray[np.float64], ...]:
        """Error of the cancellation gain of L and of R, for spectra (F, D, 2): (F,) float64 each, dB."""
        return tuple(
            np.interp(np.log(self._frequencies), np.log(self._bands.centres_hz), np.abs(got["gain"] - meant["gain"]))
            for got, meant in zip(self._figures(drive), self._intended, strict=True)
        )

    def losses(self, drive: NDArray[np.complex128], delay: int) -> dict[str, float]:
        """Measure what filters lose against the target, worst over channels and bands.

        Parameters
        ----------
        drive : (F, D, 2) complex128
            Spectra of the filters.
        delay : int
            Modelling delay, samples.

        Returns
        -------
        dict
            Keys of `STEREO_ALLOWANCES`.
        """
        gain_bands, timbre_bands = self._bands.within(_GAIN_BAND_HZ), self._bands.within(_TIMBRE_BAND_HZ)
        lines = (self._frequencies >= _GAIN_BAND_HZ[0]) & (self._frequencies <= _GAIN_BAND_HZ[1])
        worst = dict.fromkeys(STEREO_ALLOWANCES, -np.inf)
        for side, (got, meant) in enumerate(zip(self._figures(drive), self._intended, strict=True)):
            timbre = (got["timbre"] - meant["timbre"])[timbre_bands]
            ratio_error = got["ratio"] / meant["ratio"]
            itd = (self._frequencies >= _ITD_BAND_HZ[0]) & (self._frequencies <= _ITD_BAND_HZ[1])
            ild = (self._frequencies >= _ILD_BAND_HZ[0]) & (self._frequencies <= _ILD_BAND_HZ[1])
            omega = 2 * np.pi * self._frequencies[itd]
            drive_at_own = np.sum(self._nominal[:, side] * drive[:, :, side], axis=1)
            effort = self._smooth_db(got["effort"]) if self._is_in_room else got["effort"]
            found = {
                "cancellation_gain_db": np.abs(got["gain"] - meant["gain"])[gain_bands].max(),
                "effort_db": (effort - self._allowed_effort_db[side])[lines].max(),
                "timbre_db": np.abs(timbre - timbre.mean()).max(),
                "itd_us": 1e6 * abs(np.sum(omega * np.angle(ratio_error[itd])) / np.sum(omega**2)),
                "ild_db": abs(20 * np.mean(np.log10(np.abs(ratio_error[ild])))),
                "group_delay_samples": self._time_response.lateness_samples(drive_at_own, delay),
                "pre_ringing_db": self._time_response.pre_ringing_db(drive_at_own, delay),
            }
            worst = {key: max(worst[key], float(found[key])) for key in worst}
        return worst


class CentreBudget:
    """Losses of filters of C against their target response.

    Parameters
    ----------
    layout : Layout
    frequencies_hz : (F,) float64
        Lines of the design.
    beam : MatchedBeam
        The target.
    """

    def __init__(self, layout: Layout, frequencies_hz: NDArray[np.float64], beam: MatchedBeam) -> None:
        self._bands = ThirdOctaves.over(frequencies_hz)
        self._beam = beam
        # A beam for a room is narrow at high frequency.  What is quieter than this in it is no longer its lobe.
        self._quietest_db = -np.inf if beam.radiation is None else _QUIETEST_LOBE_DB
        # Ripple within the layout's bound is no loss.
        self._ripple_db = layout.beamformer.lobe_ripple_db - CENTRE_ALLOWANCES["lobe_db"]
        self._time_response = TimeResponse(frequencies_hz, layout.sample_rate_hz)
        self._used = self._bands.inside(layout.beamformer.band_hz)
        self._floor_db = np.minimum(
            layout.beamformer.white_noise_gain_floor_db, self._bands.mean(beam.white_noise_gain_db)[self._used]
        )
        self._heard = self._bands.within(_TIMBRE_BAND_HZ)
        self._intended = self._figures(beam.weights)

    @property
    def allowances(self) -> dict[str, float]:
        """What each loss may be."""
        return CENTRE_ALLOWANCES if self._beam.radiation is None else ROOM_CENTRE_ALLOWANCES

    def _figures(self, drive: NDArray[np.complex128]) -> dict[str, NDArray[np.float64]]:
        axis = np.abs(np.sum(self._beam.axis * drive, axis=1)) ** 2
        lobe = np.abs((self._beam.lobe @ drive[..., None])[..., 0]) ** 2 / axis[:, None]
        nulls = np.abs((self._beam.nulls @ drive[..., None])[..., 0]) ** 2 / axis[:, None]
        side = self._bands.mean(nulls)[self._used].mean(axis=0).max(initial=0.0)
        levels = np.maximum(10 * np.log10(self._bands.mean(lobe)), self._quietest_db)
        noise = axis / np.sum(np.abs(drive) ** 2, axis=1)
        return {
            "axis": 10 * np.log10(self._bands.mean(axis)),
            "depth": np.minimum(-10 * np.log10(np.maximum(side, 1e-12)), _DEEPEST_NULL_DB),
            "lobe": np.ptp(levels, axis=1)[self._used],
            "noise": 10 * np.log10(self._bands.mean(noise))[self._used],
        }

    def losses(self, drive: NDArray[np.complex128], delay: int) -> dict[str, float]:
        """Measure what filters lose against the target, worst over bands.

        Parameters
        ----------
        drive : (F, D) complex128
            Spectra of the filters.
        delay : int
            Modelling delay, samples.

        Returns
        -------
        dict
            Keys of `allowances`.
        """
        got = self._figures(drive)
        on_axis = np.sum(self._beam.axis * drive, axis=1)
        axis = (got["axis"] - self._intended["axis"])[self._heard]
        in_room = {}
        if self._beam.radiation is not None:
            in_room["radiated_db"] = 10 * float(np.log10(self._radiated(drive) / self._radiated(self._beam.weights)))
        return {
            "on_axis_db": float(np.abs(axis - axis.mean()).max()),
            "null_depth_db": float(self._intended["depth"] - got["depth"]),
            "lobe_db": float(np.max(got["lobe"] - np.maximum(self._intended["lobe"], self._ripple_db))),
            "white_noise_gain_db": float(np.max(self._floor_db - got["noise"])),
            "group_delay_samples": self._time_response.lateness_samples(on_axis, delay),
            "pre_ringing_db": self._time_response.pre_ringing_db(on_axis, delay),
            **in_room,
        }

    def _radiated(self, drive: NDArray[np.complex128]) -> float:
        """Radiated power of drives (F, D) for unit response on axis, mean over third octaves."""
        if self._beam.radiation is None:
            return 0.0
        axis = np.abs(np.sum(self._beam.axis * drive, axis=1)) ** 2
        power = self._beam.radiation.power(drive / self._beam.radiation.band) / axis
        return float(self._bands.mean(power)[self._bands.within(_RADIATED_BAND_HZ)].mean())


def worst_loss_ratio(losses: dict[str, float], allowances: dict[str, float]) -> float:
    """Largest loss over its allowance: 1 or less if every loss keeps its allowance.

    Pre-ringing counts on a scale of its own, because its allowance is a level.
    """
    ringing = losses["pre_ringing_db"] - allowances["pre_ringing_db"]
    others = (losses[key] / allowed for key, allowed in allowances.items() if key != "pre_ringing_db")
    return max(1 + ringing / _RINGING_DB, *others)


def within_allowances(losses: dict[str, float], allowances: dict[str, float]) -> bool:
    """Whether every loss keeps its allowance.  Both have the same keys."""
    return all(losses[key] <= allowed for key, allowed in allowances.items())
