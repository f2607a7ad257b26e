"""Audio that the board makes itself: bit-exact by CRC, and every sabotage is found where it starts."""

import dataclasses
import re
import shutil
import zlib

import numpy as np
import pytest
from designs import MIRRORED, generate_small, small_bank, small_layout

from designer import protocol
from designer.board.open import QemuBoard
from designer.board.session import Board
from designer.codegen.generate import generate
from designer.codegen.writer import write
from designer.dsp.upmix_tables import DELAY_SAMPLES
from designer.errors import HilError
from designer.fixedpoint.model.generator import GeneratedSignal
from designer.fixedpoint.model.pipeline import PipelineModel, Stages
from designer.regression.compare_generated import verify_generated
from designer.regression.first_difference import channel_names, compare_stages, locate_streamed
from designer.toolchain import boards, compiler
from designer.toolchain.compiler import build_host_library, build_image
from hil_tests.harness.host_core import HostCore, HostTransport

SCENES = GeneratedSignal("scenes", 20260214)
NOISE = GeneratedSignal("noise", 99, 1)


@pytest.fixture(scope="module")
def design(number_format, tmp_path_factory):
    directory = tmp_path_factory.mktemp(f"generated-{number_format}")
    layout, bank, digest = generate_small(number_format, directory / "generated")
    return layout, bank, digest, directory


def host_board(directory, layout, digest):
    core = HostCore(build_host_library(directory / "generated", directory / "core.so"))
    return Board(HostTransport(core), digest, layout)


@pytest.fixture(scope="module")
def board(design):
    layout, _, digest, directory = design
    return host_board(directory, layout, digest)


@pytest.mark.parametrize("injection_point", ["program", "filters"])
@pytest.mark.parametrize("name", ["noise", "full_scale", "scenes"])
def test_every_signal_is_bit_exact(board, design, name, injection_point):
    report = verify_generated(board, design[1], GeneratedSignal(name, 7), injection_point, 1.0)
    assert report.bit_exact
    assert report.fault == ""
    assert report.frames == 48000
    assert report.crcs == -(-1500 // 16)


@pytest.mark.parametrize("injection_point", ["program", "filters"])
def test_taps_read_every_stage_of_the_last_block(board, design, injection_point):
    _, bank, _, _ = design
    samples = SCENES.samples(bank.number_format, injection_point, 0, 32 * 9 + 5)
    board.process(samples, injection_point)
    # The last message ends with a block of five.
    stages = PipelineModel(bank).trace(samples, injection_point)
    for stage in protocol.STAGE:
        expected = getattr(stages, stage.lower())
        assert len(channel_names(bank, stage.lower())) == expected.shape[1]
        for index in range(expected.shape[1]):
            np.testing.assert_array_equal(board.tap(stage, index), expected[-5:, index])


def test_looking_changes_nothing(board, design):
    _, bank, _, _ = design
    board.start("program")
    samples = SCENES.samples(bank.number_format, "program", 0, 64)
    crcs = []
    request = protocol.GENERATE.payload
    for block in range(2):
        fields = {"signal": 3, "attenuation": 0, "blocks": 1, "blocks_per_crc": 1, "reserved": 0, "seed": SCENES.seed}
        crcs.append(board.link.request(protocol.GENERATE, request.pack(**fields, position=32 * block)))
        for stage in protocol.STAGE:
            board.tap(stage, 0)
    model, word = PipelineModel(bank), bank.number_format.sample_dtype
    assert crcs == [
        zlib.crc32(model.process(samples[n : n + 32]).astype(word).tobytes()).to_bytes(4, "little") for n in (0, 32)
    ]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"signal": 0}, "E_RANGE"),
        ({"signal": 4}, "E_RANGE"),
        ({"attenuation": 16}, "E_RANGE"),
        ({"blocks": 0}, "E_RANGE"),
        ({"blocks_per_crc": 0}, "E_RANGE"),
        ({"blocks": 257}, "E_RANGE"),
        ({"reserved": 1}, "E_RANGE"),
        ({"reserved": 0x100}, "E_RANGE"),
    ],
)
def test_what_cannot_be_generated_is_refused(board, change, refusal):
    fields = {"signal": 1, "attenuation": 0, "blocks": 1, "blocks_per_crc": 1, "reserved": 0, "seed": 0, "position": 0}
    board.start()
    with pytest.raises(HilError, match=refusal):
        board.link.request(protocol.GENERATE, protocol.GENERATE.payload.pack(**{**fields, **change}))
    board.link.request(protocol.GENERATE, protocol.GENERATE.payload.pack(**{**fields, "blocks": 256}))


def test_without_a_start_there_is_nothing_to_play_or_to_see(board):
    board.profile()
    with pytest.raises(HilError, match="E_NOT_STARTED"):
        verify_without_start(board)
    with pytest.raises(HilError, match="E_NOT_STARTED"):
        board.tap("bus", 0)
    board.start()
    assert board.tap("bus", 0).size == 0
    for stage, index in (("bus", 3), ("equalised", 3), ("path", 6), ("sum", 2), ("driver_signal", 2), ("output", 2)):
        with pytest.raises(HilError, match="E_RANGE"):
            board.tap(stage, index)
    with pytest.raises(HilError, match="E_RANGE"):
        board.link.request(protocol.TAP, b"\x07\0\0\0")
    with pytest.raises(HilError, match="E_RANGE"):
        board.link.request(protocol.TAP, b"\x01\0\1\0")


def verify_without_start(board):
    fields = {"signal": 1, "attenuation": 0, "blocks": 1, "blocks_per_crc": 1, "reserved": 0, "seed": 0, "position": 0}
    board.link.request(protocol.GENERATE, protocol.GENERATE.payload.pack(**fields))


# What is changed in the firmware, and where the report must say that the difference starts.
SABOTAGES = {
    "filters: a path reads another bus": (
        "core/dsp/fir.c",
        "buses->raw[b].",
        "buses->raw[b == 2u ? 1u : b].",
        ("path", "driver 'd1' <- 'centre'"),
    ),
    "kernel: the tap in the middle takes the sample before its own": (
        "core/dsp/fir_kernels.c",
        "x[n + k]",
        "x[n + k - (k != 0 && k == length / 2u)]",
        ("path", "driver 'd0' <- 'left'"),
    ),
    "upmix: one LSB off in the right bus": (
        "core/upmix/upmix.c",
        "*right++ = (ps_sample_t)r_rest;",
        "*right++ = (ps_sample_t)(r_rest - (c == 100 || n == 4));",
        ("bus", "bus 'right'"),
    ),
    "stage: the first driver rounds down": (
        "core/dsp/shift.c",
        "to[n] = shifted(sum[n], shift, &reach);",
        "to[n] = shifted(sum[n] - (n == 7 ? 1LL << shift : 0), shift, &reach);",
        ("driver_signal", "driver 'd0'"),
    ),
    "limiter: a sample one step off": (
        "core/dsp/limiter.c",
        "out[2 * PS_DRIVERS] = (ps_sample_t)signal[2];",
        "out[2 * PS_DRIVERS] = (ps_sample_t)(signal[2] + 1);",
        ("output", "driver 'd0'"),
    ),
    "pipeline: the sum leaves out a bus at times": (
        "core/dsp/fir.c",
        "if ((from >> fir->bus & 1u) == 0 ||",
        "if ((from >> fir->bus & 1u) == 0 || (from == 7u && fir->bus == 0 && frames == 32 && sum == 0) ||",
        ("sum", "driver 'd0'"),
    ),
}


@pytest.fixture(params=SABOTAGES)
def sabotage(request, tmp_path, monkeypatch):
    """A copy of the firmware with one thing wrong in it, and where it is."""
    name, honest, wrong, place = SABOTAGES[request.param]
    root = tmp_path / "firmware"
    shutil.copytree(compiler.FIRMWARE_ROOT, root)
    text = (root / name).read_text()
    assert text.count(honest) >= 1
    (root / name).write_text(text.replace(honest, wrong))
    monkeypatch.setattr(compiler, "FIRMWARE_ROOT", root)
    monkeypatch.setattr(boards, "FIRMWARE_ROOT", root)
    return place


def check_difference(difference, bank, stage, channel, samples, injection_point):
    """The sabotage is where it was put: stage, channel, and the sample at which the output was first seen wrong."""
    assert (difference.stage, difference.channel) == (stage, channel)
    model = getattr(PipelineModel(bank).trace(samples, injection_point), stage)
    column = channel_names(bank, stage).index(channel)
    assert model[difference.sample, column] == difference.model != difference.board


def test_a_sabotaged_core_is_located(sabotage, design, tmp_path):
    layout, bank, digest, directory = design
    shutil.copytree(directory / "generated", tmp_path / "generated")
    board = host_board(tmp_path, layout, digest)
    report = verify_generated(board, bank, SCENES, "program", 2.0)
    assert not report.bit_exact
    samples = SCENES.samples(bank.number_format, "program", 0, report.difference.sample + 1)
    check_difference(report.difference, bank, *sabotage, samples, "program")
    assert re.search(r"block \d+: .*, sample \d+: board -?\d+, model -?\d+; the first stage that differs", report.fault)


def with_wrong_tap(path):
    taps = path.coefficients.copy()
    taps[3] += 1
    return dataclasses.replace(path, coefficients=taps)


def wrong_path(bank):
    paths = [list(row) for row in bank.paths]
    paths[1][2] = with_wrong_tap(paths[1][2])
    return dataclasses.replace(bank, paths=tuple(map(tuple, paths)))


def wrong_equaliser(bank):
    *others, centre = bank.equalisers
    return dataclasses.replace(bank, equalisers=(*others, with_wrong_tap(centre)))


@pytest.mark.parametrize(
    ("spoil", "stage", "channel"),
    [(wrong_path, "path", "driver 'd1' <- 'centre'"), (wrong_equaliser, "equalised", "bus 'centre'")],
    ids=["path", "equaliser"],
)
def test_a_wrong_tap_is_located_on_the_virtual_board(number_format, tmp_path, spoil, stage, channel):
    layout = small_layout(number_format)
    bank = small_bank(layout, equalised=(True, False, True))
    sources = generate(layout, spoil(bank))
    write(sources, tmp_path / "generated")
    image = build_image(tmp_path / "generated", "stm32f405", tmp_path / "wrong.elf")
    with QemuBoard(image.elf, sources.digest, layout) as board:
        report = verify_generated(board, bank, NOISE, "filters", 1.0)
        samples = NOISE.samples(bank.number_format, "filters", 0, 4800)
        check_difference(report.difference, bank, stage, channel, samples, "filters")
        output = board.process(samples, "filters")
        wrong = np.argwhere(output != PipelineModel(bank).process(samples, "filters"))
        found = locate_streamed(board, bank, samples, "filters", int(wrong[0, 0]))
        check_difference(found, bank, stage, channel, samples, "filters")


@pytest.mark.parametrize("injection_point", ["program", "filters"])
def test_an_equalised_design_is_bit_exact_at_every_stage(number_format, tmp_path, injection_point):
    layout, bank, digest = generate_small(
        number_format, tmp_path / "generated", MIRRORED, None, (True, True, False), drivers=3
    )
    board = host_board(tmp_path, layout, digest)
    assert verify_generated(board, bank, SCENES, injection_point, 1.0).bit_exact
    samples = SCENES.samples(bank.number_format, injection_point, 0, 32 * 9 + 5)
    board.process(samples, injection_point)
    assert (
        compare_stages(board, bank, last_block(PipelineModel(bank).trace(samples, injection_point), 5), 32 * 9) is None
    )


def last_block(stages, frames):
    return Stages(*(getattr(stages, field.name)[-frames:] for field in dataclasses.fields(stages)))


def test_a_fault_far_from_the_start_is_reached_without_running_all_again(design, tmp_path, monkeypatch):
    layout, bank, digest, directory = design
    root = tmp_path / "firmware"
    shutil.copytree(compiler.FIRMWARE_ROOT, root)
    upmix = root / "core" / "upmix" / "upmix.c"
    # Wrong only where both channels have one certain value, in block 1000, and by more than rounding may hide.
    samples = NOISE.samples(bank.number_format, "program", 32 * 1000 + 9, 1)[0]
    text = upmix.read_text()
    honest = "*centre++ = (ps_sample_t)c;"
    # q31x15 drops 16 bits of each product, and a limiter may turn the output down: a few steps would vanish there.
    step = {"q15": 16, "q31": 1 << 10, "q31x15": 1 << 17}[bank.number_format.name]
    assert honest in text
    upmix.write_text(
        text.replace(honest, f"*centre++ = (ps_sample_t)(c + {step} * (l == {samples[0]} && r == {samples[1]}));")
    )
    monkeypatch.setattr(compiler, "FIRMWARE_ROOT", root)
    shutil.copytree(directory / "generated", tmp_path / "generated")
    board = host_board(tmp_path, layout, digest)
    began = board.status()["blocks"]
    report = verify_generated(board, bank, NOISE, "program", 1.0)
    assert (report.difference.stage, report.difference.channel) == ("bus", "bus 'centre'")
    assert report.difference.board == report.difference.model + (step >> bank.number_format.headroom_bits)
    assert report.difference.sample == 32 * 1000 + 9 + DELAY_SAMPLES
    # 1500 for the run and twice the warm-up to look: not twice the way to block 1000.
    assert board.status()["blocks"] - began < 1500 + 3 * (256 + 32)


def test_a_fault_that_does_not_come_again_is_said(board, design, monkeypatch):
    honest = Board.generate
    calls = []

    def once_wrong(self, signal, requests):
        crcs = honest(self, signal, requests)
        calls.append(1)
        return [crc ^ (len(calls) == 2 and n == 5) for n, crc in enumerate(crcs)]

    monkeypatch.setattr(Board, "generate", once_wrong)
    report = verify_generated(board, design[1], NOISE, "program", 1.0)
    assert not report.bit_exact
    assert report.difference is None
    assert "blocks 80 to 95: the output differed once; repeated, it was right" in report.fault


def test_stages_agree_where_nothing_is_wrong(board, design):
    bank = design[1]
    samples = SCENES.samples(bank.number_format, "program", 0, 320)
    board.process(samples)
    model = PipelineModel(bank)
    model.process(samples[:288])
    assert compare_stages(board, bank, model.trace(samples[288:]), 288) is None
