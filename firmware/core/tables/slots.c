#include "tables/slots.h"

#include <string.h>

#include "tables/bytes.h"
#include "tables/crc32.h"
#include "design.h"

#define MARK 0x544C5350u /* "PSLT" */

/* Fields of a slot, in bytes from its start. A flash word is programmed once: the mark has one of its own.
 * The image's digest says which image the tables are for. The erasures are those of all slots, this slot's
 * last one included. */
#define AT_MARK     0u
#define AT_SEQUENCE PS_FLASH_WORD_BYTES
#define AT_IMAGE    (AT_SEQUENCE + 4u)
#define AT_BEGIN    (AT_IMAGE + 32u)
#define AT_ERASURES (AT_BEGIN + PS_TUNE_BEGIN_BYTES)
#define AT_CRC      (AT_ERASURES + 4u)
#define AT_TABLES   ((AT_CRC + 4u + PS_FLASH_WORD_BYTES - 1u) / PS_FLASH_WORD_BYTES * PS_FLASH_WORD_BYTES)

_Static_assert(AT_CRC % 4u == 0, "fields lie on words");

static bool is_readable(const ps_flash_t *flash, uint32_t slot)
{
    return flash->is_readable == NULL || flash->is_readable(slot);
}

static bool is_head_whole(const uint8_t *start)
{
    return ps_crc32(0, start + AT_SEQUENCE, AT_CRC - AT_SEQUENCE) == ps_get_u32(start + AT_CRC);
}

/* Whether head and tables, which can be read, are whole, and for this image. Does not look at the mark. */
static bool is_whole(const ps_flash_t *flash, uint32_t slot, ps_slot_t *found)
{
    const uint8_t *start = flash->at(slot);
    const uint8_t *begin = start + AT_BEGIN;
    const uint32_t bytes = ps_get_u32(begin + PS_TUNE_BEGIN_TABLES_BYTES);

    if (!is_head_whole(start) ||
        memcmp(start + AT_IMAGE, ps_identity.digest, sizeof ps_identity.digest) != 0 ||
        bytes > flash->slot_bytes - AT_TABLES ||
        ps_crc32(ps_crc32(0, begin, PS_TUNE_BEGIN_CRC), start + AT_TABLES, bytes) !=
            ps_get_u32(begin + PS_TUNE_BEGIN_CRC)) {
        return false;
    }
    *found = (ps_slot_t){
        .slot = slot,
        .sequence = ps_get_u32(start + AT_SEQUENCE),
        .begin = begin,
        .tables = start + AT_TABLES,
        .bytes = bytes,
    };
    return true;
}

/* After the last number comes 1, because 0 means none. */
static uint32_t number_after(uint32_t sequence)
{
    return sequence == UINT32_MAX ? 1u : sequence + 1u;
}

/* Compares as serial numbers of RFC 1982. */
static bool is_newer(uint32_t sequence, uint32_t other)
{
    return sequence != other && sequence - other < 1u << 31;
}

uint32_t ps_slots_find(const ps_flash_t *flash, ps_slot_t found[PS_SLOTS])
{
    uint32_t count = 0;

    for (uint32_t slot = 0; slot < PS_SLOTS; slot++) {
        ps_slot_t candidate;
        uint32_t place = count;

        if (!is_readable(flash, slot) || ps_get_u32(flash->at(slot) + AT_MARK) != MARK ||
            !is_whole(flash, slot, &candidate)) {
            continue;
        }
        for (; place != 0 && is_newer(candidate.sequence, found[place - 1u].sequence); place--) {
            found[place] = found[place - 1u];
        }
        found[place] = candidate;
        count++;
    }
    return count;
}

uint32_t ps_slots_erasures(const ps_flash_t *flash)
{
    uint32_t most = 0;

    for (uint32_t slot = 0; slot < PS_SLOTS; slot++) {
        if (is_readable(flash, slot)) {
            const uint8_t *start = flash->at(slot);
            const uint32_t erasures = is_head_whole(start) ? ps_get_u32(start + AT_ERASURES) : 0;

            most = erasures > most ? erasures : most;
        }
    }
    return most;
}

bool ps_slots_hold(const ps_flash_t *flash, const ps_slot_t *slot, const uint8_t *begin,
                   const uint8_t *tables)
{
    ps_slot_t found;

    return is_readable(flash, slot->slot) && ps_get_u32(flash->at(slot->slot) + AT_MARK) == MARK &&
           is_whole(flash, slot->slot, &found) && memcmp(found.begin, begin, PS_TUNE_BEGIN_BYTES) == 0 &&
           memcmp(found.tables, tables, found.bytes) == 0;
}

static bool program(const ps_flash_t *flash, uint32_t slot, uint32_t offset, const uint8_t *data, size_t size)
{
    for (size_t n = 0; n < size; n += flash->word_bytes) {
        uint32_t words[PS_FLASH_WORD_BYTES / 4u];

        memset(words, 0xFF, sizeof words);
        memcpy(words, data + n, size - n < flash->word_bytes ? size - n : flash->word_bytes);
        if (!flash->program(slot, offset + (uint32_t)n, words)) {
            return false;
        }
    }
    return is_readable(flash, slot) && memcmp(flash->at(slot) + offset, data, size) == 0;
}

int ps_slots_write(const ps_flash_t *flash, const ps_slot_t *stays, const uint8_t *begin,
                   const uint8_t *tables, uint32_t bytes, ps_slot_t *written)
{
    ps_slot_t found[PS_SLOTS] = {{.slot = PS_SLOTS - 1u}};
    uint8_t head[AT_CRC + 4u];

    if (bytes > flash->slot_bytes - AT_TABLES) {
        return PS_E_ROOM;
    }
    (void)ps_slots_find(flash, found);

    const uint32_t slot = ((stays != NULL ? stays->slot : found[0].slot) + 1u) % PS_SLOTS;

    ps_put_u32(head + AT_SEQUENCE, number_after(found[0].sequence));
    memcpy(head + AT_IMAGE, ps_identity.digest, sizeof ps_identity.digest);
    memcpy(head + AT_BEGIN, begin, PS_TUNE_BEGIN_BYTES);
    ps_put_u32(head + AT_ERASURES, ps_slots_erasures(flash) + 1u);
    ps_put_u32(head + AT_CRC, ps_crc32(0, head + AT_SEQUENCE, AT_CRC - AT_SEQUENCE));
    ps_put_u32(head + AT_MARK, MARK);
    if (!flash->erase(slot) || !program(flash, slot, AT_TABLES, tables, bytes) ||
        !program(flash, slot, AT_SEQUENCE, head + AT_SEQUENCE, sizeof head - AT_SEQUENCE) ||
        !is_whole(flash, slot, written)) {
        return PS_E_FLASH;
    }
    return program(flash, slot, AT_MARK, head + AT_MARK, 4u) ? PS_OK : PS_E_FLASH;
}
