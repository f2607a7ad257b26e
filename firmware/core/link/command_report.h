/*
 * What the board tells of itself: the payloads of HELLO_REPLY, STATUS_REPLY and LIMITS_REPLY, whose size is
 * returned, and a field that others share.
 */
#ifndef PS_COMMAND_REPORT_H
#define PS_COMMAND_REPORT_H

#include "link/command.h"

size_t ps_report_hello(const ps_command_t *command, uint8_t *reply);
size_t ps_report_status(const ps_command_t *command, const ps_link_counters_t *counters, uint8_t *reply);

size_t ps_report_limits(const ps_command_t *command, uint8_t *reply);

/* The least gain that each driver's limiter has asked for, u32 each. */
void ps_report_limiter_gains(const ps_command_t *command, uint8_t *to);

#endif
