"""The upmix to left, right and centre: where a panned source goes."""

from __future__ import annotations

import numpy as np

from designer.dsp.upmix import Upmix
from designer.report.chart import INPUT_COLOURS, Chart, chart, line
from designer.report.data import ReportData
from designer.report.html import Section, decimal, paragraph, table

_PANS = np.linspace(-1.0, 1.0, 25)
_SEED = 7
_LEVEL = 0.2


def build(data: ReportData) -> Section:
    """Run panned noise through the float upmix, and tabulate the scorecard's figures."""
    lead = paragraph(
        "The centre is what left and right have in common. The rest stays in left and right, so nothing is lost. A "
        "source in the middle goes to the centre beam. A source at one side goes to the virtual pair."
    )
    figures = data.card.upmix.to_json()
    rows = [(key.replace("_", " "), decimal(value, 1)) for key, value in figures.items()]
    return Section("upmix", "Upmix", lead, (_panning(data.layout.sample_rate_hz),), table(("figure", "value"), rows))


def _panning(rate_hz: int) -> Chart:
    noise = _LEVEL * np.random.default_rng(_SEED).standard_normal(rate_hz // 8)
    settled = noise.size // 2
    powers = []
    for pan in _PANS:
        angle = np.pi / 4 * (1 + pan)
        stereo = noise[:, None] * np.array([np.cos(angle), np.sin(angle)])
        buses = Upmix().process(np.clip(stereo, -1.0, 1.0))[settled:]
        powers.append(np.sum(buses**2, axis=0) / np.sum(noise[settled:] ** 2))
    levels = 10 * np.log10(np.maximum(np.array(powers), 1e-4))
    traces = [
        line(name, _PANS, levels[:, i], INPUT_COLOURS[i], dash=dash)
        for i, (name, dash) in enumerate((("left bus", "solid"), ("right bus", "dot"), ("centre bus", "solid")))
    ]
    return chart(
        "Level of the three buses for noise panned from left to right at constant power.",
        traces,
        320,
        xaxis={"title": {"text": "panning"}, "tickvals": [-1, 0, 1], "ticktext": ["left", "middle", "right"]},
        yaxis={"title": {"text": "level, dB"}, "range": [-40, 4]},
    )
