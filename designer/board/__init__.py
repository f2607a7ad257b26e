"""Boards, real and virtual.

`open` starts a board, `session` is an open board, `identity` checks what it runs.  `link` speaks the protocol over a
`transport`; `samples` lays audio out for it.  `health`, `limits` and `tune` serve a board that plays.  `qemu` runs a
virtual one.
"""
