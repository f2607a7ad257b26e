"""From a layout to a design: every stage in memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

from designer.codegen.generate import generate
from designer.design.model import Design
from designer.dsp.limiter import limiter_settings
from designer.errors import InfeasibleDesignError
from designer.filters.bank import FilterBank
from designer.filters.fitting.design import bank_of, fit_filters
from designer.filters.fitting.length_search import FittedFilters
from designer.filters.programme import peak_gain_db
from designer.filters.trim import Saving, trim_bank
from designer.fixedpoint.bank import FixedPointBank
from designer.fixedpoint.limiter_settings import fixed_limiter
from designer.fixedpoint.number_format import Q31, NumberFormat
from designer.fixedpoint.proof.overflow import prove
from designer.fixedpoint.quantise.bank import keeps_noise_snr, quantise_bank, white_noise_snr_db
from designer.fixedpoint.quantise.error_weights import error_weights
from designer.layout.model import Layout
from designer.numerics.threads import with_one_blas_thread

# Margin of the SNR on white noise over its requirement with rounded tables.  With less, the quantiser could not move
# errors out of the bands that matter.
_SHAPING_ROOM_DB = 1.0

# Σ|h| of the loudest driver at 0 dB: one percent below full scale leaves room for the rounding of the coefficients.
_UNITY_PEAK_GAIN = 0.99


@dataclass(frozen=True, eq=False)
class Quantised:
    """Fitted filters, scaled, trimmed and quantised.

    Attributes
    ----------
    designed : FilterBank
        Float design, scaled to fit full scale.
    bank : FilterBank
        The same, trimmed.
    savings : tuple of Saving
        What trimming saved, step by step.
    gain_db : float
        The scale that was applied.
    fixed : FixedPointBank
        Integer tables of `bank`.
    """

    designed: FilterBank
    bank: FilterBank
    savings: tuple[Saving, ...]
    gain_db: float
    fixed: FixedPointBank


@with_one_blas_thread
def build_design(layout: Layout) -> Design:
    """Run every stage in memory.

    Raises
    ------
    InfeasibleDesignError
        If the filters cannot be realised or proved, or are too quiet for their number format.
    """
    number_format = NumberFormat.named(layout.number_format)
    fitted = fit_filters(layout)
    layout = _with_level(layout, fitted)
    lengths, found = _realise(layout, fitted, number_format)
    fixed = replace(found.fixed, limiter=fixed_limiter(limiter_settings(layout), number_format))
    _require_noise_snr(layout, found.bank, fixed)
    sources = generate(layout, fixed)
    return Design(
        layout, found.designed, found.bank, found.savings, found.gain_db, fixed, prove(fixed), sources, lengths
    )


def _with_level(layout: Layout, fitted: FittedFilters) -> Layout:
    """Put the level that the design chooses into a layout that has none."""
    level_db = peak_gain_db(layout, fitted.filters)
    return layout.model_copy(update={"output": layout.output.model_copy(update={"peak_gain_db": level_db})})


def _realise(layout: Layout, lengths: FittedFilters, number_format: NumberFormat) -> tuple[FittedFilters, Quantised]:
    """Quantise fitted filters.  Use one stage if the number format has not enough precision for two."""
    if lengths.two_stage_stereo is None:
        return lengths, _quantise(layout, lengths, number_format)
    try:
        found = _quantise(layout, lengths, number_format)
    except InfeasibleDesignError as error:
        why = f"two stages do not fit {number_format}: {'; '.join(str(error).splitlines())}"
    else:
        # An equaliser rounds its bus once more.  With 16-bit samples that may add too much noise.
        rounded = quantise_bank(found.bank, number_format) if number_format.shapes_taps else found.fixed
        snr_db = white_noise_snr_db(found.bank, rounded)
        has_room = snr_db - number_format.noise_snr_db >= _SHAPING_ROOM_DB
        if has_room and keeps_noise_snr(found.bank, found.fixed):
            return lengths, found
        why = (
            f"white noise would keep {snr_db:.1f} dB over the error of rounded {number_format} tables, too little to "
            "shape them"
        )
    lengths = replace(lengths, two_stage_stereo=None, why_direct=why)
    return lengths, _quantise(layout, lengths, number_format)


def _quantise(layout: Layout, lengths: FittedFilters, number_format: NumberFormat) -> Quantised:
    """Scale, trim and quantise fitted filters."""
    fitted = bank_of(layout, lengths)
    peak_gain = _UNITY_PEAK_GAIN * 10 ** (peak_gain_db(layout, fitted.impulse_responses) / 20)
    designed, gain_db = fitted.normalised(peak_gain)
    bank, savings = trim_bank(designed)
    return Quantised(designed, bank, savings, gain_db, quantise_bank(bank, number_format, error_weights(layout)))


def _require_noise_snr(layout: Layout, bank: FilterBank, fixed: FixedPointBank) -> None:
    """Refuse a design whose level is so low that its regression would fail on noise."""
    number_format = fixed.number_format
    snr_db, required_db = white_noise_snr_db(bank, fixed), number_format.noise_snr_db
    if snr_db < required_db:
        remedy = "" if number_format == Q31 else ", or set number_format = 'q31'"
        raise InfeasibleDesignError(
            f"layout '{layout.name}', output.peak_gain_db = {layout.output.peak_gain_db:g}: white noise at -6 dBFS "
            f"keeps {snr_db:.1f} dB over the error of {number_format}, required are {required_db:g} dB: raise it by "
            f"about {required_db - snr_db:.1f} dB{remedy}"
        )
