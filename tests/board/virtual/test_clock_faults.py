"""Faults of the clocks. A crystal that is dead, foreign or lost; a PLL that does not lock; a core that stalls."""

import pytest
from executed import plays_bit_exact, taken

from designer import protocol
from designer.board.tune import commit, tune_board
from designer.board.virtual.events import SECOND
from designer.board.virtual.peripherals.rcc import Faults


@pytest.mark.parametrize("crystal_mhz", [8, 12, 16])
def test_one_image_plays_at_48_khz_with_any_crystal(small, crystal_mhz):
    machine, board = small.boot(clock_faults=Faults(hse_hz=crystal_mhz * 10**6))
    assert (board.info.clock_source, machine.rcc.sysclk_hz) == ("HSE_PLL", 168_000_000)
    numerator, denominator = machine.spi2.halfword_rate()
    assert numerator == 4 * 48000 * denominator
    assert plays_bit_exact(machine, small)


@pytest.mark.parametrize("crystal_hz", [4_000_000, 10_000_000, 20_000_000, 25_000_000])
def test_a_crystal_without_dividers_is_left_for_the_internal_oscillator(small, crystal_hz):
    machine, board = small.boot(clock_faults=Faults(hse_hz=crystal_hz))
    assert (board.info.clock_source, machine.rcc.sysclk_hz) == ("HSI_PLL", 168_000_000)
    assert not machine.rcc.values["CR"] & 1 << 16
    assert board.health()["audio_clock"] == "I2S"


@pytest.mark.parametrize("crystal_mhz", [8, 12, 16])
@pytest.mark.parametrize("error", [-0.08, 0.045])
def test_the_crystal_is_known_by_an_oscillator_at_the_ends_of_its_tolerance(small, crystal_mhz, error):
    """DS8626: HSI is -8 to 4.5 % off."""
    faults = Faults(hse_hz=crystal_mhz * 10**6, hsi_hz=round(16e6 * (1 + error)))
    machine, board = small.boot(clock_faults=faults)
    assert (board.info.clock_source, machine.rcc.sysclk_hz) == ("HSE_PLL", 168_000_000)


def test_a_crystal_lost_while_playing_is_replaced_without_a_reset(small):
    machine, board = small.boot()
    machine.run(0.02)
    entries = machine.machine.exceptions.entries
    machine.rcc.lose_crystal()
    assert machine.rcc.sysclk_hz == 16_000_000
    machine.run(0.0005)
    assert machine.pins.output("PC8") is False
    machine.run(0.02)
    assert machine.machine.exceptions.entries - entries < 100  # NMI does not come again and again
    assert (machine.rcc.sysclk_hz, machine.rcc.apb1_hz, machine.rcc.apb2_hz) == (168_000_000, 42_000_000, 84_000_000)
    health = board.health()
    assert (health["clock_source"], health["player"], health["audio_clock"]) == ("HSI_PLL", "PLAYING", "I2S")
    assert health["underruns"] == 1
    assert plays_bit_exact(machine, small)
    fields = board.link.hello()
    assert fields["clock_source"] == protocol.CLOCK["HSI_PLL"]


def test_what_was_tuned_survives_the_loss_of_the_crystal(small, tables):
    machine, board = small.boot()
    tune_board(board, tables[0])
    machine.run(0.1)
    machine.rcc.lose_crystal()
    machine.run(0.05)
    assert board.health()["clock_source"] == "HSI_PLL"
    assert commit(board.link).number == 1


def test_without_a_pll_a_lost_crystal_ends_in_a_reset_to_the_internal_oscillator(small):
    machine, board = small.boot()
    machine.run(0.02)
    machine.rcc.faults = Faults(pll_locks=False)
    machine.rcc.lose_crystal()
    machine.run(0.5)
    fields = board.link.hello()
    assert fields["reset_cause"] == protocol.RESET["SOFTWARE"]
    health = board.health()
    assert (health["clock_source"], health["audio_clock"]) == ("HSI", "TIMER")


def test_a_crystal_lost_on_the_timer_leaves_it_there(small):
    machine, board = small.boot(clock_faults=Faults(plli2s_locks=False))
    machine.run(0.02)
    machine.rcc.lose_crystal()
    machine.run(0.02)
    health = board.health()
    assert (health["clock_source"], health["audio_clock"], health["player"]) == ("HSI_PLL", "TIMER", "PLAYING")


def test_on_the_internal_oscillator_nothing_watches_the_crystal(small):
    machine, board = small.boot(clock_faults=Faults(hse_hz=None))
    assert board.health()["clock_source"] == "HSI_PLL"
    assert not machine.rcc.values["CR"] & (1 << 19 | 1 << 16)


def test_a_dead_crystal_costs_no_output(small):
    machine, _ = small.boot(clock_faults=Faults(hse_hz=None))
    assert plays_bit_exact(machine, small)
    assert len(taken(machine)) == 0


# --- finding D: SysTick while the core stands still


def test_uptime_goes_on_while_the_flash_is_erased(small, tables):
    machine, board = small.boot()
    tune_board(board, tables[0])
    before, begun = int(board.health()["uptime_ms"]), machine.machine.now
    assert commit(board.link).number == 1
    after, ended = int(board.health()["uptime_ms"]), machine.machine.now
    passed_ms = (ended - begun) / SECOND * 1000
    assert passed_ms > 1000
    assert after - before == pytest.approx(passed_ms, abs=3)
