/*
 * What the board tells of itself: the payloads of HELLO_REPLY, STATUS_REPLY, HEALTH_REPLY and LIMITS_REPLY.
 * Each function returns the payload's size.
 */
#ifndef PS_COMMAND_REPORT_H
#define PS_COMMAND_REPORT_H

#include "link/command.h"

size_t ps_report_hello(const ps_command_t *command, uint8_t *reply);
size_t ps_report_status(const ps_command_t *command, const ps_link_counters_t *counters, uint8_t *reply);

/* Also resets the least gains. platform->health must not be NULL. */
size_t ps_report_health(const ps_command_t *command, uint8_t *reply);

size_t ps_report_limits(const ps_command_t *command, uint8_t *reply);

/* The digest of the design that plays, as in HELLO_REPLY. */
const uint8_t *ps_report_digest(const ps_command_t *command);

#endif
