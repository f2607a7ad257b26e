/*
 * The semihosting channel of a virtual board carries the same frames through files of the simulator's host
 * (Arm's semihosting, version 2.0) instead of a serial line that is slower than the pipeline. A real board
 * never takes it.
 */
#ifndef PS_APP_SEMIHOSTING_H
#define PS_APP_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens 'to_board' and 'from_board' in the simulator's directory; false on a real board, or if they are not
 * there. */
bool semihosting_open(void);

/* Whether it was opened and has not ended. */
bool semihosting_is_open(void);

/* Bytes from the host, at most `capacity`; waits for them. 0: the host has closed its end, and the channel
 * with it. */
size_t semihosting_receive(uint8_t *buffer, size_t capacity);

void semihosting_send(const uint8_t *data, size_t size);

#endif
