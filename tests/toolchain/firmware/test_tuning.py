"""Tables exchanged while it plays: proved before anything is touched, faded to bit by bit, or left as they were."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from designs import retuned_bank, small_bank

from designer import protocol
from designer.board.session import Board
from designer.board.tune import tables_of, upload
from designer.codegen.digest import design_digest
from designer.codegen.table_set import announce, pack
from designer.errors import HilError
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath
from designer.fixedpoint.model.crossfade import group_samples, warm_up_samples
from designer.fixedpoint.model.pipeline import PipelineModel
from designer.fixedpoint.number_format import NumberFormat
from hil_tests.harness.host_core import HostTransport

HISTORY = 218  # of the small design's image: 90, and room for 128 more


@pytest.fixture
def design(built):
    layout, bank, digest, core = built
    return layout, bank, digest, core


@pytest.fixture
def board(design):
    return Board(HostTransport(design[3]))


def retuned(layout, bank, seed=2):
    """Another bank of the same graph, and its tables for the line."""
    other = retuned_bank(layout, bank, seed)
    return other, pack(layout, other, design_digest(layout, other))


def noise(number_format, frames, channels=2, seed=3):
    full = NumberFormat.named(number_format).sample.largest
    return np.random.default_rng(seed).integers(-full, full + 1, (frames, channels))


def fade_of(layout, bank):
    """Length of one group's fade, and of the warm-up ahead of the first."""
    warm_up = warm_up_samples(bank, layout.block_samples)
    return group_samples(bank.sample_rate_hz, len(bank.structure.groups), layout.block_samples, warm_up), warm_up


def send(board, tables, announced):
    """Bring bytes as they are, past the host's own checks."""
    board.link.request(protocol.TUNE_BEGIN, announced)
    for start in range(0, len(tables), 1000):
        part = protocol.TUNE_DATA.payload.pack(offset=start) + tables[start : start + 1000]
        board.link.request(protocol.TUNE_DATA, part)
    board.link.request(protocol.TUNE_APPLY)


@pytest.mark.parametrize("block", [32, 7])
def test_the_fade_is_the_models_to_the_last_bit(board, design, number_format, block):
    layout, bank, digest, _ = design
    other, tables = retuned(layout, bank)
    # Below every limit: a limiter would remember what the old tables made of it.
    samples = noise(number_format, 3000) // 8
    model = PipelineModel(bank, HISTORY)
    expected = [model.process(samples[:500])]
    model.tune(other, *fade_of(layout, other))
    expected.append(model.process(samples[500:]))
    board.start()
    heard = [board.stream(samples[:500])]
    upload(board.link, tables)
    assert tables_of(board.link).fading
    # However the samples are cut: the blocks of a message are at most those of the board.
    for start in range(500, 3000, block):
        heard.append(board.stream(samples[start : start + block]))
    np.testing.assert_array_equal(np.concatenate(heard), np.concatenate(expected))
    found = tables_of(board.link)
    assert (found.fading, found.digest, found.source) == (False, tables.digest, "LINE")
    # All of it within 20 ms, and from there on only the new tables.
    assert found.fade_samples <= 0.020 * bank.sample_rate_hz
    fresh = PipelineModel(other, HISTORY)
    fresh.process(samples[:500])
    fresh.forget_decisions()
    over = found.fade_samples + bank.limiter.delay_samples
    np.testing.assert_array_equal(np.concatenate(heard)[500 + over :], fresh.process(samples[500:])[over:])
    # What plays is what HELLO names.
    assert (
        bytes(protocol.HELLO_REPLY.payload.unpack(board.link.request(protocol.HELLO))["digest"]).hex() == tables.digest
    )
    assert tables.digest != digest


def test_until_the_fade_is_over_the_old_design_is_named(board, design):
    layout, bank, digest, _ = design
    _, tables = retuned(layout, bank)
    board.start()
    upload(board.link, tables)
    before = tables_of(board.link)
    assert (before.fading, before.digest, before.source) == (True, digest, "IMAGE")
    frames = before.fade_samples
    board.stream(np.zeros((frames - 1, 2), dtype=int))
    assert tables_of(board.link).digest == digest
    board.stream(np.zeros((1, 2), dtype=int))
    assert tables_of(board.link).digest == tables.digest


def test_no_step_is_larger_than_the_signals_own_and_the_ramps(board, design, number_format):
    layout, bank, _, _ = design
    other, tables = retuned(layout, bank)
    level = np.full((4000, 2), NumberFormat.named(number_format).sample.largest // 4)
    before, after = (PipelineModel(b, HISTORY).process(level)[-1] for b in (bank, other))
    board.start()
    heard = [board.stream(level)[-1:]]
    upload(board.link, tables)
    heard.append(board.stream(level))
    steps = np.abs(np.diff(np.concatenate(heard), axis=0))
    # A constant level through both banks: a straight line between two constants, its weights floored to 1 / 2^15 and
    # each sample rounded.
    steepest = -(-(2**15) // fade_of(layout, other)[0]) / 2**15
    assert np.all(steps <= np.abs(after - before) * steepest + 1)
    np.testing.assert_array_equal(heard[1][-1], after)


def test_a_start_ends_a_fade(board, design, number_format):
    layout, bank, _, _ = design
    other, tables = retuned(layout, bank)
    board.start()
    upload(board.link, tables)
    samples = noise(number_format, 300)
    np.testing.assert_array_equal(board.process(samples), PipelineModel(other).process(samples))
    assert tables_of(board.link).digest == tables.digest


def test_tuning_again_and_again_takes_turns_with_the_banks(board, design, number_format):
    layout, bank, _, _ = design
    model = PipelineModel(bank, HISTORY)
    board.start()
    for seed in range(2, 7):
        other, tables = retuned(layout, bank, seed)
        samples = noise(number_format, 1500, seed=seed)
        upload(board.link, tables)
        model.tune(other, *fade_of(layout, other))
        np.testing.assert_array_equal(board.stream(samples), model.process(samples))
        assert tables_of(board.link).digest == tables.digest


def test_while_a_fade_is_under_way_no_second_one_begins(board, design):
    layout, bank, _, _ = design
    board.start()
    upload(board.link, retuned(layout, bank, 2)[1])
    with pytest.raises(HilError, match="TUNE_APPLY: the board refuses: E_BUSY"):
        upload(board.link, retuned(layout, bank, 3)[1])
    board.stream(np.zeros((1000, 2), dtype=int))
    upload(board.link, retuned(layout, bank, 3)[1])


# --- what ends half-way


def test_a_line_that_is_cut_anywhere_leaves_the_old_tables(design, number_format):
    layout, bank, digest, core = design
    _, tables = retuned(layout, bank)
    transport = HostTransport(core)
    samples = noise(number_format, 200)
    expected = PipelineModel(bank).process(samples)
    requests = [
        (protocol.TUNE_BEGIN, tables.begin),
        *(
            (protocol.TUNE_DATA, struct.pack("<I", n) + tables.tables[n : n + 100])
            for n in range(0, len(tables.tables), 100)
        ),
    ]
    for cut in range(len(requests) + 1):
        board = Board(transport, expected_digest=digest)  # a host that comes anew
        for message, payload in requests[:cut]:
            board.link.request(message, payload)
        np.testing.assert_array_equal(board.process(samples), expected)
        assert tables_of(board.link).digest == digest
    # And the next one that is whole is taken.
    upload(board.link, tables)


def test_a_board_that_loses_its_power_starts_with_the_image(design, number_format):
    layout, bank, digest, core = design
    transport = HostTransport(core)
    board = Board(transport)
    board.start()
    upload(board.link, retuned(layout, bank)[1])
    board.stream(noise(number_format, 100))
    transport.power_cycle()
    board = Board(transport, expected_digest=digest)
    samples = noise(number_format, 200)
    np.testing.assert_array_equal(board.process(samples), PipelineModel(bank).process(samples))


# --- what is refused


def refuses(board, status, tables, begin):
    digest = tables_of(board.link).digest
    with pytest.raises(HilError, match=rf"the board refuses: {status},"):
        send(board, tables, begin)
    found = tables_of(board.link)
    assert (found.digest, found.fading) == (digest, False)


def fields_of(begin, **changes):
    return {**{k: v for k, v in protocol.TUNE_BEGIN.payload.unpack(begin).items() if k != "crc"}, **changes}


def test_any_bit_that_is_not_the_announced_one_is_refused(board, design):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    rng = np.random.default_rng(5)
    for bit in rng.integers(0, 8 * len(tables.tables), 40):
        broken = bytearray(tables.tables)
        broken[bit // 8] ^= 1 << bit % 8
        refuses(board, "E_CRC", bytes(broken), tables.begin)
    for bit in range(32 * 8):  # nor may another digest come with these tables
        begin = bytearray(tables.begin)
        begin[bit // 8] ^= 1 << bit % 8
        if bit % 16 == 0:
            refuses(board, "E_CRC", tables.tables, bytes(begin))


def test_another_layout_is_refused_by_both_ends(board, design):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    begin = announce(fields_of(tables.begin, layout_hash=tables.layout_hash ^ 1), tables.tables)
    refuses(board, "E_LAYOUT", tables.tables, begin)
    renamed = layout.model_copy(update={"name": "other"})
    with pytest.raises(HilError, match=r"built for another layout.*proscenium flash"):
        upload(board.link, pack(renamed, bank, "00" * 32))


def test_more_than_there_is_room_for_is_refused_by_both_ends(board, design):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    room = tables_of(board.link)
    for changes in (
        {"tables_bytes": room.room_bytes + 8},
        {"firs": room.room_firs + 1},
        {"tables_bytes": 3},
        {"tables_bytes": 2**32 - 1},
    ):
        with pytest.raises(HilError, match="E_ROOM"):
            board.link.request(protocol.TUNE_BEGIN, announce(fields_of(tables.begin, **changes), b""))
    path = replace(bank.paths[0][0], delay=HISTORY)
    far = FixedPointBank(
        bank.number_format,
        48000,
        bank.driver_names,
        bank.input_names,
        ((path, *bank.paths[0][1:]), *bank.paths[1:]),
        bank.structure,
    )
    with pytest.raises(HilError, match=r"samples of history, the board's image has room for 218: flash it instead"):
        upload(board.link, pack(layout, far, "00" * 32))


def test_what_has_not_come_whole_is_not_applied(board, design):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    for message, payload in ((protocol.TUNE_APPLY, b""), (protocol.TUNE_DATA, struct.pack("<I", 0) + b"1")):
        with pytest.raises(HilError, match="E_INCOMPLETE"):
            board.link.request(message, payload)
    board.link.request(protocol.TUNE_BEGIN, tables.begin)
    board.link.request(protocol.TUNE_DATA, struct.pack("<I", 0) + tables.tables[:100])
    with pytest.raises(HilError, match="E_INCOMPLETE"):
        board.link.request(protocol.TUNE_APPLY)
    for offset in (0, 99, 101, 2**32 - 1):
        with pytest.raises(HilError, match="E_RANGE"):
            board.link.request(protocol.TUNE_DATA, struct.pack("<I", offset) + b"1")
    rest = tables.tables[100:]
    for start in range(0, len(rest), 1000):
        board.link.request(protocol.TUNE_DATA, struct.pack("<I", 100 + start) + rest[start : start + 1000])
    with pytest.raises(HilError, match="E_RANGE"):
        board.link.request(protocol.TUNE_DATA, struct.pack("<I", len(tables.tables)) + b"1")
    with pytest.raises(HilError, match="E_LENGTH"):
        board.link.request(protocol.TUNE_DATA, b"123")


def altered(tables, bank, change):
    """The same tables with one entry of one FIR, count or shift changed, and announced as they are then."""
    body = bytearray(tables.tables)
    equalisers = tables.equalised.bit_count()
    counts = len(bank.sum_names) + len(bank.structure.groups) + 2 * equalisers
    change(body, len(body) - counts - tables.firs * protocol.FIR_ENTRY.size)
    return bytes(body), announce(fields_of(tables.begin), bytes(body))


def entry(field, value, fir=0):
    size = next(f.size for f in protocol.FIR_ENTRY.fields if f.name == field)

    def change(body, records):
        at = records + fir * protocol.FIR_ENTRY.size + protocol.FIR_ENTRY.offsets[field]
        body[at : at + size] = value.to_bytes(size, "little")

    return change


def behind_entries(offset, value):
    def change(body, records):
        body[offset] = value

    return change


@pytest.mark.parametrize(
    ("status", "change"),
    [
        ("E_RANGE", entry("length", 0)),
        ("E_RANGE", entry("length", 12)),
        ("E_RANGE", entry("length", 65528)),
        ("E_RANGE", entry("lookback", HISTORY + 2)),
        ("E_RANGE", entry("lookback", 65535)),
        ("E_RANGE", entry("lookback", 0)),  # its last taps would be of samples that have not come yet
        ("E_RANGE", entry("bus", 3)),
        ("E_RANGE", entry("bus", 255)),
        ("E_RANGE", entry("shift", 31)),
        ("E_RANGE", entry("shift", 255)),
        ("E_RANGE", entry("reserved", 1)),
        ("E_BOUND or E_RANGE in q31", entry("shift", 29)),
        ("E_RANGE", behind_entries(-1, 200)),  # a group's shift, or an equaliser's
        ("E_RANGE", lambda body, records: body.__setitem__(-6, 250)),  # FIRs of a sum
    ],
)
def test_each_field_of_the_tables_has_its_range(board, design, number_format, status, change):
    layout, bank, _, _ = design
    status = status.split()[0 if number_format != "q31" else 2] if " " in status else status
    _, tables = retuned(layout, bank)
    refuses(board, status, *altered(tables, bank, change))


def test_the_sum_of_magnitudes_is_proved_again(board, design, number_format):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    word = 4 if number_format == "q31" else 2
    largest = (1 << (8 * word - 1)) - 1

    def loud(body, records):
        # Not the last, which q15 wants to be 0, nor those of samples that have not come.
        fir = protocol.FIR_ENTRY.unpack(bytes(body[records : records + 8]))
        count = min(int(fir["length"]) - 1, int(fir["lookback"]) + 1)
        body[: count * word] = largest.to_bytes(word, "little") * count
        # The first group twice as loud.
        body[-len(bank.structure.groups) - tables.equalised.bit_count()] -= number_format == "q15"

    refuses(board, "E_BOUND", *altered(tables, bank, loud))
    if number_format != "q31":
        # Four times -32768 squared is more than the dual multiply-accumulate holds.
        refuses(
            board, "E_BOUND", *altered(tables, bank, lambda body, records: body.__setitem__(slice(0, 2), b"\0\x80"))
        )


def bound_of(bank, path):
    """Largest value that an equaliser gives over all of its bus, and the largest that the bus holds."""
    largest = bank.number_format.sample.largest >> {"q15": 0, "q31": 2, "q31x15": 4}[bank.number_format.name]
    total = 0
    for c in path.coefficients.tolist():
        product = max(c * largest, c * (-largest - 1))
        total += product >> 16 if bank.number_format.name == "q31x15" else product
    shift = {"q15": 15, "q31": 31, "q31x15": -1}[bank.number_format.name] + path.exponent
    return (total + ((1 << shift) >> 1)) >> shift, largest


@pytest.mark.parametrize("built", ["equalised"], indirect=True)
def test_an_equaliser_that_could_pass_its_bus_is_refused(board, design):
    layout, bank, _, _ = design
    quiet = bank.equalisers[0]
    loud = np.copysign(np.ceil(np.abs(quiet.coefficients) * (1 + 2.0**-9)), quiet.coefficients)
    for path, fits in ((quiet, True), (replace(quiet, coefficients=loud.astype(quiet.coefficients.dtype)), False)):
        reached, largest = bound_of(bank, path)
        assert (reached <= largest) is fits
        if bank.number_format.name == "q31" and not fits:
            continue  # the bank refuses more than 2^31 itself
        tables = pack(layout, replace(bank, equalisers=(path, *bank.equalisers[1:])), "22" * 32)
        if fits:
            upload(board.link, tables)
            board.start()
        else:
            refuses(board, "E_BOUND", tables.tables, tables.begin)


@pytest.mark.parametrize("built", ["equalised"], indirect=True)
def test_an_equaliser_reads_its_own_bus_at_its_own_scale(board, design, number_format):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank)
    last = tables.firs - 1  # of the side's equaliser
    for status, change in (
        ("E_RANGE", entry("bus", 0, last)),
        ("E_RANGE", entry("bus", 2, last)),
        ("E_RANGE" if number_format == "q31" else "E_BOUND", entry("shift", 1, last)),
        ("E_RANGE", behind_entries(-1, 32)),
        ("E_BOUND", lambda body, records: body.__setitem__(-1, body[-1] - 1)),  # twice as loud
    ):
        refuses(board, status, *altered(tables, bank, change))


@pytest.mark.parametrize("built", ["equalised"], indirect=True)
@pytest.mark.parametrize("block", [32, 7])
def test_a_direct_design_plays_on_an_equalised_image_and_goes_again(board, design, number_format, block):
    layout, bank, _, _ = design
    direct = replace(bank, equalisers=())
    tables = pack(layout, direct, design_digest(layout, direct))
    samples = noise(number_format, 3000) // 8
    model = PipelineModel(bank, HISTORY)
    board.start()
    for packed, other in ((tables, direct), (pack(layout, bank, "33" * 32), bank)):
        expected = [model.process(samples[:500])]
        heard = [board.stream(samples[:500])]
        upload(board.link, packed)
        # What reads the buses that the image equalises waits for its past as ever.
        warm_up = warm_up_samples(bank, layout.block_samples)
        groups = len(bank.structure.groups)
        model.tune(other, group_samples(bank.sample_rate_hz, groups, layout.block_samples, warm_up), warm_up)
        expected.append(model.process(samples[500:]))
        heard += [board.stream(samples[n : n + block]) for n in range(500, 3000, block)]
        np.testing.assert_array_equal(np.concatenate(heard), np.concatenate(expected))
        assert tables_of(board.link).digest == packed.digest


def test_equalisers_on_other_buses_are_refused_by_both_ends(board, design):
    layout, bank, _, _ = design
    wanted = (True, True, True) if bank.is_equalised else (True, False, False)
    tables = pack(layout, small_bank(layout, 2, bank.structure, wanted), "44" * 32)
    refuses(board, "E_EQUALISED", tables.tables, tables.begin)
    with pytest.raises(HilError, match=r"equalisers on other buses .*filters.form = \"direct\""):
        upload(board.link, tables)


@pytest.mark.parametrize(("part", "status"), [(0.99, None), (1.01, "E_BOUND")])
def test_a_path_is_at_most_twice_as_loud_as_the_images_level(board, design, part, status):
    layout, bank, _, _ = design
    allowed = 2 * (2 if bank.structure.shuffled else 1) * 10 ** (layout.output.peak_gain_db / 20)
    # Behind equalisers, which add up to no more than 1, paths may be louder: twice the image's own.
    bits = 31 if bank.number_format.name == "q31" else 15
    own = [np.abs(p.coefficients.astype(float)).sum() / 2 ** (bits + p.exponent) for row in bank.paths for p in row]
    allowed = max(allowed, 2 * max(own)) if bank.is_equalised else allowed
    # Equal taps at the smallest exponent: h = c / 2^(B - 3).
    full = 2 ** (31 if bank.number_format.name == "q31" else 15)
    taps = 4 if bank.number_format.name != "q31" else 1
    value = part * allowed / 8 * full / taps
    if value >= full:
        taps, value = 2 * taps, value / 2
    if bank.number_format.name == "q31" and taps * value >= full:
        pytest.skip("a path of so many taps has no exact sum in q31: the designer refuses it before")
    path = FixedPointPath(np.full(taps, int(value)).astype(bank.paths[0][0].coefficients.dtype), 0, -3)
    silent = FixedPointPath(path.coefficients[:0])
    loud = FixedPointBank(
        bank.number_format,
        bank.sample_rate_hz,
        bank.driver_names,
        bank.input_names,
        tuple((path, silent, silent) for _ in bank.paths),
        bank.structure,
    )
    packed = pack(layout, loud, "11" * 32).for_image(tables_of(board.link).equalised)
    if status is None:
        send(board, packed.tables, packed.begin)
    else:
        refuses(board, status, packed.tables, packed.begin)


def test_tables_from_the_line_compute_what_those_of_the_image_do(board, design, number_format):
    layout, bank, _, _ = design
    _, tables = retuned(layout, bank, 1)
    samples = noise(number_format, 700, 3)
    expected = board.process(samples, "filters")
    upload(board.link, tables)
    np.testing.assert_array_equal(board.process(samples, "filters"), expected)
    assert tables_of(board.link).source == "LINE"
