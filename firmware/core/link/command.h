/*
 * What the board does for each request: see also command_run.h and command_report.h. Sessions, sequence
 * numbers and resending are in link.h.
 */
#ifndef PS_COMMAND_H
#define PS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/frame.h"
#include "play/engine.h"

/* Why the board started, and what ended its last run, as HELLO reports it. */
typedef struct {
    uint8_t cause;     /* PS_RESET_… */
    uint8_t exception; /* number of the exception; 0 if there was none, or it has been reported */
    uint16_t faults;   /* in a row */
    uint32_t pc;
    uint32_t lr;
    uint32_t status;  /* CFSR */
    uint32_t address; /* of the access that faulted, where the core knows it */
} ps_reset_report_t;

#define PS_TEMPERATURE_UNKNOWN INT8_MIN

/* What the core asks of the board that it runs on. */
typedef struct {
    void (*write)(const uint8_t *data, size_t size); /* returns when it has sent, or given up */
    uint64_t (*ticks)(void);                         /* SysTick ticks, never going back */
    uint32_t (*receive_overruns)(void);              /* bytes lost so far */
    bool (*open_semihosting)(void);                  /* whether it is open now; NULL for none */
    /* Asks for the bootloader in the chip's ROM, which begins when the reply has left; NULL without one. */
    void (*request_bootloader)(void);
    /* Take the pipeline from the player, and give it back; NULL where there is no audio. */
    void (*claim)(void);
    void (*release)(void);
    void (*health)(
        uint8_t *reply); /* writes the fields of HEALTH_REPLY that the core does not know, or NULL */
    void (*alive)(void); /* called often during long work, for the watchdog; or NULL */
    const ps_reset_report_t *reset_report; /* or NULL */
    const char *board_name;
    uint32_t tick_hz;
    uint8_t clock_source; /* PS_CLOCK_… */
} ps_platform_t;

typedef struct {
    uint32_t bad_cobs;
    uint32_t bad_crc;
    uint32_t bad_header;
    uint32_t bad_session;
    uint32_t bad_sequence;
    uint32_t duplicates;
} ps_link_counters_t;

typedef struct {
    const ps_platform_t *platform;
    ps_engine_t *engine; /* shared with the player */
    uint32_t blocks;
    uint32_t block_ticks_last;
    uint32_t block_ticks_max;
} ps_command_t;

void ps_command_reset(ps_command_t *command, const ps_platform_t *platform, ps_engine_t *engine);

/*
 * Handles one request. Writes the reply's payload (at most PS_MAX_PAYLOAD_BYTES) and its size.
 * Returns PS_OK, or the negative status that an ERROR_REPLY is to carry.
 */
int ps_command_handle(ps_command_t *command, const ps_frame_t *request, const ps_link_counters_t *counters,
                      uint8_t *reply, size_t *reply_size);

#endif
