/*
 * The fast lane of a virtual board: the same frames through files of the simulator's host (Arm's semihosting,
 * version 2.0) instead of a serial line that is slower than the pipeline. A real board never takes it.
 */
#ifndef LANE_H
#define LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens 'to_board' and 'from_board' in the simulator's directory; false on a real board, or if they are not
 * there. */
bool lane_open(void);

/* Whether it was opened and has not ended. */
bool lane_is_open(void);

/* Bytes from the host, at most `capacity`; waits for them. 0: the host has closed its end, and the lane with
 * it. */
size_t lane_receive(uint8_t *buffer, size_t capacity);

void lane_send(const uint8_t *data, size_t size);

#endif
