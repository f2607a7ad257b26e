#include "tables/table_crc.h"

#include "tables/crc32.h"

void ps_table_crc_reset(ps_table_crc_t *table_crc, const uint8_t *start, size_t size, uint32_t expected)
{
    *table_crc = (ps_table_crc_t){.start = start, .size = size, .expected = expected};
}

bool ps_table_crc_check(ps_table_crc_t *table_crc, size_t bytes)
{
    const size_t left = table_crc->size - table_crc->done;
    const size_t now = bytes < left ? bytes : left;

    table_crc->crc = ps_crc32(table_crc->crc, table_crc->start + table_crc->done, now);
    table_crc->done += now;
    if (table_crc->done == table_crc->size) {
        table_crc->broken = table_crc->broken || table_crc->crc != table_crc->expected;
        table_crc->passes += table_crc->broken ? 0u : 1u;
        table_crc->done = 0;
        table_crc->crc = 0;
    }
    return !table_crc->broken;
}
