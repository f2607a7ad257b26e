#include "tables/tuning.h"

#include <string.h>

#include "tables/bytes.h"
#include "tables/crc32.h"
#include "tables/table_set.h"

/* The tables of a bank lie behind its design, where both are aligned to 8. */
#define DESIGN_BYTES ((sizeof(ps_design_t) + 7u) & ~(size_t)7u)

static void divide(ps_tuning_t *tuning, uint8_t *memory, size_t size)
{
    const size_t padding = (size_t)(-(uintptr_t)memory & 7u);
    const size_t each =
        memory == NULL || size < padding ? 0 : (size - padding) / PS_TUNING_BANKS & ~(size_t)7u;

    if (each <= DESIGN_BYTES) {
        return;
    }
    tuning->room = (uint32_t)(each - DESIGN_BYTES);
    for (uint32_t n = 0; n < PS_TUNING_BANKS; n++) {
        uint8_t *start = memory + padding + n * each;

        tuning->banks[n].design = (ps_design_t *)(void *)start;
        tuning->banks[n].tables = start + DESIGN_BYTES;
    }
}

/* Accepts an announcement if a bank has room for it. */
static int announce(const ps_tuning_t *tuning, ps_bank_t *bank, const uint8_t *request)
{
    const uint32_t bytes = ps_get_u32(request + PS_TUNE_BEGIN_TABLES_BYTES);
    const uint32_t firs = ps_get_u16(request + PS_TUNE_BEGIN_FIRS);
    const size_t size = ps_table_set_size(bytes, firs);

    if (ps_get_u32(request + PS_TUNE_BEGIN_LAYOUT_HASH) != PS_LAYOUT_HASH) {
        return PS_E_LAYOUT;
    }
    if (ps_get_u16(request + PS_TUNE_BEGIN_EQUALISED) != PS_EQUALISED) {
        return PS_E_EQUALISED;
    }
    if (size == 0 || size > tuning->room) {
        return PS_E_ROOM;
    }
    if (bank == NULL) {
        return PS_E_BUSY;
    }
    memcpy(bank->begin, request, sizeof bank->begin);
    bank->bytes = bytes;
    bank->firs = firs;
    bank->received = 0;
    return PS_OK;
}

/* Validates all of a bank. Then it may play. */
static int validate(ps_bank_t *bank, uint8_t source)
{
    if (ps_crc32(ps_crc32(0, bank->begin, PS_TUNE_BEGIN_CRC), bank->tables, bank->bytes) !=
        ps_get_u32(bank->begin + PS_TUNE_BEGIN_CRC)) {
        return PS_E_CRC;
    }
    /* The groups are the image's: the hash says that both are of one layout. */
    const int status = ps_table_set_read(bank->tables, bank->bytes, bank->firs, &ps_design, bank->design);

    if (status != PS_OK) {
        return status;
    }
    const size_t size = DESIGN_BYTES + ps_table_set_size(bank->bytes, bank->firs);
    const uint8_t *start = (const uint8_t *)bank->design;

    bank->source = source;
    ps_table_crc_reset(&bank->crc, start, size, ps_crc32(0, start, size));
    return PS_OK;
}

const ps_design_t *ps_tuning_reset(ps_tuning_t *tuning, uint8_t *memory, size_t size, const ps_flash_t *flash,
                                   const ps_design_t *image)
{
    ps_bank_t *bank = &tuning->banks[0];
    ps_slot_t slots[PS_SLOTS];

    memset(tuning, 0, sizeof *tuning);
    tuning->flash = flash;
    divide(tuning, memory, size);

    const uint32_t count = flash != NULL ? ps_slots_find(flash, slots) : 0;

    for (uint32_t n = 0; n < count; n++) {
        if (announce(tuning, bank, slots[n].begin) != PS_OK) {
            continue;
        }
        memcpy(bank->tables, slots[n].tables, slots[n].bytes);
        if (validate(bank, PS_SOURCE_SLOT) == PS_OK) {
            tuning->kept = slots[n];
            return bank->design;
        }
    }
    return image;
}

static const ps_bank_t *bank_of(const ps_tuning_t *tuning, const ps_design_t *design)
{
    for (uint32_t n = 0; n < PS_TUNING_BANKS; n++) {
        if (tuning->room != 0 && tuning->banks[n].design == design) {
            return &tuning->banks[n];
        }
    }
    return NULL;
}

static const ps_bank_t *playing(const ps_tuning_t *tuning, const ps_pipeline_t *pipeline,
                                const ps_design_t *design)
{
    return bank_of(tuning, ps_crossfade_is_active(&pipeline->crossfade) ? pipeline->design : design);
}

const uint8_t *ps_tuning_playing(const ps_tuning_t *tuning, const ps_pipeline_t *pipeline,
                                 const ps_design_t *design)
{
    const ps_bank_t *bank = playing(tuning, pipeline, design);

    return bank != NULL ? bank->begin + PS_TUNE_BEGIN_DIGEST : ps_identity.digest;
}

/* A bank that neither plays nor is faded to. */
static ps_bank_t *free_bank(ps_tuning_t *tuning, const ps_pipeline_t *pipeline, const ps_design_t *design)
{
    for (uint32_t n = 0; n < PS_TUNING_BANKS; n++) {
        if (tuning->banks[n].design != design && tuning->banks[n].design != pipeline->design) {
            return &tuning->banks[n];
        }
    }
    return NULL;
}

static int begin(ps_tuning_t *tuning, const ps_pipeline_t *pipeline, const ps_design_t *design,
                 const uint8_t *request)
{
    ps_bank_t *bank = free_bank(tuning, pipeline, design);
    const int status = announce(tuning, bank, request);

    tuning->receiving = status == PS_OK ? bank : NULL;
    return status;
}

static int data(ps_bank_t *bank, const uint8_t *request, size_t length)
{
    if (bank == NULL) {
        return PS_E_INCOMPLETE;
    }
    if (ps_get_u32(request + PS_TUNE_DATA_OFFSET) != bank->received ||
        length - PS_TUNE_DATA_BYTES > bank->bytes - bank->received) {
        return PS_E_RANGE;
    }
    memcpy(bank->tables + bank->received, request + PS_TUNE_DATA_BYTES, length - PS_TUNE_DATA_BYTES);
    bank->received += (uint32_t)(length - PS_TUNE_DATA_BYTES);
    return PS_OK;
}

static int apply(ps_tuning_t *tuning, ps_pipeline_t *pipeline, const ps_design_t **design)
{
    ps_bank_t *bank = tuning->receiving;

    if (bank == NULL || bank->received != bank->bytes) {
        return PS_E_INCOMPLETE;
    }
    if (ps_crossfade_is_active(&pipeline->crossfade)) {
        return PS_E_BUSY;
    }
    const int status = validate(bank, PS_SOURCE_LINE);

    tuning->receiving = NULL;
    if (status != PS_OK) {
        return status;
    }
    tuning->too_slow = NULL;
    if (pipeline->design != NULL) {
        (void)ps_pipeline_tune(pipeline, bank->design);
    }
    *design = bank->design;
    return PS_OK;
}

/* Whether flash holds the tables of a bank for the next start. */
static bool is_kept(const ps_tuning_t *tuning, const ps_bank_t *bank)
{
    return tuning->kept.sequence != 0 &&
           ps_slots_hold(tuning->flash, &tuning->kept, bank->begin, bank->tables);
}

bool ps_tuning_commit_writes(const ps_tuning_t *tuning, const ps_design_t *design)
{
    const ps_bank_t *bank = bank_of(tuning, design);

    return tuning->flash != NULL && bank != NULL && !is_kept(tuning, bank);
}

/* The caller has silenced the player: while flash is erased, the core cannot read instructions from it. */
static int commit(ps_tuning_t *tuning, const ps_pipeline_t *pipeline, const ps_design_t *design,
                  uint8_t *reply, size_t *reply_size)
{
    const ps_bank_t *bank = bank_of(tuning, design);

    if (tuning->too_slow == design) {
        return PS_E_OVERLOAD;
    }
    if (tuning->flash == NULL) {
        return PS_E_NO_FLASH;
    }
    if (ps_crossfade_is_active(&pipeline->crossfade)) {
        return PS_E_BUSY;
    }
    if (bank == NULL) {
        return PS_E_INCOMPLETE;
    }
    *reply_size = PS_TUNE_COMMIT_REPLY_BYTES;
    reply[PS_TUNE_COMMIT_REPLY_WRITTEN] = !is_kept(tuning, bank);
    if (!reply[PS_TUNE_COMMIT_REPLY_WRITTEN]) {
        return PS_OK; /* an erasure would wear the flash for nothing */
    }
    ps_slot_t written;
    const ps_slot_t *stays = tuning->kept.sequence != 0 ? &tuning->kept : NULL;
    const int status = ps_slots_write(tuning->flash, stays, bank->begin, bank->tables, bank->bytes, &written);

    if (status == PS_OK) {
        tuning->kept = written;
    }
    return status;
}

static size_t tables(const ps_tuning_t *tuning, const ps_pipeline_t *pipeline, const ps_design_t *design,
                     uint8_t *reply)
{
    const ps_bank_t *bank = playing(tuning, pipeline, design);

    memset(reply, 0, PS_TABLES_REPLY_BYTES);
    memcpy(reply + PS_TABLES_REPLY_DIGEST, ps_tuning_playing(tuning, pipeline, design),
           sizeof ps_identity.digest);
    ps_put_u32(reply + PS_TABLES_REPLY_LAYOUT_HASH, PS_LAYOUT_HASH);
    ps_put_u32(reply + PS_TABLES_REPLY_ROOM_BYTES, tuning->room);
    ps_put_u16(reply + PS_TABLES_REPLY_ROOM_FIRS, PS_FIRS_ROOM);
    ps_put_u16(reply + PS_TABLES_REPLY_HISTORY_SAMPLES, PS_HISTORY_SAMPLES);
    ps_put_u16(reply + PS_TABLES_REPLY_FADE_SAMPLES, (uint16_t)ps_crossfade_samples(&pipeline->crossfade));
    reply[PS_TABLES_REPLY_EQUALISED] = PS_EQUALISED;
    reply[PS_TABLES_REPLY_SOURCE] = bank != NULL ? bank->source : PS_SOURCE_IMAGE;
    reply[PS_TABLES_REPLY_FLASH] = tuning->flash != NULL;
    ps_put_u32(reply + PS_TABLES_REPLY_COMMITTED, tuning->kept.sequence);
    reply[PS_TABLES_REPLY_FADING] = ps_crossfade_is_active(&pipeline->crossfade);
    if (tuning->flash != NULL) {
        ps_put_u32(reply + PS_TABLES_REPLY_ERASURES, ps_slots_erasures(tuning->flash));
        ps_put_u32(reply + PS_TABLES_REPLY_ENDURANCE, PS_SLOTS * tuning->flash->endurance);
    }
    return PS_TABLES_REPLY_BYTES;
}

bool ps_tuning_takes(uint8_t type)
{
    return type == PS_TUNE_BEGIN || type == PS_TUNE_DATA || type == PS_TUNE_APPLY || type == PS_TUNE_COMMIT ||
           type == PS_TABLES;
}

static bool length_fits(uint8_t type, size_t length)
{
    switch (type) {
    case PS_TUNE_BEGIN:
        return length == PS_TUNE_BEGIN_BYTES;
    case PS_TUNE_DATA:
        return length >= PS_TUNE_DATA_BYTES;
    default:
        return length == 0;
    }
}

int ps_tuning_handle(ps_tuning_t *tuning, ps_pipeline_t *pipeline, const ps_design_t **design, uint8_t type,
                     const uint8_t *payload, size_t length, uint8_t *reply, size_t *reply_size)
{
    if (!length_fits(type, length)) {
        return PS_E_LENGTH;
    }
    switch (type) {
    case PS_TUNE_BEGIN:
        return begin(tuning, pipeline, *design, payload);
    case PS_TUNE_DATA:
        return data(tuning->receiving, payload, length);
    case PS_TUNE_APPLY:
        return apply(tuning, pipeline, design);
    case PS_TUNE_COMMIT:
        return commit(tuning, pipeline, *design, reply, reply_size);
    default:
        *reply_size = tables(tuning, pipeline, *design, reply);
        return PS_OK;
    }
}

bool ps_tuning_check(ps_tuning_t *tuning, const ps_design_t *design, size_t bytes)
{
    for (uint32_t n = 0; n < PS_TUNING_BANKS; n++) {
        if (tuning->room != 0 && tuning->banks[n].design == design) {
            return ps_table_crc_check(&tuning->banks[n].crc, bytes);
        }
    }
    return true;
}
