"""The firmware that ships on the STM32H743, executed: it boots, locks its clocks and plays through eight channels."""

import numpy as np
import pytest
from executed import expected, play, plays_bit_exact, plays_small

from designer.board.virtual.errors import HardwareRefusalError
from designer.board.virtual.stm32h743 import Faults
from designer.board.virtual.stm32h743_audio import LINES, OUTPUTS

DELAY_BLOCKS = 2


@pytest.mark.parametrize(
    ("revision", "core_hz", "scale"),
    [("V", 480_000_000, 0), ("Y", 400_000_000, 1)],
)
def test_it_locks_its_clocks_as_fast_as_its_silicon_allows(small, revision, core_hz, scale):
    machine, board = small.boot(revision=revision)
    rcc = machine.rcc
    assert (rcc.core_hz, rcc.hclk_hz, machine.pwr.scale) == (core_hz, core_hz // 2, scale)
    assert {rcc.apb_hz(n) for n in (1, 2, 3, 4)} == {core_hz // 4}
    numerator, denominator = machine.block("SAI1_A").frame_rate()
    assert abs(numerator / denominator / 48000 - 1) < 1e-6
    assert (board.info.clock_source, board.info.reset_cause) == ("HSE_PLL", "POWER")
    health = board.health()
    assert (health["player"], health["audio_clock"], health["temperature"]) == ("PLAYING", "I2S", 40)
    assert machine.ignored == []
    assert plays_bit_exact(machine, small)


@pytest.mark.parametrize(
    ("faults", "source", "core_hz", "audio"),
    [
        (Faults(hse_hz=None), "HSI_PLL", 480_000_000, "I2S"),
        (Faults(pll_locks=(False, True, True)), "HSI", 64_000_000, "TIMER"),
        (Faults(pll_locks=(True, False, True)), "HSE_PLL", 480_000_000, "TIMER"),
        (Faults(hse_hz=25_000_000, hse_is_crystal=True), "HSE_PLL", 480_000_000, "I2S"),
    ],
)
def test_a_clock_that_does_not_start_is_replaced(small, faults, source, core_hz, audio):
    machine, board = small.boot(clock_faults=faults)
    assert (board.info.clock_source, machine.rcc.core_hz) == (source, core_hz)
    assert board.health()["audio_clock"] == audio


@pytest.mark.parametrize("name", ["echo_studio", "bar6", "bar6_at_96_khz"])
def test_layouts_of_five_and_six_drivers_play_bit_exact_two_blocks_later(name, request):
    image = request.getfixturevalue(name)
    machine, board = image.boot()
    samples = np.random.default_rng(4).integers(-(2**31), 2**31, (6000, 2)).astype(np.int32)
    _, heard = play(machine, samples, 0.1)
    delay, drivers = DELAY_BLOCKS * image.layout.block_samples, len(image.layout.drivers)
    count = min(len(heard) - delay, len(samples))
    assert count > 4000
    np.testing.assert_array_equal(heard[delay:, :drivers][:count], expected(image, samples)[:count])
    assert heard.shape[1] == 8
    assert abs(machine.sample_rate_hz() - image.layout.sample_rate_hz) <= 1
    assert not heard[:, drivers:].any()
    health = board.health()
    assert (health["deadline_misses"], health["overruns"], health["underruns"], machine.races) == (0, 0, 0, 0)
    # As the model counts them: a cycle for an instruction, interrupts included.
    assert health["block_ticks_max"] < health["block_ticks_budget"] * 2 // 3


def test_each_channel_comes_out_of_its_own_pin(bar6):
    """Drivers that are all told apart by their gain: a pin that is not routed silences its two alone."""
    for n, pin in enumerate(LINES[name] for name in OUTPUTS):
        machine, _ = bar6.boot()
        port = machine.pins._ports[pin[1]]
        machine.run(0.02)
        port.values["MODER"] &= ~(3 << 2 * int(pin[2:]))
        samples = np.random.default_rng(n).integers(-(2**30), 2**30, (2000, 2)).astype(np.int32)
        _, heard = play(machine, samples, 0.03)
        silent = [not heard[500:, channel].any() for channel in range(6)]
        assert silent == [channel // 2 == n for channel in range(6)]


def test_the_frame_accurate_mode_plays_the_same(small):
    machine, _ = small.boot()
    for unit in machine.sai.values():
        for block in unit.blocks.values():
            block.frame_accurate = True
    samples = np.random.default_rng(4).integers(-(2**15), 2**15, (600, 2)).astype(np.int32) << 16
    first, heard = play(machine, samples, 0.01)
    delay = DELAY_BLOCKS * small.layout.block_samples + machine.adc.origin - first
    assert len(heard) - delay > 300
    assert plays_small(small, heard[delay:, :2], samples)


def test_an_adc_without_its_master_clock_records_nothing(small):
    machine, board = small.boot()
    machine.pins._ports["E"].values["MODER"] &= ~(3 << 4)
    play(machine, np.full((3000, 2), 2**30, np.int32), 0.05)
    assert board.health()["peak_left"] == 0


def test_a_run_is_the_same_each_time_and_with_the_hook_in_python(small, monkeypatch):
    monkeypatch.setattr("designer.board.link.secrets.randbelow", lambda most: 0x1234)
    runs = [small.boot(in_c=in_c)[0] for in_c in (True, True, False)]
    assert len({(machine.machine.now, machine.machine.cpu.counter.executed) for machine in runs}) == 1


def test_dma_buffers_in_cached_memory_are_refused(small):
    """The proof of coherency: without the region of the MPU, the first stream that starts is refused."""
    machine, _ = small.boot()
    machine.run(0.01)
    with pytest.raises(HardwareRefusalError, match="data cache may hold"):
        machine.mpu.write(0x04, 4, 0)
