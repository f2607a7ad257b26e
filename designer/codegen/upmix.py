"""Content of the template for the upmix tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from designer.dsp import upmix_tables as upmix
from designer.dsp.upmix import polyphase

_VALUES_PER_ROW = 8


def upmix_context() -> dict[str, Any]:
    """Sizes that the firmware must have too, and each table as rows of text."""
    tables = upmix.upmix_tables()
    return {
        "sizes": [
            ("HOP", upmix.HOP_SAMPLES),
            ("DECIMATION", upmix.DECIMATION),
            ("RATE_TAPS", upmix.RATE_TAPS),
            ("LOW_TAPS", upmix.LOW_TAPS),
            ("WINDOW", upmix.WINDOW_SAMPLES),
            ("BANDS", upmix.BANDS),
            ("DELAY", upmix.DELAY_SAMPLES),
        ],
        "tables": [
            ("rate_filter", _flat(tables.rate_filter)),
            ("phases", _nested(polyphase(tables.rate_filter).T)),
            ("prototypes", _nested(tables.prototypes.T)),
            ("window", _flat(tables.window)),
            ("twiddles", _nested(tables.twiddles)),
            ("band_bins", _flat(np.array(upmix.BAND_BINS))),
        ],
    }


def _flat(values: np.ndarray) -> list[str]:
    rows = [values[at : at + _VALUES_PER_ROW] for at in range(0, values.size, _VALUES_PER_ROW)]
    return [", ".join(map(str, row.tolist())) for row in rows]


def _nested(values: np.ndarray) -> list[str]:
    return ["{" + ", ".join(map(str, row.tolist())) + "}" for row in values]
