/*
 * What happens when the program goes wrong: registers and reason are kept where a reset does not clear them,
 * the output is muted, the board starts again and tells in HELLO. After FAULTS_MAX faults in a row it no
 * longer plays.
 */
#ifndef PS_FAULT_H
#define PS_FAULT_H

#include <stdint.h>

#include "link/command.h"

#define FAULTS_MAX 3u

/* Vector of every exception and interrupt that nobody expects. */
void fault_handler(void);

/* No access below the stack, and faults told apart from each other. */
void fault_guard_stack(void);

/* Reads what the last run left and clears it; `cause` is a PS_RESET_…. */
void fault_report(uint8_t cause, ps_reset_report_t *report);

/* After a while without faults: the next one is the first again. */
void fault_forgive(void);

/* Bytes of the stack that no call has reached yet. */
uint32_t fault_stack_free(void);

#endif
