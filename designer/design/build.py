"""From a layout to a design: every stage in memory."""

from __future__ import annotations

from dataclasses import replace

from designer.codegen.generate import generate
from designer.design.model import Design
from designer.dsp.limiter import limiter_settings
from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.filters.fitting.design import bank_of, fit_filters
from designer.filters.fitting.length_search import FittedFilters
from designer.filters.trim import Saving, trim_bank
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.limiter import fixed_limiter
from designer.fixedpoint.proof.overflow import prove
from designer.fixedpoint.quantise.bank import NOISE_SNR_DB, keeps_noise_snr, quantise_bank, white_noise_snr_db
from designer.fixedpoint.quantise.error_weights import error_weights
from designer.layout.model import Layout

# What white noise has to keep over its floor with rounded tables: without it, none of their error could be moved out of
# the bands that matter.
_SHAPING_ROOM_DB = 1.0

# As designed, simplified, what that saved, gain in dB, tables.
_Quantised = tuple[FilterBank, FilterBank, tuple[Saving, ...], float, FixedPointBank]

# Σ|h| of the loudest driver at 0 dB: one percent below full scale leaves room for the rounding of the coefficients.
_UNITY_PEAK_GAIN = 0.99


def build_design(layout: Layout) -> Design:
    """Run every stage in memory.

    Raises
    ------
    InfeasibleDesignError
        If the filters cannot be realised or proved, or are too quiet for the word.
    """
    peak_gain = _UNITY_PEAK_GAIN * 10 ** (layout.output.peak_gain_db / 20)
    lengths, (designed, bank, savings, gain_db, fixed) = _realised(layout, fit_filters(layout), peak_gain)
    fixed = replace(fixed, limiter=fixed_limiter(limiter_settings(layout), layout.arithmetic))
    _require_noise_snr(layout, bank, fixed)
    sources = generate(layout, fixed)
    return Design(layout, designed, bank, savings, gain_db, fixed, prove(fixed), sources, lengths)


def _realised(layout: Layout, lengths: FittedFilters, peak_gain: float) -> tuple[FittedFilters, _Quantised]:
    """Quantise fitted filters; in one stage where the word has no room for two."""
    if lengths.two_stage_stereo is None:
        return lengths, _quantised(layout, lengths, peak_gain)
    try:
        found = _quantised(layout, lengths, peak_gain)
    except InfeasibleDesignError as error:
        why = f"two stages do not fit {layout.arithmetic}: {'; '.join(str(error).splitlines())}"
    else:
        _, bank, _, _, fixed = found
        # An equaliser rounds its bus once more: with 16-bit samples that may be once too often.
        # Taps of 32 bits are rounded anyhow.
        rounded = fixed if layout.arithmetic == "q31" else quantise_bank(bank, layout.arithmetic)
        room_db = white_noise_snr_db(bank, rounded) - NOISE_SNR_DB[layout.arithmetic]
        if room_db >= _SHAPING_ROOM_DB and keeps_noise_snr(bank, fixed):
            return lengths, found
        why = (
            f"white noise would keep {NOISE_SNR_DB[layout.arithmetic] + room_db:.1f} dB over the error of rounded "
            f"{layout.arithmetic} tables, too little to shape them"
        )
    lengths = replace(lengths, two_stage_stereo=None, why_direct=why)
    return lengths, _quantised(layout, lengths, peak_gain)


def _quantised(layout: Layout, lengths: FittedFilters, peak_gain: float) -> _Quantised:
    """Scale, simplify and quantise fitted filters: as designed, simplified, what that saved, gain in dB, tables."""
    designed, gain_db = bank_of(layout, lengths).normalised(peak_gain)
    bank, savings = trim_bank(designed)
    return designed, bank, savings, gain_db, quantise_bank(bank, layout.arithmetic, error_weights(layout))


def _require_noise_snr(layout: Layout, bank: FilterBank, fixed: FixedPointBank) -> None:
    """Refuse a design whose level is so low that the board's regression would fail on noise."""
    snr_db, required_db = white_noise_snr_db(bank, fixed), NOISE_SNR_DB[fixed.arithmetic]
    if snr_db < required_db:
        remedy = "" if fixed.arithmetic == "q31" else ", or set arithmetic = 'q31'"
        raise InfeasibleDesignError(
            f"layout '{layout.name}', output.peak_gain_db = {layout.output.peak_gain_db:g}: white noise at -6 dBFS "
            f"keeps {snr_db:.1f} dB over the error of {fixed.arithmetic}, required are {required_db:g} dB: raise it by "
            f"about {required_db - snr_db:.1f} dB{remedy}"
        )
