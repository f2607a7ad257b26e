/* SHA-512, FIPS 180-4: for the signature of tables only. */
#ifndef PS_SHA512_H
#define PS_SHA512_H

#include <stddef.h>
#include <stdint.h>

#define PS_SHA512_BYTES 64u

typedef struct {
    uint64_t state[8];
    uint64_t bytes; /* so far */
    uint8_t block[128];
} ps_sha512_t;

void ps_sha512_begin(ps_sha512_t *hash);
void ps_sha512_add(ps_sha512_t *hash, const uint8_t *data, size_t size);
void ps_sha512_end(ps_sha512_t *hash, uint8_t digest[PS_SHA512_BYTES]);

#endif
