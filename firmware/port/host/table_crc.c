/* The check of tables, by itself: a test chooses the memory and the portions. */
#include "tables/table_crc.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT size_t host_table_crc_bytes(void);
EXPORT void host_table_crc_reset(ps_table_crc_t *table_crc, const uint8_t *start, size_t size,
                                 uint32_t expected);
EXPORT int host_table_crc_check(ps_table_crc_t *table_crc, size_t bytes);
EXPORT uint32_t host_table_crc_passes(const ps_table_crc_t *table_crc);

size_t host_table_crc_bytes(void)
{
    return sizeof(ps_table_crc_t);
}

void host_table_crc_reset(ps_table_crc_t *table_crc, const uint8_t *start, size_t size, uint32_t expected)
{
    ps_table_crc_reset(table_crc, start, size, expected);
}

int host_table_crc_check(ps_table_crc_t *table_crc, size_t bytes)
{
    return ps_table_crc_check(table_crc, bytes);
}

uint32_t host_table_crc_passes(const ps_table_crc_t *table_crc)
{
    return table_crc->passes;
}
