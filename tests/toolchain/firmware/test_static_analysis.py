"""Own code is clean under GCC's analyser, cppcheck and clang-tidy, for the real boards."""

import shutil
import subprocess

import pytest
from designs import generate_small

from designer.toolchain.boards import FIRMWARE_ROOT, find_board
from designer.toolchain.compiler import CROSS_COMPILER, OWN_FLAGS, core_sources

NUMBER_FORMAT = "q31"


def sources_of(board):
    """All that the STM32F405's image is made of; of the STM32H743's what is its own, or depends on its headers."""
    paths = [path for path in board.source_directories if board.name == "stm32f405" or path.name != "cortex_m"]
    core = core_sources(NUMBER_FORMAT) if board.name == "stm32f405" else []
    if core:
        paths.append(FIRMWARE_ROOT / "app")
    return [*core, *(source for path in paths for source in sorted(path.glob("*.c")))]


# Right shifts of negative numbers are arithmetic: GCC documents so, and the tests would tell.
CPPCHECK_SUPPRESSIONS = (
    "shiftTooManyBitsSigned",
    "missingIncludeSystem",
    "unusedFunction",
    "normalCheckLevelMaxBranches",
)
CLANG_TIDY_CHECKS = (
    "-*",
    "bugprone-*",
    "clang-analyzer-*",
    "cert-*",
    "misc-redundant-expression",
    "-bugprone-easily-swappable-parameters",
    # Cases of a switch whose answers agree by chance are not one case.
    "-bugprone-branch-clone",
    # From LLVM 18 on: bytes that are read as words are aligned, and a check of each says so.
    "-bugprone-casting-through-void",
    # Annex K's memcpy_s does not exist here.
    "-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling",
    # Identifiers that begin with two underscores are the compiler's own intrinsics.
    "-bugprone-reserved-identifier",
    "-cert-dcl37-c",
    "-cert-dcl51-cpp",
)


@pytest.fixture(scope="module", params=["stm32f405", "stm32h743"])
def board(request):
    return find_board(request.param)


@pytest.fixture(scope="module")
def includes(board, tmp_path_factory):
    directory = tmp_path_factory.mktemp("analysed")
    generate_small(NUMBER_FORMAT, directory)
    own = (directory, FIRMWARE_ROOT / "core", FIRMWARE_ROOT / "app", FIRMWARE_ROOT / "port", *board.source_directories)
    return [f"-I{path}" for path in own]


def need(tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed: make test installs it")
    return tool


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return (result.stdout + result.stderr).strip(), result.returncode


def test_gccs_analyser_finds_nothing(board, includes, tmp_path):
    for source in sources_of(board):
        command = [CROSS_COMPILER, *board.cpu_flags, *OWN_FLAGS, "-fanalyzer", *includes, "-c", str(source)]
        said, code = run([*command, "-o", str(tmp_path / "x.o")])
        assert (said, code) == ("", 0)


def test_cppcheck_finds_nothing(board, includes):
    command = [need("cppcheck"), "--quiet", "--enable=warning,performance,portability", "--inline-suppr"]
    command += ["--error-exitcode=1", "--std=c11", "-D__arm__", "-D__ARM_ARCH=7", "-D__ARM_FEATURE_DSP"]
    # From 2.17 on it does not parse a variable's register, which is of no account here.
    command += ["-D__asm__(register)="]
    command += [f"--suppress={name}" for name in CPPCHECK_SUPPRESSIONS]
    said, code = run([*command, *includes, *map(str, sources_of(board))])
    assert (said, code) == ("", 0)


def test_clang_tidy_finds_nothing(board, includes):
    command = [need("clang-tidy"), "--quiet", "--warnings-as-errors=*", f"--checks={','.join(CLANG_TIDY_CHECKS)}"]
    flags = ["--target=thumbv7em-none-eabihf", *board.cpu_flags[:1], "-std=gnu11", *includes]
    flags += ["-isystem", "/usr/lib/arm-none-eabi/include"]
    # A process for each file: in one process for all, clang 14 now and then took a function of ours for va_copy().
    for source in sources_of(board):
        said, code = run([*command, str(source), "--", *flags])
        assert code == 0, said
