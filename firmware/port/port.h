/*
 * The one seam between the application and a board. A port exports `ps_port`, a constant table of functions,
 * and brings a linker script. What a board does not have is NULL where the comment allows it.
 */
#ifndef PS_PORT_H
#define PS_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "design.h"

#include "link/command.h"
#include "play/player.h"

/*
 * Audio: buffers of two halves, of one block each (core/play/player.h), and what the port calls.
 */
typedef struct {
    /* In the interrupt at the end of each half, with the number of the half that is free now. */
    void (*half_complete)(uint32_t half);
    /* After it, at the lowest priority. */
    void (*process)(void);
    /* In an interrupt: the converters have been muted and started anew, with silence in the buffers. */
    void (*restarted)(void);
} port_audio_events_t;

typedef struct {
    /* Returns the PS_AUDIO_CLOCK_… in use; with PS_AUDIO_CLOCK_NONE nothing is called. The first
     * call follows io.resume(). */
    uint8_t (*start)(const port_audio_events_t *events);
    uint8_t (*clock)(void); /* as it is now */
    /* Asks for a restart, as no half completes any more; also where a converter has lost data the port does
     * one. */
    void (*restart)(void);
    /* Restarts so far, by reason: an output had nothing to send, or no clock; the input lost a sample. */
    void (*errors)(uint32_t *underruns, uint32_t *overruns);
    ps_player_io_t io; /* io.mute() is harmless at any time, from any handler */
} ps_audio_port_t;

typedef struct {
    const char *board_name;

    /* Starts clocks, tick counter, serial line and watchdog. Every wait is bounded. */
    void (*start)(ps_reset_report_t *report);

    /* The PS_CLOCK_… in use, which changes where an oscillator fails. */
    uint8_t (*clock_source)(void);

    /* Whether a simulator runs this image, with semihosting at hand. */
    bool (*is_simulated)(void);

    /* Of the processor, in degrees Celsius; PS_TEMPERATURE_UNKNOWN without a sensor. */
    int8_t (*temperature)(void);

    /* Ticks since start() and their nominal rate. */
    uint64_t (*ticks)(void);
    uint32_t (*tick_hz)(void);

    /* Moves received bytes, at most `capacity`; returns their number. */
    size_t (*receive)(uint8_t *buffer, size_t capacity);

    /* Bytes that the receiver lost since start(). */
    uint32_t (*receive_overruns)(void);

    /* Sends. Gives up if the line does not take a byte in time; the host then asks again. */
    void (*send)(const uint8_t *data, size_t size);

    /* Sleeps until there is something to receive, or any interrupt. */
    void (*idle)(void);

    /* To be called at least once in 1.4 s. NULL without a watchdog. */
    void (*feed_watchdog)(void);

    /* Restarts into the bootloader of the chip's ROM, which listens on the same line, and does not return.
     * The output is muted before. NULL without such a bootloader. */
    void (*enter_bootloader)(void);

    /* NULL without audio. */
    const ps_audio_port_t *audio;

    /* Two slots that can be written while the program runs from the rest, and whether this chip has them.
     * Both are NULL without such flash. */
    const ps_flash_t *flash;
    bool (*has_flash)(void);
} ps_port_t;

extern const ps_port_t ps_port;

#endif
