"""The fewest instructions a tap that a FIR kernel could take: its products, its loads, and its sums in memory.

A kernel works on some outputs at once.  An iteration takes some vectors of coefficients, so that it has products for
each output and vector.  One instruction loads the coefficients and one the samples.  Registers bound both numbers:

* Cortex-M4 and M7 have 14 registers.  A sum takes two, the pointers take two.  Each vector of an iteration takes one
  register for coefficients and one for samples.  Three outputs and three vectors need 14, and no other choice has fewer
  instructions a product.  In q31x15 a sum takes one register, and two
  coefficients share one: six outputs and four vectors.
* The Cortex-M55 has six pairs of registers for sums, and needs one pair for pointers.  That leaves five outputs.  A
  vector of samples serves them all in turn.

In the end each sum is read and written once: two instructions an output.  Loops, addresses and calls come on top.  A
fast FIR has nine subfilters with a quarter of the taps at a quarter of the rate: 9/16 of the products.
"""

from __future__ import annotations

from dataclasses import dataclass

SUM_INSTRUCTIONS = 2
FAST_FIR_PRODUCTS = 9 / 16


@dataclass(frozen=True)
class Iteration:
    """The smallest loop of a kernel.

    Attributes
    ----------
    outputs, vectors : int
        Outputs at once, and vectors of coefficients in one iteration.
    lanes : int
        Products in one instruction.
    product_instructions : int
        Instructions for one vector of products.  q31x15 on the M55 multiplies and adds in two.
    """

    outputs: int
    vectors: int
    lanes: int
    product_instructions: int = 1

    @property
    def instructions_per_tap(self) -> float:
        """Products and two loads, for each tap of each output."""
        products = self.outputs * self.vectors
        return (products * self.product_instructions + 2) / (products * self.lanes)


_M4 = {
    "ours q15": Iteration(outputs=3, vectors=3, lanes=2),
    "ours q31x15": Iteration(outputs=6, vectors=4, lanes=1),
    "ours q31": Iteration(outputs=3, vectors=3, lanes=1),
}
ITERATIONS = {
    "Cortex-M4": _M4,
    "Cortex-M7": _M4,
    "Cortex-M55": {
        "ours q15": Iteration(outputs=5, vectors=1, lanes=8),
        "ours q31x15": Iteration(outputs=5, vectors=1, lanes=4, product_instructions=2),
        "ours q31": Iteration(outputs=5, vectors=1, lanes=4),
    },
}


def least_instructions(core: str, kernel: str, taps: int) -> float:
    """Return the fewest instructions a tap.

    Parameters
    ----------
    core, kernel : str
        As in the tables of `benchmarks.kernels`.
    taps : int
        Length of the FIR, at least 1.
    """
    return ITERATIONS[core][kernel].instructions_per_tap + SUM_INSTRUCTIONS / taps
