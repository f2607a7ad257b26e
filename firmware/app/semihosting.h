/*
 * The semihosting channel of a virtual board (Arm's semihosting, version 2.0). It carries the protocol's
 * frames through files, because the serial line is slower than the pipeline. A real board never uses it.
 */
#ifndef PS_APP_SEMIHOSTING_H
#define PS_APP_SEMIHOSTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens 'to_board' and 'from_board' in the simulator's directory. Returns false on a real board, or if they
 * are not there. */
bool semihosting_open(void);

/* Whether the channel is open. */
bool semihosting_is_open(void);

/* Waits for bytes from the host and returns their number, at most `capacity`. 0: the host has closed its end,
 * and the channel is closed. */
size_t semihosting_receive(uint8_t *buffer, size_t capacity);

void semihosting_send(const uint8_t *data, size_t size);

#endif
