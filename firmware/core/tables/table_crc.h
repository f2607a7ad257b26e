/*
 * Whether the tables in flash still are what was linked: a CRC-32 that the build wrote beside them, checked
 * as a whole at the start and a little at a time ever after.
 */
#ifndef PS_SEAL_H
#define PS_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *start;
    size_t size;
    uint32_t expected;
    size_t done;
    uint32_t crc;    /* so far */
    uint32_t passes; /* checked through without a fault */
    bool broken;
} ps_seal_t;

void ps_seal_reset(ps_seal_t *seal, const uint8_t *start, size_t size, uint32_t expected);

/* Takes the next bytes, at most `bytes`; returns false from the end of the first bad pass on. */
bool ps_seal_check(ps_seal_t *seal, size_t bytes);

#endif
