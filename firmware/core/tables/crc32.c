#include "tables/crc32.h"

/* Remainders of the sixteen half bytes. The reflected polynomial is 0xEDB88320. The table takes 64 bytes
 * instead of 1024, as the link is slower than two look-ups a byte. The STM32F4's CRC unit takes the most
 * significant bit first and does not invert the result (RM0090 4.3). QEMU has no such unit. */
static const uint32_t half_byte[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
    0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};

uint32_t ps_crc32(uint32_t crc, const uint8_t *data, size_t size)
{
    crc = ~crc;
    for (size_t n = 0; n < size; n++) {
        crc ^= data[n];
        crc = (crc >> 4) ^ half_byte[crc & 15u];
        crc = (crc >> 4) ^ half_byte[crc & 15u];
    }
    return ~crc;
}
