/*
 * Tables that are exchanged while the board plays. There are two banks of memory beside the image's own
 * tables. One of the three plays. Another is filled over the line, validated, and faded to. A transfer that
 * ends early leaves what plays as it is.
 */
#ifndef PS_TUNING_H
#define PS_TUNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/pipeline.h"
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
    uint8_t source;     /* PS_SOURCE_… */
    ps_table_crc_t crc; /* once they are validated */
} ps_bank_t;

typedef struct {
    ps_bank_t banks[PS_TUNING_BANKS];
    uint32_t room;           /* bytes of tables that a bank holds; 0 without memory */
    ps_bank_t *receiving;    /* or NULL */
    const ps_flash_t *flash; /* or NULL */
    ps_slot_t kept;          /* the newest slot with valid tables; sequence 0: none */
    /* A design that misses its deadlines, until it keeps them or is replaced; or NULL. It is not written to
     * flash, because a board that starts with it would be silent after every reset. */
    const ps_design_t *volatile too_slow;
} ps_tuning_t;

/*
 * Divides the memory into banks, and keeps it. NULL or too little memory: no banks. Returns the design to
 * play: that of the newest slot of `flash` (or NULL) that is whole and valid, else `image`.
 */
const ps_design_t *ps_tuning_reset(ps_tuning_t *tuning, uint8_t *memory, size_t size, const ps_flash_t *flash,
                                   const ps_design_t *image);

/* The SHA-256 of the design that plays: that of `design`, but of the outgoing one until the end of a fade. */
const uint8_t *ps_tuning_playing(const ps_tuning_t *tuning, const ps_pipeline_t *pipeline,
                                 const ps_design_t *design);

/* Whether TUNE_COMMIT would write flash: it does not if flash holds the tables already. Depends on nothing
 * that an interrupt changes. */
bool ps_tuning_commit_writes(const ps_tuning_t *tuning, const ps_design_t *design);

/* Whether ps_tuning_handle() handles requests of this type. */
bool ps_tuning_takes(uint8_t type);

/*
 * Handles such a request. *design is the design to play, and changes when tables are applied. Returns PS_OK
 * with the reply's payload and size, or the status of an ERROR_REPLY.
 */
int ps_tuning_handle(ps_tuning_t *tuning, ps_pipeline_t *pipeline, const ps_design_t **design, uint8_t type,
                     const uint8_t *payload, size_t length, uint8_t *reply, size_t *reply_size);

/* Checks the next bytes of the tables that play, if they lie in a bank. Returns false once they have changed.
 */
bool ps_tuning_check(ps_tuning_t *tuning, const ps_design_t *design, size_t bytes);

#endif
