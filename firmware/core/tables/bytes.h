/* Little-endian fields of the wire format, for any alignment. */
#ifndef PS_BYTES_H
#define PS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t ps_get_u16(const uint8_t *from)
{
    return (uint16_t)(from[0] | from[1] << 8);
}

static inline uint32_t ps_get_u32(const uint8_t *from)
{
    return ps_get_u16(from) | (uint32_t)ps_get_u16(from + 2) << 16;
}

static inline void ps_put_u16(uint8_t *to, uint32_t value)
{
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
}

static inline void ps_put_u32(uint8_t *to, uint32_t value)
{
    ps_put_u16(to, value);
    ps_put_u16(to + 2, value >> 16);
}

static inline void ps_put_u64(uint8_t *to, uint64_t value)
{
    ps_put_u32(to, (uint32_t)value);
    ps_put_u32(to + 4, (uint32_t)(value >> 32));
}

/* For reserved fields: what is refused today can get a meaning tomorrow. */
static inline bool ps_is_zero(const uint8_t *from, size_t size)
{
    uint8_t any = 0;

    for (size_t n = 0; n < size; n++) {
        any |= from[n];
    }
    return any == 0;
}

#endif
