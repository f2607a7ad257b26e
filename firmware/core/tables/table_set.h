/*
 * Reads tables as they come over the line. All of them are validated before any byte is used. No valid tables
 * read outside their memory or overflow, whatever the input.
 *
 *   coefficients        FIR after FIR, as in ps_fir_t, filled up with zeros to PS_FIR_FILL; for q15 without
 *                       the odd tables
 *   FIR entries         PS_FIR_ENTRY_... each, in the same order; entries of one sum are consecutive
 *   sums                PS_ALL_SUMS bytes: number of FIRs of each sum, those of the equalisers last
 *   groups              PS_GROUPS bytes: right shift of each
 *   equalisers          PS_EQUALISERS bytes: right shift of each
 */
#ifndef PS_TABLE_SET_H
#define PS_TABLE_SET_H

#include <stddef.h>
#include <stdint.h>

#include "design.h"

/* Bytes of memory for `bytes` of tables with `firs` FIRs, with what is made of them. 0 if there cannot be
 * such tables. */
size_t ps_table_set_size(uint32_t bytes, uint32_t firs);

/*
 * Reads and validates tables at the start of `memory`, which holds ps_table_set_size() bytes and is aligned
 * to 8. The groups, limits and release are those of `like`. Returns PS_OK with *design filled, PS_E_RANGE or
 * PS_E_BOUND.
 */
int ps_table_set_read(uint8_t *memory, uint32_t bytes, uint32_t firs, const ps_design_t *like,
                      ps_design_t *design);

#endif
