/*
 * Consistent Overhead Byte Stuffing (Cheshire & Baker, IEEE/ACM Transactions on Networking 7(2), 1999). A
 * frame holds no zero and ends with one. It grows by at most one byte for every 254.
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

/* Decoder that is fed one byte at a time, and writes into the caller's memory. */
typedef struct {
    uint8_t *buffer;
    uint32_t capacity;
    uint32_t size;      /* bytes decoded so far */
    uint8_t remaining;  /* bytes until the next code byte */
    uint8_t code;       /* the code byte under way; 0 at the start of a frame */
    uint8_t overflowed; /* the frame exceeds the buffer, and its rest is skipped */
} ps_cobs_t;

/* Results of ps_cobs_feed() beside the negative status PS_E_COBS */
#define PS_COBS_MORE 0
#define PS_COBS_END  1

void ps_cobs_reset(ps_cobs_t *cobs, uint8_t *buffer, uint32_t capacity);

/*
 * Returns PS_COBS_MORE within a frame, PS_COBS_END at its end, or PS_E_COBS at the end of one that was broken
 * or too long. A frame has cobs->size bytes, which hold until the next call; 0 for two delimiters in a row.
 */
int ps_cobs_feed(ps_cobs_t *cobs, uint8_t byte);

#endif
