"""Programs for the model of the STM32H743: small ones with the stack in DTCM, and the firmware as it ships."""

import subprocess

import pytest
from designs import generate_small, retuned_bank
from h743 import Image, results

from designer.board.virtual.stm32h743 import Stm32h743
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.codegen.writer import write
from designer.design.build import build_design
from designer.layout.shipped import find_layout
from designer.toolchain.compiler import build_image

FLAGS = ("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard", "-O1", "-ffreestanding", "-nostdlib")
START = """
#include <stdint.h>
#define REG(address) (*(volatile uint32_t *)(address))
/* What a test reads: results in DTCM. */
#define RESULT ((volatile uint32_t *)0x20000100u)
void start(void);
void on_fault(void);
void idle(void);
void idle(void) { for (;;) { __asm volatile("wfi"); } }
__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
    (void *)0x20020000u, start, idle, on_fault, on_fault, on_fault, on_fault,
};
"""
DEFAULT_FAULT = "void on_fault(void) { RESULT[63] = 0xDEADu; idle(); }\n"
SCRIPT = """
SECTIONS
{
    . = 0x08000000;
    .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
    /DISCARD/ : { *(.ARM*) *(.comment) *(.note*) }
}
ENTRY(start)
"""


@pytest.fixture(scope="session")
def compile_program(tmp_path_factory):
    """Compile the text of a program that has `start`, and may have `on_fault`; give the image."""

    def compiled(text):
        directory = tmp_path_factory.mktemp("h743")
        fault = "" if "void on_fault(void)" in text else DEFAULT_FAULT
        source, script, elf = (directory / name for name in ("program.c", "program.ld", "program.elf"))
        source.write_text(START + fault + text)
        script.write_text(SCRIPT)
        command = ["arm-none-eabi-gcc", *FLAGS, "-T", str(script), "-Wl,--build-id=none", str(source), "-o", str(elf)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        return elf

    return compiled


@pytest.fixture(scope="session")
def idle_image(compile_program):
    """A program that does nothing."""
    return compile_program("void start(void) { idle(); }\n")


@pytest.fixture
def board(idle_image):
    """A board ahead of its first instruction."""
    return Stm32h743(idle_image)


@pytest.fixture
def run_program(compile_program):
    """Run a program for a time, and give the board and its results."""

    def run(text, seconds=0.01, count=8, **changes):
        board = Stm32h743(compile_program(text), **changes)
        board.run(seconds)
        return board, results(board, count)

    return run


def build(layout, directory, **changes):
    result = build_design(find_layout(layout).model_copy(update=changes))
    write(result.sources, directory / "generated")
    elf = build_image(directory / "generated", "stm32h743", directory / "firmware.elf").elf
    return Image(result.layout, result.fixed, result.digest, elf)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Two drivers of random filters: quick to build and to run."""
    directory = tmp_path_factory.mktemp("h743-small")
    layout, bank, digest = generate_small("q15", directory / "generated", equalised=(True, False, True))
    return Image(layout, bank, digest, build_image(directory / "generated", "stm32h743", directory / "small.elf").elf)


@pytest.fixture(scope="session")
def tables(small):
    """Two sets of tables that the small image can be tuned to."""
    banks = [retuned_bank(small.layout, small.bank, seed) for seed in (2, 3)]
    return [pack(small.layout, bank, design_digest(small.layout, bank)) for bank in banks]


@pytest.fixture(scope="session")
def echo_studio(tmp_path_factory):
    """Five drivers."""
    return build("echo-studio", tmp_path_factory.mktemp("h743-echo-studio"))


@pytest.fixture(scope="session")
def bar6(tmp_path_factory):
    """Six drivers."""
    return build("bar6", tmp_path_factory.mktemp("h743-bar6"))


@pytest.fixture(scope="session")
def bar6_at_96_khz(tmp_path_factory):
    """Six drivers at twice the rate."""
    return build("bar6", tmp_path_factory.mktemp("h743-bar6-96"), sample_rate_hz=96000)
