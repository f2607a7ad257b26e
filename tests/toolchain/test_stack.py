"""The stack's bound: it covers what runs, it fits what is reserved, and what has no bound is said."""

import numpy as np
import pytest
from designs import MIRRORED, generate_small
from playing import await_blocks

from designer.board.open import STEADY_CLOCK, QemuBoard, VirtualBoard
from designer.errors import BuildError
from designer.toolchain import stack
from designer.toolchain.boards import BOARDS
from designer.toolchain.compiler import build_image
from designer.toolchain.stack import EXCEPTION_FRAME_BYTES, sizes_of, stack_bound


@pytest.fixture(scope="module", params=sorted(BOARDS))
def image(request, number_format, tmp_path_factory):
    directory = tmp_path_factory.mktemp("stack")
    generate_small(number_format, directory, MIRRORED, drivers=3)
    return build_image(directory, request.param, directory / "firmware.elf"), request.param


def test_the_bound_is_within_what_is_reserved(image):
    bound = stack_bound(image[0].elf)
    assert 0 < bound.bytes <= bound.reserved_bytes
    # The deepest place of all is known by name, and interrupts are on top of it.
    assert bound.paths["program"][1][:2] == ("reset_handler", "main")
    assert bound.bytes == sum(depth for depth, _ in bound.paths.values()) + len(bound.paths) * EXCEPTION_FRAME_BYTES
    if image[1] == "stm32f405":
        assert list(bound.paths) == ["program", "audio's work", "audio", "serial line", "clock security"]
        assert "ps_pipeline_process" in bound.paths["audio's work"][1]


def test_what_was_used_is_below_the_bound(image):
    built, board = image
    if BOARDS[board].audio_channels == 0:
        pytest.skip("only a board with audio tells how much of its stack was used")
    sizes = sizes_of(built)
    for each in _stack_free(built, board):
        assert 500 < sizes["stack_reserved_bytes"] - each <= sizes["stack_bound_bytes"]


def _stack_free(built, board):
    """Bytes of the stack that no call has reached, in QEMU or, where QEMU has no such board, on the virtual board."""
    if not BOARDS[board].qemu_machine:
        with VirtualBoard(built.elf, target=BOARDS[board]) as running:
            await_blocks(running, 20)
            running.process(np.ones((500, 2), dtype=int))
            running.profile()
            return [running.health()["stack_free"]]
    # Counted instructions: on a busy machine the clock of the wall could make an overload, which plays nothing.
    with QemuBoard(built.elf, icount=STEADY_CLOCK) as running:
        free = [await_blocks(running, 20)["stack_free"]]
    # The wall's clock: where instructions are counted idle time is skipped, and between two requests of a busy machine
    # the board's 30 s without a host can pass, after which it plays again and has no block to look into.
    with QemuBoard(built.elf) as running:
        running.process(np.ones((500, 2), dtype=int))
        for stage, index in (("bus", 0), ("path", 0), ("sum", 0), ("output", 0)):
            running.tap(stage, index)
        running.profile()
        free.append(running.health()["stack_free"])
    return free


def test_a_pointer_that_nobody_names_has_no_bound(image, monkeypatch):
    monkeypatch.setitem(stack.POINTERS, "core/play/player.c", ())
    monkeypatch.delitem(stack.POINTERS, "core/tables/slots.c")
    with pytest.raises(BuildError, match=r"calls through a pointer that stack\.POINTERS lacks"):
        stack_bound(image[0].elf)


def test_every_named_pointer_is_a_function_of_some_image(number_format, tmp_path):
    generate_small(number_format, tmp_path)
    functions = {}
    for board in ("stm32f405", "stm32h743"):
        elf = build_image(tmp_path, board, tmp_path / f"{board}.elf").elf
        functions |= stack._disassembled(stack.run_tool([stack.find_tool(stack.OBJDUMP), "-d", str(elf)], "reading"))
    assert {name for names in stack.POINTERS.values() for name in names} - set(functions) == set()


CODE = """
08000000 <reset_handler>:
 8000000:\tpush\t{r4, r5, lr}
 8000002:\tvpush\t{d8-d9}
 8000004:\tsub\tsp, #24
 8000006:\tstr.w\tlr, [sp, #-8]!
 800000a:\tbl\t8000010 <leaf>
 800000e:\tbne.n\t8000000 <reset_handler>

08000010 <leaf>:
 8000010:\tstmdb\tsp!, {r4, r5, r6, r7, r8, lr}
 8000014:\tb.n\tTARGET
"""


def test_frames_are_read_from_instructions():
    functions = stack._disassembled(CODE.replace("TARGET", "8000012 <leaf+0x2>"))
    assert (functions["reset_handler"].frame, functions["leaf"].frame) == (12 + 16 + 24 + 8, 24)
    assert stack._deepest(functions, "reset_handler", ()) == (84, ("reset_handler", "leaf"))


def test_a_recursion_and_a_frame_that_depends_on_data_have_no_bound():
    functions = stack._disassembled(CODE.replace("TARGET", "8000000 <reset_handler>"))
    with pytest.raises(BuildError, match="reset_handler > leaf > reset_handler is a recursion"):
        stack._deepest(functions, "reset_handler", ())
    functions = stack._disassembled(
        CODE.replace("sub\tsp, #24", "sub.w\tsp, sp, r3").replace("TARGET", "8000012 <leaf+0x2>")
    )
    with pytest.raises(BuildError, match=r"the frame of reset_handler\(\) depends on the data"):
        stack._deepest(functions, "reset_handler", ())
