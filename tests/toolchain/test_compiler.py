"""Images: what they carry, what they take, and errors that help."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from designs import INPUTS, generate_small, small_layout

from designer.codegen.generate import generate
from designer.codegen.writer import write
from designer.errors import BoardNotFoundError, BuildError
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.number_format import Q31
from designer.resources import cache_directory
from designer.toolchain.boards import BOARDS, find_board
from designer.toolchain.compiler import build_host_library, build_image, compiler_version
from designer.toolchain.elf import read_sections
from designer.toolchain.image import read_image


@pytest.fixture(scope="module")
def image(number_format, tmp_path_factory):
    directory = tmp_path_factory.mktemp(f"image-{number_format}")
    _, _, digest = generate_small(number_format, directory / "generated")
    return build_image(directory / "generated", "stm32f405", directory / "firmware.elf"), digest


def test_image_carries_the_design(image, number_format):
    built, digest = image
    assert built.digest == digest
    identity = built.identity
    assert (identity.layout_name, identity.number_format, identity.drivers) == ("small", number_format, 2)
    assert (identity.inputs, identity.block_samples, identity.sample_rate_hz) == (3, 32, 48000)
    assert read_image(built.elf) == built
    assert built.elf.with_suffix(".map").is_file()


def test_memory_use_is_that_of_the_sections(image):
    built, _ = image
    sections = read_sections(built.elf)
    in_flash = (".vectors", ".table_crc", ".tables", ".proscenium", ".text", ".rodata", ".ARM.exidx", ".data")
    assert built.flash_bytes == sum(sections[name].size for name in in_flash if name in sections)
    assert built.ram_bytes == sum(
        sections[name].size for name in (".stack", ".data", ".bss", ".noinit") if name in sections
    )
    assert sections[".stack"].size == 4096
    board = BOARDS["stm32f405"]
    assert built.flash_bytes < board.flash_bytes
    assert built.ram_bytes < board.ram_bytes


def test_coefficients_are_in_flash_once(image, number_format):
    built, _ = image
    # 107 taps of 2 or 4 bytes; what points to them is small
    taps = (37 + 5 + 1 + 64) * (2 if number_format == "q15" else 4)
    size = read_sections(built.elf)[".tables"].size
    assert taps <= size < taps + 1024


def test_vector_table_starts_the_stack_lowest(image):
    vectors = read_sections(image[0].elf)[".vectors"].data
    assert len(vectors) == 4 * (16 + 82)
    assert int.from_bytes(vectors[:4], "little") == 0x20000000 + 4096
    reset = int.from_bytes(vectors[4:8], "little")
    assert reset & 1  # Thumb
    assert 0x08000000 < reset < 0x08100000


@pytest.mark.parametrize("board", ["mps2-an500", "mps3-an547"])
def test_boards_that_only_qemu_has_start_at_zero(board, tmp_path):
    generate_small("q31", tmp_path)
    built = build_image(tmp_path, board, tmp_path / "firmware.elf")
    vectors = read_sections(built.elf)[".vectors"].data
    assert int.from_bytes(vectors[:4], "little") == 0x20000000 + 4096
    assert int.from_bytes(vectors[4:8], "little") & 1  # Thumb
    assert built.ram_bytes < BOARDS[board].ram_bytes


def test_the_same_sources_give_the_same_image(tmp_path):
    images = []
    for name in ("first", "second"):
        generate_small("q15", tmp_path / name)
        images.append(build_image(tmp_path / name, "virtual", tmp_path / f"{name}.elf").elf)
    loaded = [
        [section.data for section in read_sections(elf).values() if section.flags & 2 and section.data]
        for elf in images
    ]
    assert loaded[0] == loaded[1]


def test_the_same_place_gives_the_same_map(tmp_path):
    """Images are linked beside their place, in a directory whose name is another one each time."""
    generate_small("q15", tmp_path)
    maps = []
    for _ in range(2):
        build_image(tmp_path, "stm32f405", tmp_path / "firmware.elf")
        maps.append((tmp_path / "firmware.map").read_text())
    assert maps[0] == maps[1]
    assert f"OUTPUT({tmp_path / 'firmware.elf'} " in maps[0]


def test_a_very_large_design_fits_and_more_is_refused_with_a_remedy(tmp_path):
    layout = small_layout("q31", drivers=16).model_copy(update={"block_samples": 64})
    path = FixedPointPath(np.ones(2048, dtype=np.int32), delay=3400)
    bank = FixedPointBank(Q31, 48000, layout.driver_names, INPUTS, ((path,) * 3,) * 16)
    write(generate(layout, bank), tmp_path)
    assert build_image(tmp_path, "stm32f405", tmp_path / "firmware.elf").ram_bytes <= 128 * 1024
    header = tmp_path / "design.h"
    header.write_text(re.sub(r"PS_HISTORY_SAMPLES \d+", "PS_HISTORY_SAMPLES 8447", header.read_text()))
    with pytest.raises(BuildError, match=r"does not fit stm32f405 .*128 KiB RAM.*: use fewer taps"):
        build_image(tmp_path, "stm32f405", tmp_path / "firmware.elf")
    assert not (tmp_path / "firmware.elf").exists()


def test_nothing_generated_is_said(tmp_path):
    with pytest.raises(BuildError, match=r"design\.c' is missing: generate the design first"):
        build_image(tmp_path, "stm32f405", tmp_path / "x.elf")


def test_what_does_not_compile_names_the_file(tmp_path):
    generate_small("q15", tmp_path)
    with (tmp_path / "design.c").open("a") as file:
        file.write("int unused_parameter(int a) { return 0; }\n")
    with pytest.raises(BuildError, match=r"compiling 'design\.c' failed"):
        build_host_library(tmp_path, tmp_path / "core.so")


def test_a_missing_compiler_names_its_package(tmp_path, monkeypatch):
    generate_small("q15", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"'arm-none-eabi-gcc' was not found .* apt-get install gcc-arm-none-eabi"):
        build_image(tmp_path, "stm32f405", tmp_path / "x.elf")


def test_an_unknown_board_is_refused():
    with pytest.raises(
        BoardNotFoundError, match="board 'arduino': unknown; there are virtual, mps2-an500, mps3-an547, stm32f405"
    ):
        find_board("arduino")


def test_the_compiler_says_its_version():
    assert "arm-none-eabi-gcc" in compiler_version()


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x02\x01" + bytes(100), b"\x7fELF\x01\x01" + b"\xff" * 100])
def test_what_is_no_image_is_refused(tmp_path, content):
    (tmp_path / "x.elf").write_bytes(content)
    with pytest.raises(BuildError, match=r"x\.elf'"):
        read_image(tmp_path / "x.elf")


def test_a_foreign_elf_file_has_no_identity(tmp_path, image):
    data = bytearray(Path(image[0].elf).read_bytes())
    data[data.index(b".proscenium\0")] = ord("x")
    (tmp_path / "x.elf").write_bytes(data)
    with pytest.raises(BuildError, match="carries no design identity"):
        read_image(tmp_path / "x.elf")


def test_an_interrupted_build_leaves_no_image_and_no_scratch(tmp_path, monkeypatch):
    generate_small("q31", tmp_path / "generated")
    out = tmp_path / "firmware.elf"
    out.write_bytes(b"the image of an earlier design")

    def interrupt(elf):
        raise KeyboardInterrupt

    monkeypatch.setattr("designer.toolchain.compiler.write_table_crc", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_image(tmp_path / "generated", "stm32f405", out)
    assert [path.name for path in tmp_path.iterdir()] == ["generated"]


def test_two_builds_at_once_do_not_break_each_other(tmp_path):
    _, _, digest = generate_small("q31", tmp_path / "generated")
    out = tmp_path / "firmware.elf"
    with ThreadPoolExecutor(2) as pool:
        builds = [pool.submit(build_image, tmp_path / "generated", "stm32f405", out) for _ in range(2)]
        assert {build.result().digest for build in builds} == {digest}
    assert read_image(out).digest == digest
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "firmware.ci",
        "firmware.elf",
        "firmware.map",
        "generated",
    ]


def test_objects_are_kept_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "proscenium"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path.home() / ".cache" / "proscenium"
    # Relative paths are ignored, as the specification says.
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert cache_directory() == Path.home() / ".cache" / "proscenium"


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    def unknown(number):
        raise KeyError(f"uid not found: {number}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BuildError, match="no home directory: set XDG_CACHE_HOME"):
        cache_directory()
