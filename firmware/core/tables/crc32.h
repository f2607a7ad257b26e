/* CRC-32 of IEEE 802.3 (reflected, polynomial 0x04C11DB7), as zlib's crc32. */
#ifndef PS_CRC32_H
#define PS_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* crc: 0 for the first bytes, or the CRC of all bytes before. */
uint32_t ps_crc32(uint32_t crc, const uint8_t *data, size_t size);

#endif
