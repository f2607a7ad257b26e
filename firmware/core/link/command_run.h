/*
 * Requests that run the pipeline for the host, or look into its last block. All as ps_command_handle(): a
 * reply's payload and its size are written, and PS_OK or a negative status returned.
 */
#ifndef PS_COMMAND_RUN_H
#define PS_COMMAND_RUN_H

#include "link/command.h"

/* Clears everything and chooses where samples enter; the board's own playing ends. */
int ps_run_start(ps_command_t *command, uint8_t entry);

int ps_run_audio(ps_command_t *command, const ps_frame_t *request, uint8_t *reply, size_t *reply_size);

/* Times full blocks of a test pattern. */
int ps_run_profile(ps_command_t *command, uint8_t entry, uint32_t blocks, uint8_t *reply, size_t *reply_size);

/* Plays a signal made here; `request` is a payload of PS_GENERATE_BYTES. */
int ps_run_generate(ps_command_t *command, const uint8_t *request, uint8_t *reply, size_t *reply_size);

/* Reads a stage of the last block; `request` is a payload of PS_TAP_BYTES. */
int ps_run_tap(ps_command_t *command, const uint8_t *request, uint8_t *reply, size_t *reply_size);

#endif
