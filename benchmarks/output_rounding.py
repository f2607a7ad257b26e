"""Noise and cost of three methods at a q15 driver's output: truncation, rounding and first-order error feedback.

Run as ``python -m benchmarks.output_rounding``.  All methods start from the same exact 64-bit sums of paths.  Only
``per path`` truncates every path before the sum, as `arm_fir_q15` does.  Instructions are those of the innermost loop
in the compiler's output for Cortex-M4.  They are per sample and driver, and are not cycles.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from designer.design.build import build_design
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.layout.shipped import find_layout
from designer.toolchain.compiler import CROSS_COMPILER

METHODS = ("per path", "truncation", "rounding", "error feedback")
_SAMPLES = 24000
_SEED = 20240607
_C = """
#include <stdint.h>

static inline int16_t saturate(int64_t v) { return v > 32767 ? 32767 : v < -32768 ? -32768 : (int16_t)v; }

void truncation(int16_t *out, const int64_t *sum, uint32_t n, uint32_t shift)
{
    for (uint32_t k = 0; k < n; k++) out[k] = saturate(sum[k] >> shift);
}

void rounding(int16_t *out, const int64_t *sum, uint32_t n, uint32_t shift)
{
    const int64_t half = 1LL << (shift - 1);
    for (uint32_t k = 0; k < n; k++) out[k] = saturate((sum[k] + half) >> shift);
}

void feedback(int16_t *out, const int64_t *sum, uint32_t n, uint32_t shift, int32_t *left)
{
    const int32_t half = 1 << (shift - 1), mask = (1 << shift) - 1;
    int32_t rest = *left;
    for (uint32_t k = 0; k < n; k++) {
        const int64_t v = sum[k] + half + rest;
        out[k] = saturate(v >> shift);
        rest = ((int32_t)v & mask) - half;
    }
    *left = rest;
}
"""


def outputs(paths: NDArray[np.int64], shift: int) -> dict[str, NDArray[np.int64]]:
    """Round the sum of one driver by every method.

    Parameters
    ----------
    paths : (n, I) int64
        Outputs of the paths, at the scale of the sum.
    shift : int
        Bits to drop, from 1.

    Returns
    -------
    dict of (n,) int64
        Before saturation.
    """
    total, half = paths.sum(axis=1), 1 << (shift - 1)
    shaped = np.empty_like(total)
    rest = 0
    for n, value in enumerate(total.tolist()):
        wanted = value + rest
        shaped[n] = (wanted + half) >> shift
        rest = wanted - (int(shaped[n]) << shift)
    return {
        "per path": (paths >> shift).sum(axis=1),
        "truncation": total >> shift,
        "rounding": (total + half) >> shift,
        "error feedback": shaped,
    }


def measure(layouts: tuple[str, ...] = ("pair2", "bar6")) -> dict[str, Any]:
    """Measure the noise of each method over all drivers of q15 layouts, and its instructions.

    Returns
    -------
    dict
        ``instructions`` by method, and ``noise`` by layout and method, relative to full scale 1.  The noise has
        ``dc_dbfs``, ``all_dbfs`` (rms without the mean), ``served_dbfs`` (up to 12 kHz) and ``a_weighted_dbfs`` (IEC
        61672-1).  ``white_noise_snr_db`` is for white noise at −6 dBFS against float64.
    """
    return {"noise": {name: _measure_layout(name) for name in layouts}, "instructions": loop_instructions()}


def _measure_layout(name: str) -> dict[str, dict[str, float]]:
    result = build_design(find_layout(name).model_copy(update={"number_format": "q15"}))
    inputs = len(result.fixed.input_names)
    samples = np.random.default_rng(_SEED).integers(-16384, 16384, (_SAMPLES, inputs))
    stages = PipelineModel(result.fixed).trace(samples, "filters")
    errors: dict[str, list[NDArray[np.float64]]] = {method: [] for method in METHODS}
    losses: dict[str, float] = dict.fromkeys(METHODS, 0.0)
    energy = 0.0
    structure = result.fixed.structure
    for d in range(len(result.fixed.driver_names)):
        g = structure.group_of(d)
        shift = result.fixed.group_shift(g)
        shares = [structure.sign_of(k, d) * stages.path[:, k * inputs : (k + 1) * inputs] for k in structure.sums_of(g)]
        paths = np.concatenate(shares, axis=1)
        exact = np.ldexp(paths.sum(axis=1).astype(np.float64), -shift)
        filters = result.bank.impulse_responses[d]
        reference = sum(np.convolve(samples[:, i], filters[i])[:_SAMPLES] for i in range(inputs))
        energy += float(np.sum(reference**2))
        for method, output in outputs(paths, shift).items():
            errors[method].append((output - exact) / 32768)
            losses[method] += float(np.sum((output - reference) ** 2))
    rate = result.bank.sample_rate_hz
    return {
        method: _noise(np.stack(errors[method]), rate) | {"white_noise_snr_db": 10 * np.log10(energy / losses[method])}
        for method in METHODS
    }


def _noise(error: NDArray[np.float64], rate_hz: int) -> dict[str, float]:
    """Noise figures of (D, n) errors, mean power over the drivers."""
    mean = error.mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(error - mean, axis=1)) ** 2
    spectrum[:, 1:-1] *= 2
    power = spectrum.mean(axis=0) / error.shape[1] ** 2
    frequencies = np.asarray(np.fft.rfftfreq(error.shape[1], 1 / rate_hz), dtype=np.float64)
    weighted = {
        "all_dbfs": power.sum(),
        "served_dbfs": power[frequencies <= 12000].sum(),
        "a_weighted_dbfs": np.sum(power * a_weighting(frequencies)),
        "dc_dbfs": np.mean(mean**2),
    }
    return {key: float(10 * np.log10(max(value, 1e-20))) for key, value in weighted.items()}


def a_weighting(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power of the A weighting, 1 at 1 kHz (IEC 61672-1:2013, annex E)."""

    def power(f: NDArray[np.float64]) -> NDArray[np.float64]:
        square = f**2
        gain = 12194.2**2 * square**2
        gain /= (square + 20.6**2) * (square + 12194.2**2) * np.sqrt((square + 107.7**2) * (square + 737.9**2))
        return np.asarray(gain**2)

    return power(frequencies_hz) / power(np.array([1000.0]))


def loop_instructions() -> dict[str, int]:
    """Instructions of each method's innermost loop, GCC -O2 for Cortex-M4."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rounding.c"
        source.write_text(_C)
        flags = ["-mcpu=cortex-m4", "-mthumb", "-O2", "-S", "-o", "-"]
        command = [CROSS_COMPILER, *flags, str(source)]
        assembly = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    counts = {}
    for method, symbol in (("truncation", "truncation"), ("rounding", "rounding"), ("error feedback", "feedback")):
        body = assembly.split(f"\n{symbol}:\n")[1].split(f"\t.size\t{symbol}")[0]
        counts[method] = _largest_loop(body.splitlines())
    return counts


def _largest_loop(lines: list[str]) -> int:
    """Longest sequence of instructions between a label and the last branch back to it."""
    labels = {line[:-1]: number for number, line in enumerate(lines) if re.fullmatch(r"\.L\d+:", line)}
    longest = 0
    for number, line in enumerate(lines):
        branch = re.match(r"\tb\w*(?:\.n|\.w)?\t(\.L\d+)", line)
        if branch and labels[branch[1]] < number:
            inside = lines[labels[branch[1]] : number + 1]
            longest = max(longest, sum(bool(re.match(r"\t[a-z]", entry)) for entry in inside))
    return longest


def show(result: dict[str, Any], console: Console) -> None:
    """Print the table."""
    table = Table(title="Rounding at a q15 driver's output; noise in dBFS")
    for column in ("layout", "method", "DC", "all", "to 12 kHz", "A", "white-noise SNR, dB", "instructions"):
        table.add_column(column, justify="left" if column in ("layout", "method") else "right")
    for name, methods in result["noise"].items():
        for method, noise in methods.items():
            figures = (noise[f"{key}_dbfs"] for key in ("dc", "all", "served", "a_weighted"))
            count = result["instructions"].get(method, "")
            table.add_row(
                name, method, *(f"{x:.1f}" for x in figures), f"{noise['white_noise_snr_db']:.1f}", str(count)
            )
    console.print(table)


if __name__ == "__main__":
    show(measure(), Console(width=120))
