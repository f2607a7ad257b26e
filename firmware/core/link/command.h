/*
 * What the board does for each request: see also command_run.h and command_report.h. Knows nothing of
 * sessions, sequence numbers or resending: see link.h.
 */
#ifndef PS_COMMAND_H
#define PS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/frame.h"
#include "dsp/pipeline.h"
#include "tables/tuning.h"

/* Why the board started, and what its last run died of, as HELLO tells it. */
typedef struct {
    uint8_t cause;     /* PS_RESET_… */
    uint8_t exception; /* number of the exception; 0 where there was none, or it has been told */
    uint16_t faults;   /* in a row */
    uint32_t pc;
    uint32_t lr;
    uint32_t status;  /* CFSR */
    uint32_t address; /* that was touched, where the core knows it */
} ps_reset_report_t;

#define PS_TEMPERATURE_UNKNOWN INT8_MIN

/* What the core asks of the board it runs on. */
typedef struct {
    void (*write)(const uint8_t *data, size_t size); /* returns when sent, or given up */
    uint64_t (*ticks)(void);                         /* SysTick ticks, never going back */
    uint32_t (*receive_overruns)(void);              /* bytes lost so far */
    bool (*open_lane)(void); /* whether there is a fast lane to change to, or NULL for none */
    /* NULL where there is no audio: take the pipeline from the player, give it back, and write a
     * HEALTH_REPLY. */
    void (*claim)(void);
    void (*release)(void);
    void (*health)(uint8_t *reply);
    void (*alive)(void);                   /* told now and then in long work, or NULL: the watchdog */
    const ps_reset_report_t *reset_report; /* or NULL */
    uint8_t *spare;                        /* memory for tables that come over the line, or NULL */
    size_t spare_bytes;
    const ps_flash_t *flash; /* that can be written, or NULL */
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

/* What the host may set; it holds for the board's own playing, and from now on for what runs. */
typedef struct {
    uint32_t volume;             /* Q8.24 */
    uint32_t release;            /* Q0.31 */
    uint32_t limits[PS_DRIVERS]; /* at most the design's */
} ps_settings_t;

typedef struct {
    const ps_platform_t *platform;
    const ps_design_t *design; /* the image's tables, or those that have come since */
    ps_settings_t settings;
    ps_pipeline_t pipeline;
    ps_tuning_t tuning;
    ps_sample_t in[PS_BLOCK_SAMPLES * PS_INPUTS];
    ps_sample_t out[PS_BLOCK_SAMPLES * PS_DRIVERS];
    bool bad_tables; /* no START any more */
    uint8_t entry;   /* 0 until START */
    uint32_t blocks;
    uint32_t block_ticks_last;
    uint32_t block_ticks_max;
} ps_command_t;

void ps_command_reset(ps_command_t *command, const ps_platform_t *platform, const ps_design_t *design);

/* The pipeline from silence on, for the board's own input, as the host has set it. As ps_pipeline_reset(). */
int ps_command_begin_playing(ps_command_t *command);

/* Whether the design that plays keeps missing its deadlines; see ps_tuning_t. */
void ps_command_note_overload(ps_command_t *command, bool overload);

/*
 * Handles one request. Writes the reply's payload (at most PS_MAX_PAYLOAD_BYTES) and its size.
 * Returns PS_OK, or the negative status that an ERROR_REPLY is to carry.
 */
int ps_command_handle(ps_command_t *command, const ps_frame_t *request, const ps_link_counters_t *counters,
                      uint8_t *reply, size_t *reply_size);

#endif
