#include "tables/table_crc.h"

#include "tables/crc32.h"

void ps_seal_reset(ps_seal_t *seal, const uint8_t *start, size_t size, uint32_t expected)
{
    *seal = (ps_seal_t){.start = start, .size = size, .expected = expected};
}

bool ps_seal_check(ps_seal_t *seal, size_t bytes)
{
    const size_t left = seal->size - seal->done;
    const size_t now = bytes < left ? bytes : left;

    seal->crc = ps_crc32(seal->crc, seal->start + seal->done, now);
    seal->done += now;
    if (seal->done == seal->size) {
        seal->broken = seal->broken || seal->crc != seal->expected;
        seal->passes += seal->broken ? 0u : 1u;
        seal->done = 0;
        seal->crc = 0;
    }
    return !seal->broken;
}
