"""Mutations of every register write of the ports to the STM32F405 and STM32H743, each of which a test must catch.

Run as ``python -m benchmarks.register_mutations``, with ``--board stm32h743`` for the second.  The list is generated:
the image runs once on the executed board (`designer.board.virtual`), and each store to a register that comes from the
port's sources is a site.  Each site is left out, written with one wrong bit, and exchanged with its neighbour.  Nothing
is compiled anew: the mutation changes what arrives at the bus.  `verdict` runs the board, `recorded` the test that
compares the order of writes with the manual.
"""
