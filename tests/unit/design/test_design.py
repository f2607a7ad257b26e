"""The stages in one piece: designs that are refused, and saved designs that are damaged."""

import io
import subprocess
import sys

import numpy as np
import pytest
from anechoic import anechoic_layout
from shipped import anechoic_design

from designer.codegen.digest import design_digest
from designer.design.build import build_design
from designer.design.store import load_card, load_tables, save_design
from designer.errors import InfeasibleDesignError, LayoutError, OutputConflictError
from designer.files import locked
from designer.fixedpoint.number_format import Q15
from designer.fixedpoint.quantise.bank import white_noise_snr_db
from designer.layout.load import parse_layout
from designer.report.scorecard import scorecard

TEXT = """
name = "pair"
number_format = "{number_format}"
[output]
peak_gain_db = {gain}
[cabinet]
shape = "sphere"
radius_m = 0.0875
[[driver]]
name = "left"
channel = 0
azimuth_deg = 60
radius_m = 0.02
roles = ["crosstalk"{role}]
[[driver]]
name = "right"
channel = 1
azimuth_deg = -60
radius_m = 0.02
roles = ["crosstalk"{role}]
"""
TWEETER = """
[[driver]]
name = "tweeter"
channel = 2
azimuth_deg = 180
radius_m = 0.01
band_hz = [9000, 20000]
roles = ["beamformer"]
"""


def layout(number_format="q31", gain=6, role=', "beamformer"'):
    return TEXT.format(number_format=number_format, gain=gain, role=role)


def test_a_level_that_the_word_cannot_hold_is_refused_with_the_remedy():
    with pytest.raises(
        InfeasibleDesignError,
        match=r"output.peak_gain_db = -20: white noise .* required are 70 dB: raise it by .* number_format = 'q31'",
    ):
        build_design(parse_layout(layout("q15", -20)))
    assert build_design(parse_layout(layout("q31", -20))).proof.holds


def test_two_stages_become_one_where_their_rounding_would_cost_too_much():
    """An equaliser rounds its bus to 16 bits: two decibels of level decide whether tables have room to be shaped."""

    def at(level_db):
        short = anechoic_layout("bar6").model_copy(update={"number_format": "q15"})
        output = short.output.model_copy(update={"peak_gain_db": level_db})
        return build_design(short.model_copy(update={"output": output}))

    assert at(7.0).fixed.is_equalised
    quieter = at(5.0)
    assert not quieter.fixed.is_equalised
    assert quieter.bank.two_stage is None
    assert "dB over the error of rounded q15 tables, too little to shape them" in quieter.lengths.why_direct
    assert white_noise_snr_db(quieter.bank, quieter.fixed) >= Q15.noise_snr_db


def test_both_stages_are_read_back(tmp_path):
    result = anechoic_design("front3")
    save_design(result, tmp_path)
    bank, fixed = load_tables(tmp_path)
    for made, saved in zip(result.fixed.firs, fixed.firs, strict=True):
        assert (made.delay, made.exponent) == (saved.delay, saved.exponent)
        np.testing.assert_array_equal(made.coefficients, saved.coefficients)
    assert [e is None for e in fixed.equalisers] == [e is None for e in result.fixed.equalisers] == [False, True, True]
    np.testing.assert_array_equal(bank.two_stage.components, result.bank.two_stage.components)
    np.testing.assert_array_equal(bank.two_stage.equalisers[0], result.bank.two_stage.equalisers[0])
    assert design_digest(result.layout, fixed) == result.digest


def test_a_band_that_nobody_plays_is_not_blamed_on_the_length():
    with pytest.raises(InfeasibleDesignError, match="no length helps: the drivers of each role together must play"):
        build_design(parse_layout(layout(role="") + TWEETER))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    directory = tmp_path_factory.mktemp("saved")
    save_design(build_design(parse_layout(layout())), directory)
    return directory


def an_array():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def flipped(data):
    """One bit of a tap: behind the header of the first array that holds some."""
    kind = b"coefficients_" if b"coefficients_" in data else b"impulse_responses.npy"
    place = data.index(b"\x93NUMPY", data.index(kind)) + 150
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGE = {
    "empty": lambda data: b"",
    "cut": lambda data: data[:500],
    "one bit": flipped,
    "another kind": lambda data: an_array(),
    "text": lambda data: b"hello",
}


@pytest.mark.parametrize("name", ["filters.npz", "tables.npz"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_design_is_refused(damage, name, saved, tmp_path):
    for file in ("layout.json", "filters.npz", "tables.npz"):
        data = (saved / file).read_bytes()
        (tmp_path / file).write_bytes(DAMAGE[damage](data) if file == name else data)
    with pytest.raises(LayoutError, match="damaged design"):
        load_tables(tmp_path)


@pytest.fixture(scope="module")
def louder(tmp_path_factory):
    """A design of the same drivers, rate and format, with other filters."""
    directory = tmp_path_factory.mktemp("louder")
    design = build_design(parse_layout(layout(gain=3)))
    save_design(design, directory, scorecard(design))
    return directory


@pytest.mark.parametrize("name", ["filters.npz", "tables.npz", "layout.json"])
def test_files_of_two_designs_are_refused(name, saved, louder, tmp_path):
    for file in ("layout.json", "filters.npz", "tables.npz"):
        (tmp_path / file).write_bytes(((saved if file == name else louder) / file).read_bytes())
    with pytest.raises(LayoutError, match="are not of one design, or not of this version: design it again"):
        load_tables(tmp_path)


@pytest.mark.parametrize("name", ["impulse_responses", "modelling_delay_samples", "sample_rate_hz", "gain_db"])
def test_a_number_of_the_float_design_that_was_changed_is_refused(name, saved, tmp_path):
    """The design digest covers the integers of the board only."""
    for file in ("layout.json", "filters.npz", "tables.npz"):
        (tmp_path / file).write_bytes((saved / file).read_bytes())
    with np.load(tmp_path / "filters.npz") as file:
        arrays = dict(file)
    arrays[name] = np.asarray(arrays[name] + 1, dtype=arrays[name].dtype)
    np.savez(tmp_path / "filters.npz", **arrays)
    with pytest.raises(LayoutError, match=r"damaged design \(its numbers are not those that were saved\)"):
        load_tables(tmp_path)


def test_a_scorecard_beside_the_tables_of_another_design_is_refused(saved, louder, tmp_path):
    assert load_card(louder).digest
    (tmp_path / "scorecard.json").write_bytes((louder / "scorecard.json").read_bytes())
    (tmp_path / "filters.npz").write_bytes((saved / "filters.npz").read_bytes())
    with pytest.raises(LayoutError, match=r"scorecard\.json and filters\.npz are not of one design"):
        load_card(tmp_path)


def test_a_directory_that_another_process_writes_is_refused(tmp_path):
    hold = "import sys; from pathlib import Path; from designer.files import locked\n"
    hold += "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(OutputConflictError, match=rf"process {other.pid} .* writes there now"), locked(tmp_path):
            pass
        # However the other process ends, the lock ends with it.
        other.kill()
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_damaged_scorecard_is_refused(content, tmp_path):
    (tmp_path / "scorecard.json").write_text(content)
    with pytest.raises(LayoutError, match="damaged design"):
        load_card(tmp_path)
