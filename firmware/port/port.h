/*
 * All that the application asks of a board. A port is this file's functions and a linker script.
 */
#ifndef PS_PORT_H
#define PS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "design.h"

#include "link/command.h"

/* Starts clocks, tick counter, serial line and watchdog. Every wait is bounded; returns the PS_CLOCK_… in
 * use. */
uint8_t port_start(ps_reset_report_t *report);

const char *port_board_name(void);

/* Of the processor, in degrees Celsius; PS_TEMPERATURE_UNKNOWN without a sensor. */
int8_t port_temperature(void);

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

/*
 * Audio: two halves of one block each take turns (core/play/player.h). `due` is called in the interrupt that
 * ends a turn and told whose half it is now, `run` after it at the lowest priority. Returns the
 * PS_AUDIO_CLOCK_… in use; with PS_AUDIO_CLOCK_NONE there are no turns. The first turn follows
 * port_audio_resume().
 */
typedef void (*port_turn_t)(uint32_t half);
typedef void (*port_run_t)(void);

uint8_t port_audio_start(port_turn_t due, port_run_t run);
void port_audio_pause(void);
void port_audio_resume(void);
void port_audio_read(uint32_t half, ps_sample_t *stereo);
void port_audio_write(uint32_t half, uint32_t first, uint32_t frames, const ps_sample_t *drivers);
void port_audio_errors(uint32_t *underruns, uint32_t *overruns);

/* The converters' own mute; harmless at any time, from any handler. */
void port_mute(bool muted);

/*
 * Two slots of flash that can be written while the program runs from the rest: their size, 0 where there are
 * none; where to read one; erasing one to all ones; programming a word of it once, at a multiple of 4.
 */
uint32_t port_slot_bytes(void);
const uint8_t *port_slot(uint32_t slot);
bool port_slot_erase(uint32_t slot);
bool port_slot_program(uint32_t slot, uint32_t offset, uint32_t word);

/* The watchdog, where there is one: fed at least once in 1.4 s. */
void port_watchdog_feed(void);

#endif
