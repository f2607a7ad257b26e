/*
 * Checks that tables in memory have not changed, against an expected CRC-32. That of the image is written by
 * the build. The check runs as a whole at the start, and then in portions.
 */
#ifndef PS_TABLE_CRC_H
#define PS_TABLE_CRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *start;
    size_t size;
    uint32_t expected;
    size_t done;
    uint32_t crc;    /* so far */
    uint32_t passes; /* complete passes without a fault */
    bool broken;
} ps_table_crc_t;

void ps_table_crc_reset(ps_table_crc_t *table_crc, const uint8_t *start, size_t size, uint32_t expected);

/* Checks the next bytes, at most `bytes`. Returns false from the end of the first bad pass on. */
bool ps_table_crc_check(ps_table_crc_t *table_crc, size_t bytes);

#endif
