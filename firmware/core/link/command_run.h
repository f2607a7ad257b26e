/*
 * Requests that run the pipeline for the host, or read its last block. As ps_command_handle(), they write a
 * reply's payload and its size, and return PS_OK or a negative status.
 */
#ifndef PS_COMMAND_RUN_H
#define PS_COMMAND_RUN_H

#include "link/command.h"

/* Resets the pipeline and sets where samples enter. The board stops to play its own input. */
int ps_run_start(ps_command_t *command, uint8_t injection_point);

int ps_run_audio(ps_command_t *command, const ps_frame_t *request, uint8_t *reply, size_t *reply_size);

/* Times full blocks of a test pattern. */
int ps_run_profile(ps_command_t *command, uint8_t injection_point, uint32_t blocks, uint8_t *reply,
                   size_t *reply_size);

/* Processes a signal that the board generates. `request` is a payload of PS_GENERATE_BYTES. */
int ps_run_generate(ps_command_t *command, const uint8_t *request, uint8_t *reply, size_t *reply_size);

/* Reads a stage of the last block; `request` is a payload of PS_TAP_BYTES. */
int ps_run_tap(ps_command_t *command, const uint8_t *request, uint8_t *reply, size_t *reply_size);

#endif
