"""`proscenium tune` and what it rests on, with the same image on the virtual board."""

import json
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from designs import generate_small, retuned_bank, small_bank
from playing import await_blocks
from shipped import shipped_design

from designer import protocol
from designer.board.open import STEADY_CLOCK, QemuBoard
from designer.board.qemu import Qemu
from designer.board.tune import Tuned, await_fade, tables_of, tune_board, upload
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.codegen.writer import write
from designer.design.build import build_design
from designer.errors import HilError
from designer.fixedpoint.model.crossfade import group_samples, warm_up_samples
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.layout.shipped import find_layout, shipped_layouts
from designer.toolchain.boards import find_board
from designer.toolchain.compiler import build_image

PROSCENIUM = Path(sys.executable).with_name("proscenium")


@pytest.fixture(scope="module")
def small(number_format, tmp_path_factory):
    directory = tmp_path_factory.mktemp(f"tune-{number_format}")
    layout, bank, digest = generate_small(number_format, directory / "generated", equalised=(True, False, True))
    image = build_image(directory / "generated", "virtual", directory / "firmware.elf")
    other = retuned_bank(layout, bank, 2)
    return layout, bank, digest, image.elf, other, pack(layout, other, design_digest(layout, other))


def test_the_board_fades_as_the_model_does(small):
    layout, bank, digest, elf, other, tables = small
    full = 2**15 if layout.number_format == "q15" else 2**31
    samples = np.random.default_rng(9).integers(-full, full, (2500, 2))
    model = PipelineModel(bank, 218)
    with QemuBoard(elf, digest, layout) as board:
        board.start()
        heard = [board.stream(samples[:640])]
        upload(board.link, tables)
        heard.append(board.stream(samples[640:]))
        assert tables_of(board.link).digest == tables.digest
    expected = [model.process(samples[:640])]
    warm_up = warm_up_samples(other, layout.block_samples)
    groups = len(bank.structure.groups)
    model.tune(other, group_samples(bank.sample_rate_hz, groups, layout.block_samples, warm_up), warm_up)
    expected.append(model.process(samples[640:]))
    np.testing.assert_array_equal(np.concatenate(heard), np.concatenate(expected))


def test_a_board_that_plays_takes_it_up_by_itself_and_forgets_it_at_a_reset(small):
    layout, _, digest, elf, _, tables = small
    with QemuBoard(elf, digest, layout, icount=STEADY_CLOCK) as board:
        await_blocks(board, 10)
        assert tune_board(board, tables) == Tuned(digest, 0)
        assert (board.health()["player"], tables_of(board.link).source) == ("PLAYING", "LINE")
        # Tuning to what plays already is no work at all.
        assert tune_board(board, tables) == Tuned(tables.digest, 0)
        board.reset()
        fields = board.link.hello()
        assert bytes(fields["digest"]).hex() == digest


def test_a_host_that_dies_half_way_leaves_the_board_playing(small):
    layout, _, digest, elf, _, tables = small
    with QemuBoard(elf, digest, layout, icount=STEADY_CLOCK) as board:
        board.link.request(protocol.TUNE_BEGIN, tables.begin)
        board.link.request(protocol.TUNE_DATA, (0).to_bytes(4, "little") + tables.tables[:64])
        blocks = board.health()["blocks"]
        # The next host begins in the middle of what that one sent.
        board.link.hello()
        assert tables_of(board.link).digest == digest
        await_blocks(board, blocks + 50)
        with pytest.raises(HilError, match="E_INCOMPLETE"):
            board.link.request(protocol.TUNE_APPLY)
        upload(board.link, tables)
        assert await_fade(board.link, tables.digest)
        assert board.health()["deadline_misses"] == 0


# --- the default layout: the fade keeps its deadlines, and the command does it all


@pytest.fixture(scope="module")
def front3(tmp_path_factory):
    directory = tmp_path_factory.mktemp("front3")
    path = directory / "front3.toml"
    path.write_text(shipped_layouts()["front3"].read_text())
    result = build_design(find_layout(str(path)))
    out = directory / "build" / "front3"
    write(result.sources, out / "generated")
    build_image(out / "generated", "virtual", out / "firmware.elf")
    (directory / "other.toml").write_text(turned(path, 88))
    return directory, path, result.digest


def turned(path, degrees):
    """The side drivers turned, symmetrically: the same graph with other filters."""
    return re.sub(r"azimuth_deg = (-?)\d\d\.?\d*", rf"azimuth_deg = \g<1>{degrees}", path.read_text())


def test_a_fade_keeps_every_deadline_of_the_default_layout(front3):
    directory, _, digest = front3
    other = directory / "quieter.toml"
    other.write_text((directory / "front3.toml").read_text() + "\n[output]\npeak_gain_db = 3.0\n")
    result = build_design(find_layout(str(other)))
    tables = pack(result.layout, result.fixed, result.digest)
    with QemuBoard(directory / "build" / "front3" / "firmware.elf", digest, icount=STEADY_CLOCK) as board:
        steady = await_blocks(board, 100)["load"]
        upload(board.link, tables)
        assert await_fade(board.link, result.digest)
        health = board.health()
        assert (health["player"], health["deadline_misses"]) == ("PLAYING", 0)
        # One group's filters ran twice: the load says that the fade was among the blocks it counts.
        assert health["load"] > 1.2 * steady
        assert health["load"] < 1
        assert tables_of(board.link).digest == tables.digest


def test_blocks_that_are_late_in_the_fade_are_told(front3):
    """Alone, filters of 240 taps keep their deadlines; beside the old ones they do not."""
    directory, _, digest = front3
    longer = directory / "longer.toml"
    longer.write_text((directory / "front3.toml").read_text() + "\n[filters]\ntaps = 240\n")
    result = build_design(find_layout(str(longer)))
    with QemuBoard(directory / "build" / "front3" / "firmware.elf", digest, icount=STEADY_CLOCK) as board:
        await_blocks(board, 10)
        tuned = tune_board(board, pack(result.layout, result.fixed, result.digest))
        health = board.health()
        assert tuned == Tuned(digest, health["deadline_misses"])
        assert tuned.late_blocks > 0
        assert health["player"] == "PLAYING"
        await_blocks(board, health["blocks"] + 200)
        assert board.health()["deadline_misses"] == tuned.late_blocks


def test_tables_too_heavy_for_the_board_are_told_and_it_can_be_tuned_back(front3):
    """They are sound, so that the board takes them; that it cannot keep up it learns only from playing them."""
    directory, _, digest = front3
    result = shipped_design("front3")

    def long(path, exponent):
        coefficients = np.zeros(260, dtype=np.int32)
        coefficients[::7] = 1000
        return replace(path, coefficients=coefficients, delay=0, exponent=exponent)

    bank = result.fixed
    heavy = replace(
        bank,
        paths=tuple(
            tuple(long(path, bank.group_exponent(g)) for path in row)
            for row, (g, _) in zip(bank.paths, bank.structure.sums, strict=True)
        ),
    )
    with QemuBoard(directory / "build" / "front3" / "firmware.elf", digest, icount=STEADY_CLOCK) as board:
        await_blocks(board, 10)
        # Once more: that it has them already does not make it quick enough.
        for _ in range(2):
            with pytest.raises(HilError, match="too slow for these filters, and is silent now: tune it"):
                tune_board(board, pack(result.layout, heavy, "11" * 32))
        # Kept, they would make the board silent from every start on: it refuses by itself, before it looks for flash.
        with pytest.raises(HilError, match=r"TUNE_COMMIT: the board refuses: E_OVERLOAD, .* they are not kept"):
            board.link.request(protocol.TUNE_COMMIT)
        assert board.health()["player"] == "OVERLOAD"
        tune_board(board, pack(result.layout, bank, result.digest))
        assert board.health()["player"] == "PLAYING"


def lines_until(process, wanted, timeout_s=60):
    """What a process says until a line holds `wanted`."""
    said = []
    deadline = time.monotonic() + timeout_s
    while select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))[0]:
        line = process.stdout.readline()
        if not line:
            break
        said.append(line.decode())
        if wanted in said[-1]:
            return said
    raise AssertionError(f"no {wanted!r} in {said}")


def test_tune_and_every_save_after_it(front3):
    directory, path, digest = front3
    process = subprocess.Popen(
        [PROSCENIUM, "tune", path, "--watch"],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    )
    try:
        assert "plays it already" in "".join(lines_until(process, "designed in"))
        lines_until(process, "watching")
        path.write_text(turned(path, 88))
        assert f"fades from {digest[:12]} to" in lines_until(process, "designed in")[-1]
        # A file that is no layout while it is being edited, and a graph that the image does not have.
        path.write_text("name = ")
        lines_until(process, "error: layout")
        path.write_text(turned(directory / "other.toml", 80).replace("azimuth_deg = -80", "azimuth_deg = -70"))
        lines_until(process, "built for another layout")
        # An editor that puts a new file in the place of the old one.
        (directory / "new").write_text(turned(directory / "other.toml", 80))
        (directory / "new").replace(path)
        lines_until(process, "fades from")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_json_names_both_designs(front3):
    directory, _, digest = front3
    result = subprocess.run(
        [PROSCENIUM, "tune", directory / "other.toml", "--json"],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.returncode, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert (told["layout"], told["before"]) == ("front3", digest)
    assert told["digest"] != digest


def commit_to(directory, *options):
    command = [PROSCENIUM, "tune", directory / "other.toml", "--commit", *options]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=240, check=False)


def test_the_virtual_board_keeps_what_it_is_tuned_to(front3):
    result = commit_to(front3[0])
    assert result.returncode == 0, result.stderr
    assert "virtual:stm32f405: 'front3' fades from" in result.stdout
    assert "kept in its flash as number 1" in result.stdout


def test_a_board_without_flash_says_so(front3, tmp_path):
    with Qemu("netduinoplus2", front3[0] / "build" / "front3" / "firmware.elf", (), tmp_path) as machine:
        result = commit_to(front3[0], "--port", machine.port)
    assert result.returncode == 4
    assert "error: this board has no flash that it can write (a board in QEMU has none)" in result.stderr


def test_the_board_itself_refuses_what_it_cannot_keep(small):
    layout, _, digest, elf, _, _ = small
    # A steady clock: a board that is late because its host is busy refuses because of that.
    with (
        QemuBoard(elf, digest, layout, icount=STEADY_CLOCK) as board,
        pytest.raises(HilError, match=r"TUNE_COMMIT: .* E_NO_FLASH"),
    ):
        board.link.request(protocol.TUNE_COMMIT)


def test_status_tells_how_the_board_is_and_disturbs_nothing(small, tmp_path):
    layout, _, digest, elf, _, _ = small
    with Qemu("netduinoplus2", elf, (), tmp_path) as machine:
        asked = [PROSCENIUM, "status", "--port", machine.port]
        shown = subprocess.run(asked, capture_output=True, text=True, timeout=60)
        told = subprocess.run([*asked, "--json"], capture_output=True, text=True, timeout=60)
    assert (shown.returncode, told.returncode) == (0, 0), shown.stderr + told.stderr
    for row in ("load", "blocks late", "peaks out", "limiters", "processor clock", "temperature", "started"):
        assert re.search(rf"^. {row} ", shown.stdout, re.MULTILINE), shown.stdout
    assert "SIMULATED" in shown.stdout
    assert "no sensor" in shown.stdout
    found = json.loads(told.stdout)
    assert (found["layout"], found["tables"]["digest"]) == (layout.name, digest)
    # By the wall's clock a board is late where its host is busy; it was never claimed.
    assert found["health"]["player"] in ("PLAYING", "OVERLOAD")


def test_a_board_that_plays_nothing_begins_with_the_new_tables(tmp_path):
    layout, _, digest = generate_small("q31", tmp_path / "generated")
    elf = build_image(tmp_path / "generated", "mps2-an500", tmp_path / "firmware.elf").elf
    other = small_bank(layout, 2)
    tables = pack(layout, other, design_digest(layout, other))
    samples = np.random.default_rng(3).integers(-(2**31), 2**31, (400, 2))
    with QemuBoard(elf, digest, layout, target=find_board("mps2-an500")) as board:
        board.process(samples)
        assert tune_board(board, tables) == Tuned(digest, None)
        assert tables_of(board.link).digest == tables.digest
        np.testing.assert_array_equal(board.process(samples), PipelineModel(other).process(samples))
