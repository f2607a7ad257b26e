/*
 * All that the application asks of a board. A port is this file's functions and a linker script.
 */
#ifndef PS_PORT_H
#define PS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Starts clocks, tick counter and serial line. Every wait is bounded; returns the PS_CLOCK_… in use. */
uint8_t port_start(void);

const char *port_board_name(void);

/* Whether a simulator runs this image, with semihosting at hand. */
bool port_is_simulated(void);

/* Ticks since port_start() and their nominal rate. */
uint64_t port_ticks(void);
uint32_t port_tick_hz(void);

/* Moves received bytes, at most `capacity`; returns their number. */
size_t port_receive(uint8_t *buffer, size_t capacity);

/* Bytes that the receiver lost since port_start(). */
uint32_t port_receive_overruns(void);

/* Sends; gives up where the line does not take a byte in time: the host then asks again. */
void port_send(const uint8_t *data, size_t size);

/* Sleeps until there is something to receive, or any interrupt. */
void port_idle(void);

#endif
