"""The image that ships, executed: it starts its clocks and speaks, and the same run is always the same."""

import numpy as np
import pytest

from designer import protocol
from designer.board.virtual.peripherals.rcc import Faults
from designer.fixedpoint.model.pipeline import PipelineModel


def test_it_locks_its_clocks_and_says_hello(small):
    machine, board = small.boot()
    rcc = machine.rcc
    assert (rcc.sysclk_hz, rcc.apb1_hz, rcc.apb2_hz) == (168_000_000, 42_000_000, 84_000_000)
    numerator, denominator = machine.spi2.halfword_rate()
    assert numerator == 4 * 48000 * denominator
    assert (board.info.clock_source, board.info.reset_cause) == ("HSE_PLL", "POWER")
    health = board.health()
    assert (health["player"], health["audio_clock"], health["temperature"]) == ("PLAYING", "I2S", 40)


@pytest.mark.parametrize(
    ("faults", "source", "core_hz", "audio"),
    [
        (Faults(hse_hz=None), "HSI_PLL", 168_000_000, "I2S"),
        (Faults(pll_locks=False), "HSI", 16_000_000, "TIMER"),
        (Faults(plli2s_locks=False), "HSE_PLL", 168_000_000, "TIMER"),
    ],
)
def test_a_clock_that_does_not_start_is_replaced(small, faults, source, core_hz, audio):
    machine, board = small.boot(clock_faults=faults)
    assert (board.info.clock_source, machine.rcc.hclk_hz) == (source, core_hz)
    assert board.health()["audio_clock"] == audio
    samples = np.random.default_rng(5).integers(-(2**15), 2**15, (200, 2))
    np.testing.assert_array_equal(board.process(samples), PipelineModel(small.bank).process(samples))


def test_a_run_is_the_same_each_time_and_with_the_hook_in_python(small, monkeypatch):
    # The number of a session is random.  A zero byte in it or in its CRC takes the board some instructions more.
    monkeypatch.setattr("designer.board.link.secrets.randbelow", lambda most: 0x1234)
    runs = [small.boot(in_c=in_c)[0] for in_c in (True, True, False)]
    assert [machine.machine.cpu.counter.is_compiled for machine in runs] == [True, True, False]
    assert len({(machine.machine.now, machine.machine.cpu.counter.executed) for machine in runs}) == 1


def test_the_serial_line_runs_the_pipeline_bit_exact(front3):
    _, board = front3.boot()
    samples = np.random.default_rng(3).integers(-(2**31), 2**31, (1000, 2))
    model = PipelineModel(front3.bank)
    np.testing.assert_array_equal(board.process(samples), model.process(samples))
    np.testing.assert_array_equal(board.stream(samples[:300]), model.process(samples[:300]))


@pytest.mark.parametrize("in_c", [True, False])
def test_a_host_that_sends_without_a_pause_loses_no_byte(small, in_c):
    machine, board = small.boot(in_c=in_c)
    # More than the ring between interrupt and application holds, in one go.
    board.link.transport.write(bytes(range(1, 256)) * 200)
    machine.run(0.1)
    assert machine.usart.waiting_bytes == 0
    board.link.transport.read(0.0)
    board.link.hello()
    assert board.status()["receive_overruns"] == 0


def test_the_reset_pin_is_told_from_power(small):
    machine, board = small.boot()
    machine.reset()
    board.link.hello()
    machine.run(0.01)
    fields = board.link.hello()
    assert fields["reset_cause"] == protocol.RESET["PIN"]
