/*
 * Signatures of tables, in an image that was built with a public key (PS_PUBLIC_KEY: its 32 bytes, separated
 * by commas). Any other image has no code for them.
 */
#ifndef PS_SIGNATURE_H
#define PS_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether this image takes signed tables only. */
bool ps_signature_is_needed(void);

/* Whether these 64 bytes sign an announcement (PS_TUNE_BEGIN_BYTES) and its tables. */
bool ps_signature_is_good(const uint8_t *signature, const uint8_t *begin, const uint8_t *tables,
                          uint32_t bytes);

#endif
