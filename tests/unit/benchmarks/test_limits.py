"""The limits of the kernels hold for every way to use the registers."""

import pytest

from benchmarks.limits import ITERATIONS, least_instructions

REGISTERS = 14
POINTERS = 2


@pytest.mark.parametrize(
    ("kernel", "sum_registers", "vector_registers"), [("ours q15", 2, 2), ("ours q31", 2, 2), ("ours q31x15", 1, 1.5)]
)
def test_no_iteration_that_fits_the_registers_takes_fewer_instructions(kernel, sum_registers, vector_registers):
    chosen = ITERATIONS["Cortex-M4"][kernel]
    loads_per_product = {
        2 / (outputs * vectors)
        for outputs in range(1, REGISTERS)
        for vectors in range(1, REGISTERS)
        if sum_registers * outputs + vector_registers * vectors + POINTERS <= REGISTERS
    }
    assert 2 / (chosen.outputs * chosen.vectors) == min(loads_per_product)


def test_a_limit_counts_products_loads_and_sums():
    assert least_instructions("Cortex-M4", "ours q15", 128) == pytest.approx(11 / 18 + 2 / 128)
    assert least_instructions("Cortex-M4", "ours q31", 128) == pytest.approx(11 / 9 + 2 / 128)
    assert least_instructions("Cortex-M55", "ours q15", 256) == pytest.approx(7 / 40 + 2 / 256)
