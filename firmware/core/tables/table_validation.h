/*
 * Validates that tables cannot overflow: for every input, all sums stay within the integers that hold them.
 * The coefficients may have any value. The graph is valid already (dsp/design_validation.h).
 */
#ifndef PS_TABLE_VALIDATION_H
#define PS_TABLE_VALIDATION_H

#include <stdbool.h>

#include "design.h"

/* Whether every path has at most the gain that the image allows, every sum fits its integer, and every
 * equaliser its bus. */
bool ps_tables_are_bounded(const ps_design_t *design);

#endif
