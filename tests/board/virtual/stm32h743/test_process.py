"""The STM32H743 as a process: chosen by name, over its pseudo terminal, and through its converters."""

import json

import numpy as np
import pytest
from executed import plays_small

from designer.board.choice import choose_board
from designer.board.converters import playing
from designer.board.open import VirtualBoard, open_board
from designer.errors import BoardNotFoundError
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.toolchain.boards import find_board


def test_boards_are_chosen_by_name():
    choice = choose_board("virtual:stm32h743")
    assert (choice.target.name, choice.port, choice.in_qemu, choice.suffix) == ("stm32h743", None, False, "-stm32h743")
    real = choose_board("stm32h743:/dev/ttyACM0")
    assert (real.target.name, real.port, real.is_real) == ("stm32h743", "/dev/ttyACM0", True)
    with pytest.raises(BoardNotFoundError, match="QEMU has no such machine"):
        choose_board("qemu:stm32h743")
    with pytest.raises(BoardNotFoundError, match="exists in QEMU only"):
        choose_board("mps2-an500:/dev/ttyACM0")


def test_it_speaks_and_plays_through_eight_channels_as_a_process(small, tmp_path):
    trace = tmp_path / "trace.json"
    samples = np.random.default_rng(1).integers(-(2**15), 2**15, (1000, 2))
    with VirtualBoard(small.elf, small.digest, small.layout, ("--trace", str(trace)), find_board("stm32h743")) as board:
        assert board.name == "virtual:stm32h743"
        np.testing.assert_array_equal(board.process(samples), PipelineModel(small.bank).process(samples))
        with playing(board) as converters:
            heard = converters.play(samples)
            heard = np.concatenate([heard, converters.play(np.zeros((400, 2), np.int64))])
            delay = converters.skip_frames
            assert converters.races() == 0
    count = min(len(heard) - delay, 1000)
    assert count > 900
    assert plays_small(small, heard[delay:][:count] << 16, samples.astype(np.int32) << 16)
    names = {event["name"] for event in json.loads(trace.read_text())}
    assert {"USART3", "DMA1 stream 4", "DMA1 stream 4, first half", "DMA1 stream 0, second half", "block"} <= names


def test_open_board_executes_it_where_no_port_is_named(small):
    with open_board(small.elf, small.digest, small.layout, target=find_board("stm32h743")) as board:
        assert board.info.board_name == "stm32h743"
