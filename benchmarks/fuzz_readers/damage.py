"""How input is damaged: pieces of bytes are flipped, put in, cut, repeated, or the end is missing."""

from __future__ import annotations

from hypothesis import strategies as st

Edits = list[tuple[str, int, int, bytes]]

# Pieces that have a meaning somewhere: ends of ranges, signs of other notations, other encodings.
_TOKENS = [
    *(b"0", b"-1", b"1e309", b"nan", b"inf", b"true", b"null", b'""', b"[]", b"{}", b"9" * 5000, b"=", b"\n", b'"""'),
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x80", b"\xe2\x80\xae", b";", b",", b"\t", b"../", b"[[driver]]\n"),
    *(b"[" * 2000, b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0"),
]
_EDIT = st.tuples(
    st.sampled_from(["flip", "put", "cut", "repeat", "end"]),
    st.integers(0, 1 << 16),
    st.integers(1, 64),
    st.one_of(st.sampled_from(_TOKENS), st.binary(max_size=8)),
)
EDITS = st.lists(_EDIT, min_size=1, max_size=5)


def damage(data: bytes, edits: Edits) -> bytes:
    """Change bytes at places that wrap around: flip bits, put a piece in, cut, repeat, or end early."""
    for kind, place, size, piece in edits:
        at = place % (len(data) + 1)
        if kind == "flip":
            data = data[:at] + bytes(byte ^ (size & 0xFF) for byte in data[at : at + 1]) + data[at + 1 :]
        elif kind == "put":
            data = data[:at] + piece + data[at:]
        elif kind == "cut":
            data = data[:at] + data[at + size :]
        elif kind == "repeat":
            data = data[: at + size] + data[at:]
        else:
            data = data[:at]
    return data
