"""Tables that are exchanged while a board plays, for the tests of tuning."""

import numpy as np
import pytest
from designs import retuned_bank

from designer import protocol
from designer.board.tune import tables_of
from designer.codegen.digest import design_digest
from designer.codegen.table_set import pack
from designer.errors import HilError
from designer.fixedpoint.model.crossfade import group_samples, warm_up_samples
from designer.fixedpoint.number_format import NumberFormat

HISTORY = 218  # of the small design's image: 90, and room for 128 more


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


def refuses(board, status, tables, begin):
    digest = tables_of(board.link).digest
    with pytest.raises(HilError, match=rf"the board refuses: {status},"):
        send(board, tables, begin)
    found = tables_of(board.link)
    assert (found.digest, found.fading) == (digest, False)


def fields_of(begin, **changes):
    return {**{k: v for k, v in protocol.TUNE_BEGIN.payload.unpack(begin).items() if k != "crc"}, **changes}
