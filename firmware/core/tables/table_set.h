/*
 * Tables as they come over the line: every byte is checked before one of them is believed. What is let
 * through cannot leave its memory and cannot overflow, whatever it is fed with.
 *
 *   coefficients        of every FIR after the other, as ps_fir_t wants them, filled up with zeros to
 *                       PS_FIR_FILL; q15 without the odd tables
 *   FIR entries         PS_FIR_ENTRY_... each, in the same order, those of a sum beside each other
 *   sums                PS_ALL_SUMS bytes: FIRs of each, in order, those of the equalisers last
 *   groups              PS_GROUPS bytes: right shift of each
 *   equalisers          PS_EQUALISERS bytes: right shift of each
 */
#ifndef PS_TABLE_SET_H
#define PS_TABLE_SET_H

#include <stddef.h>
#include <stdint.h>

#include "design.h"

/* Bytes of memory that `bytes` of tables with `firs` FIRs take, with what is made of them; 0 if they cannot
 * be sound. */
size_t ps_table_set_size(uint32_t bytes, uint32_t firs);

/*
 * Reads tables that lie at the start of `memory`, which holds ps_table_set_size() bytes and is aligned to 8.
 * The graph is that of `like`. Returns PS_OK with *design filled, PS_E_RANGE or PS_E_BOUND.
 */
int ps_table_set_read(uint8_t *memory, uint32_t bytes, uint32_t firs, const ps_design_t *like,
                      ps_design_t *design);

#endif
