/*
 * Verifies Ed25519 signatures, RFC 8032. The time depends on its input, all of which is public. Memory is
 * constant: there is one verification at a time.
 */
#ifndef PS_ED25519_H
#define PS_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PS_ED25519_KEY_BYTES       32u
#define PS_ED25519_SIGNATURE_BYTES 64u

/* Part of a message. */
typedef struct {
    const uint8_t *data;
    size_t size;
} ps_span_t;

/* Whether `signature` of the message, which is all parts in order, was made with the key's other half. */
bool ps_ed25519_verify(const uint8_t key[PS_ED25519_KEY_BYTES],
                       const uint8_t signature[PS_ED25519_SIGNATURE_BYTES], const ps_span_t *parts,
                       uint32_t count);

#endif
