/*
 * Consistent Overhead Byte Stuffing (Cheshire & Baker, IEEE/ACM Transactions on Networking 7(2), 1999): no
 * zero inside a frame, at most one byte more for every 254, and one zero that ends it.
 */
#ifndef PS_COBS_H
#define PS_COBS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Encodes and closes with the delimiter. `out` holds at least size + size / 254 + 2 bytes.
 * Returns the number of bytes written.
 */
size_t ps_cobs_encode(const uint8_t *data, size_t size, uint8_t *out);

/* Decoder that is fed one byte at a time, and writes into memory of the caller's. */
typedef struct {
    uint8_t *buffer;
    uint32_t capacity;
    uint32_t size;      /* bytes decoded so far */
    uint8_t remaining;  /* bytes until the next code byte */
    uint8_t code;       /* the code byte under way; 0 at the start of a frame */
    uint8_t overflowed; /* the frame exceeds the buffer: its rest is passed over */
} ps_cobs_t;

/* Results of ps_cobs_feed() beside the negative status PS_E_COBS */
#define PS_COBS_MORE 0
#define PS_COBS_END  1

void ps_cobs_reset(ps_cobs_t *cobs, uint8_t *buffer, uint32_t capacity);

/*
 * Returns PS_COBS_MORE, PS_COBS_END at the end of a frame of cobs->size bytes (read it before the next call;
 * size 0: two delimiters in a row), or PS_E_COBS at the end of a frame that was broken or too long.
 */
int ps_cobs_feed(ps_cobs_t *cobs, uint8_t byte);

#endif
