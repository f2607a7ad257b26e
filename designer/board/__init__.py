"""Boards, real and virtual.

`open` starts a board, `session` is an open board, `identity` checks what it runs.  `link` speaks the protocol over a
`transport`; `samples` lays audio out for it.  `health`, `limits` and `tune` serve a board that plays.

`virtual` executes an STM32 in a process of its own, which `virtual_process` starts and `control` talks to.
`converters` and `play_file` play through its ADC and DACs.  `qemu` runs QEMU, and `choice` reads the names of boards.
"""
