"""The board validates every field and every bound of tables that come over the line."""

from dataclasses import replace

import numpy as np
import pytest
from tuned_tables import HISTORY, fields_of, refuses, retuned, send

from designer import protocol
from designer.board.tune import tables_of, upload
from designer.codegen.table_set import announce, pack
from designer.fixedpoint.bank import FixedPointBank, FixedPointPath


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


def test_the_sum_of_magnitudes_is_validated_again(board, design, number_format):
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


def reach_of(bank, path):
    """Least and largest value that an equaliser gives over all of its bus, and the largest that the bus holds."""
    name = bank.number_format.name
    largest = bank.number_format.sample.largest >> {"q15": 0, "q31": 2, "q31x15": 4}[name]
    drop = 16 if name == "q31x15" else 0
    products = [[c * x >> drop for x in (largest, -largest - 1)] for c in path.coefficients.tolist()]
    shift = {"q15": 15, "q31": 31, "q31x15": -1}[name] + path.exponent
    ends = (sum(min(pair) for pair in products), sum(max(pair) for pair in products))
    least, most = ((end + ((1 << shift) >> 1)) >> shift for end in ends)
    return least, most, largest


def fits_bus(bank, path):
    least, most, largest = reach_of(bank, path)
    return -largest - 1 <= least and most <= largest


@pytest.mark.parametrize("built", ["equalised"], indirect=True)
def test_an_equaliser_that_could_pass_its_bus_is_refused(board, design):
    layout, bank, _, _ = design
    quiet = bank.equalisers[0]
    loud = np.copysign(np.ceil(np.abs(quiet.coefficients) * (1 + 2.0**-9)), quiet.coefficients)
    for path, fits in ((quiet, True), (replace(quiet, coefficients=loud.astype(quiet.coefficients.dtype)), False)):
        assert fits_bus(bank, path) is fits
        if bank.number_format.name == "q31" and not fits:
            continue  # the bank refuses more than 2^31 itself
        tables = pack(layout, replace(bank, equalisers=(path, *bank.equalisers[1:])), "22" * 32)
        if fits:
            upload(board.link, tables)
            board.start()
        else:
            refuses(board, "E_BOUND", tables.tables, tables.begin)


def of_size(like, size, sign):
    """An equaliser of the same exponent whose taps have one sign and add up to a size."""
    largest = int(np.iinfo(like.coefficients.dtype).max)
    whole, rest = divmod(size, largest)
    taps = [largest] * whole + [rest] * (rest > 0)
    return FixedPointPath((sign * np.array(taps)).astype(like.coefficients.dtype), 0, like.exponent)


@pytest.mark.parametrize("built", ["equalised"], indirect=True)
@pytest.mark.parametrize("sign", [1, -1])
def test_an_equalisers_range_is_kept_to_the_last_step(board, design, number_format, sign):
    """The loudest that fits, found by the definition, is taken; one more unit of a tap is too much."""
    layout, bank, _, _ = design
    like = bank.equalisers[0]
    one = 2 ** ({"q15": 15, "q31": 31, "q31x15": 15}[number_format] + like.exponent)
    sizes = range(one - 8, min(one + 8, 2**31 if number_format == "q31" else one + 8))
    fits = [fits_bus(bank, of_size(like, size, sign)) for size in sizes]
    assert fits[0]
    if not (number_format == "q31" and sign > 0):  # 2^31 of positive taps would still fit
        assert not fits[-1]
    for size, expected in zip(sizes, fits, strict=True):
        tables = pack(layout, replace(bank, equalisers=(of_size(like, size, sign), *bank.equalisers[1:])), "22" * 32)
        if expected:
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
        # q31 shifts at least by 1, or its sums would be words of 32 bits; the others are too loud then.
        ("E_RANGE" if number_format == "q31" else "E_BOUND", behind_entries(-1, 0)),
        ("E_BOUND", lambda body, records: body.__setitem__(-1, body[-1] - 1)),  # twice as loud
    ):
        refuses(board, status, *altered(tables, bank, change))


def as_loud_as(layout, bank, part):
    """A path whose gain is a part of the most that the image allows, and one of no taps."""
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
    path = FixedPointPath(np.full(taps, int(value)).astype(bank.paths[0][0].coefficients.dtype), 0, -3)
    return path, FixedPointPath(path.coefficients[:0])


def of_paths(bank, row):
    """A bank of the same graph, each sum of the same paths, and no equalisers."""
    return FixedPointBank(
        bank.number_format,
        bank.sample_rate_hz,
        bank.driver_names,
        bank.input_names,
        tuple(row for _ in bank.paths),
        bank.structure,
    )


@pytest.mark.parametrize(("part", "status"), [(0.99, None), (1.01, "E_BOUND")])
def test_a_path_is_at_most_twice_as_loud_as_the_images_level(board, design, part, status):
    layout, bank, _, _ = design
    path, silent = as_loud_as(layout, bank, part)
    if bank.number_format.exceeds_sum_limit(int(np.abs(path.coefficients.astype(np.int64)).sum())):
        pytest.skip("a path of so many taps has no exact sum in q31: the designer refuses it before")
    packed = pack(layout, of_paths(bank, (path, silent, silent)), "11" * 32)
    packed = packed.for_image(tables_of(board.link).equalised)
    if status is None:
        send(board, packed.tables, packed.begin)
    else:
        refuses(board, status, packed.tables, packed.begin)


@pytest.mark.parametrize("built", ["direct"], indirect=True)
@pytest.mark.parametrize(("part", "status"), [(0.49, None), (0.51, "E_BOUND")])
def test_firs_that_share_a_bus_are_one_path(board, design, part, status):
    """Each alone would do; the FIRs of a sum that read the same bus add up.  On two buses they need not."""
    layout, bank, _, _ = design
    path, silent = as_loud_as(layout, bank, part)
    loud = of_paths(bank, (path, path, silent))
    packed = pack(layout, loud, "11" * 32)
    send(board, packed.tables, packed.begin)
    board.start()  # ends the fade
    on_one_bus = altered(packed, loud, entry("bus", 0, fir=1))
    if status is None:
        send(board, *on_one_bus)
    else:
        refuses(board, status, *on_one_bus)
