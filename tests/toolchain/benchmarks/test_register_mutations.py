"""Mutations of register writes: the list is whole, and the instrument notices what it must."""

import pytest

pytest.importorskip("unicorn")

from benchmarks.register_mutations import recorded
from benchmarks.register_mutations.__main__ import build_subject, unreached
from benchmarks.register_mutations.bus import EXCHANGED, LEFT_OUT, WRONG_BIT, Key, Mutation
from benchmarks.register_mutations.chips import STM32H743
from benchmarks.register_mutations.recorded import Record, mutated
from benchmarks.register_mutations.sites import Site, find_sites, mutations_of, source_writes
from benchmarks.register_mutations.verdict import caught_by, observe


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    return build_subject(tmp_path_factory.mktemp("mutations"))


@pytest.fixture(scope="module")
def sites(subject):
    return find_sites(subject, ["boot"])


def find(sites, file, register):
    return next((key, site) for key, site in sites.items() if (site.file, site.register) == (file, register))


def test_every_statement_that_writes_a_register_is_found_in_the_sources():
    found = source_writes()
    assert len(found) > 120
    assert {file for file, _ in found} >= {"clock.c", "i2s.c", "flash.c", "watchdog.c", "port.c", "tim11.c", "fault.c"}


def test_a_boot_reaches_what_starts_clocks_converters_and_line(sites):
    missing = {place.partition(":")[0] for place in unreached(sites.values())}
    assert missing <= {
        "clock.c",
        "audio.c",
        "flash.c",
        "fault.c",
        "i2s.c",
        "port.c",
        "tim11.c",
        "rom.c",
        "bootloader.c",
    }
    assert {site.file for site in sites.values()} >= {"clock.c", "i2s.c", "watchdog.c", "port.c", "stack_guard.c"}


def test_each_site_is_left_out_spoilt_and_exchanged(sites):
    key, site = find(sites, "i2s.c", "SPI2_I2SPR")
    # I2SDIV 2, ODD and MCKOE where 0x10 was: bits 1, 4, 8 and 9 change, one at each end.
    bits = [1 << 1, 1 << 9]
    expected = [Mutation(key, LEFT_OUT), *(Mutation(key, WRONG_BIT, bit) for bit in bits), Mutation(key, EXCHANGED)]
    assert mutations_of(key, site) == expected


@pytest.mark.parametrize(
    ("file", "register", "kind", "bit"),
    [
        ("i2s.c", "SPI2_I2SPR", LEFT_OUT, 0),
        ("clock.c", "RCC_PLLCFGR", WRONG_BIT, 1 << 6),
        ("crystal.c", "TIM11_CCMR1", EXCHANGED, 0),
    ],
)
def test_the_executed_board_notices(subject, sites, file, register, kind, bit):
    key, _ = find(sites, file, register)
    sound = {"boot": list(observe(subject, "boot"))}
    verdict = caught_by(subject, sound, Mutation(key, kind, bit))
    assert verdict is not None
    assert verdict.startswith("boot: ")
    assert caught_by(subject, sound, Mutation(Key(0, 0), LEFT_OUT)) is None


SITE = Site("i2s.c", 1, "SPI2_CR2", 0x40003804, {(2, 0)})
LINES = ["a line", "40003804 4 00000002", "40003c04 4 00000002", "end"]


@pytest.mark.parametrize(
    ("mutation", "lines"),
    [
        (Mutation(Key(0, 0), LEFT_OUT), ["a line", "40003c04 4 00000002", "end"]),
        (Mutation(Key(0, 0), WRONG_BIT, 4), ["a line", "40003804 4 00000006", "40003c04 4 00000002", "end"]),
        (Mutation(Key(0, 0), EXCHANGED), ["a line", "40003c04 4 00000002", "40003804 4 00000002", "end"]),
    ],
)
def test_a_record_is_mutated_like_the_bus(mutation, lines):
    assert mutated(LINES, SITE, mutation) == lines


def test_the_record_of_the_order_notices(tmp_path_factory):
    record = Record(tmp_path_factory)
    assert record.catches(SITE, Mutation(Key(0, 0), EXCHANGED)) == "test_pins_converters_and_dma_in_the_manuals_order"
    assert record.catches(Site("none", 1, "none", 0, {(0, 0)}), Mutation(Key(0, 0), LEFT_OUT)) is None


def test_a_record_that_fails_without_a_mutation_judges_nothing(tmp_path_factory, monkeypatch):
    """It would seem to catch every mutation."""
    monkeypatch.setattr(recorded, "_calls", lambda test: [("test_names", failing)])
    with pytest.raises(RuntimeError, match="test_names fails without a mutation"):
        Record(tmp_path_factory)


def failing(recorder, names):
    raise AssertionError


def test_the_port_to_the_stm32h743_is_judged_as_well(tmp_path):
    subject = build_subject(tmp_path, STM32H743)
    sites = find_sites(subject, ["boot"])
    assert {site.file for site in sites.values()} >= {"clock.c", "sai.c", "memory.c", "serial.c", "watchdog.c"}
    key, _ = find(sites, "clock.c", "RCC_PLLCKSELR")
    sound = {"boot": list(observe(subject, "boot"))}
    assert (caught_by(subject, sound, Mutation(key, LEFT_OUT)) or "").startswith("boot: ")
