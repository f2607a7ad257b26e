/*
 * Tables that are exchanged while the board plays. There are two banks of memory beside the image's own
 * tables: one of the three plays, another is filled over the line, proved, and faded to. Whatever ends
 * half-way leaves what plays as it is.
 */
#ifndef PS_TUNING_H
#define PS_TUNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dsp/pipeline.h"
#include "tables/table_crc.h"
#include "tables/slots.h"

#define PS_TUNING_BANKS 2u

typedef struct {
    ps_design_t *design; /* the bank's memory begins with it; the tables follow */
    uint8_t *tables;
    uint8_t begin[PS_TUNE_BEGIN_BYTES]; /* the announcement; the digest comes first */
    uint32_t bytes;                     /* announced */
    uint32_t firs;
    uint32_t received;
    uint8_t source; /* PS_SOURCE_… */
    ps_seal_t seal; /* once they are proved */
} ps_bank_t;

typedef struct {
    ps_bank_t banks[PS_TUNING_BANKS];
    uint32_t room;           /* bytes of tables that a bank holds; 0 without memory */
    ps_bank_t *receiving;    /* or NULL */
    const ps_flash_t *flash; /* or NULL */
    ps_slot_t kept;          /* the newest slot whose tables are proved; sequence 0: none */
    /* A design that could not keep its deadlines, until it does or other tables come in its place; or NULL.
     * It is not kept in flash: a board that began with it would be silent from every start on. */
    const ps_design_t *volatile too_slow;
} ps_tuning_t;

/*
 * Divides the memory into banks; it is nobody else's from here on. NULL, or too little, for none. Returns the
 * design to play: that of the newest slot of `flash` (or NULL) that is whole and proved, else `image`.
 */
const ps_design_t *ps_tuning_reset(ps_tuning_t *tuning, uint8_t *memory, size_t size, const ps_flash_t *flash,
                                   const ps_design_t *image);

/* The SHA-256 of the design that plays, or would: `design`, but until the end of a fade the old one. */
const uint8_t *ps_tuning_playing(const ps_tuning_t *tuning, const ps_pipeline_t *pipeline,
                                 const ps_design_t *design);

/* Whether a request is one of these. */
bool ps_tuning_takes(uint8_t type);

/*
 * Handles such a request. `design` is what plays, or would; it changes where tables are exchanged.
 * Returns PS_OK with the reply's payload and size, or the status of an ERROR_REPLY.
 */
int ps_tuning_handle(ps_tuning_t *tuning, ps_pipeline_t *pipeline, const ps_design_t **design, uint8_t type,
                     const uint8_t *payload, size_t length, uint8_t *reply, size_t *reply_size);

/* Checks the next bytes of the tables that play, if they lie in a bank; false once they are no longer whole.
 */
bool ps_tuning_check(ps_tuning_t *tuning, const ps_design_t *design, size_t bytes);

#endif
