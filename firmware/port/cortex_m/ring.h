/* Received bytes on their way from the interrupt to the application; one writer, one reader, no lock. */
#ifndef PS_RING_H
#define PS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/* As much as the host may have on its way, and a few delimiters. */
#define PS_RING_BYTES (PS_CREDITS * PS_MAX_ENCODED_BYTES + 64u)

typedef struct {
    uint8_t bytes[PS_RING_BYTES];
    volatile uint32_t head; /* written by the interrupt only */
    volatile uint32_t tail; /* written by the reader only */
    volatile uint32_t overruns;
} ps_ring_t;

static inline uint32_t ps_ring_next(uint32_t index)
{
    return index + 1u == PS_RING_BYTES ? 0u : index + 1u;
}

/* Keeps a byte, or counts it as lost. */
static inline void ps_ring_put(ps_ring_t *ring, uint8_t byte)
{
    const uint32_t after = ps_ring_next(ring->head);

    if (after == ring->tail) {
        ring->overruns++;
    } else {
        ring->bytes[ring->head] = byte;
        ring->head = after;
    }
}

static inline bool ps_ring_empty(const ps_ring_t *ring)
{
    return ring->head == ring->tail;
}

/* Moves bytes, at most `capacity`; returns their number. */
static inline size_t ps_ring_take(ps_ring_t *ring, uint8_t *buffer, size_t capacity)
{
    size_t size = 0;

    while (size < capacity && ring->tail != ring->head) {
        buffer[size++] = ring->bytes[ring->tail];
        ring->tail = ps_ring_next(ring->tail);
    }
    return size;
}

#endif
