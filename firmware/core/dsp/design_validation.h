/*
 * Validates a design's graph before it plays. The pipeline trusts every index from then on. That no sum
 * overflows is validated elsewhere: tables/table_validation.h.
 */
#ifndef PS_DESIGN_VALIDATION_H
#define PS_DESIGN_VALIDATION_H

#include <stdbool.h>

#include "design.h"

/* Whether every index is within its tables and buses, every shift in range, and every limit within full
 * scale. */
bool ps_design_is_valid(const ps_design_t *design);

#endif
