/* Memories, their attributes and the caches. */
#ifndef PS_STM32H743_MEMORY_H
#define PS_STM32H743_MEMORY_H

/* Where the converters' buffers are: SRAM1, 128 KiB */
#define MEMORY_DMA 0x30000000u

/* Where tables are kept: the last two sectors of bank 2, 256 KiB */
#define MEMORY_SLOTS 0x081C0000u

#endif
