/*
 * Counts the instructions of each block that Unicorn is about to run, and stops ahead of the first block beyond the
 * limit. Compiled by compiled.py and loaded by block_counter.py, which has the same in Python.
 */
#include <stddef.h>
#include <stdint.h>

#define ENTRIES     16384u
#define BLOCK_BYTES 4096u

typedef struct {
    uint32_t address;
    uint32_t size;
    uint32_t instructions;
} block_t;

typedef struct {
    uint64_t executed;
    uint64_t limit;
    uint64_t stopped;
    int (*stop)(void *engine);
    int (*read)(void *engine, uint64_t address, void *bytes, uint64_t size);
    block_t blocks[ENTRIES];
} counter_t;

/* Armv7-M A5.1: a half-word whose upper five bits are 0b11101, 0b11110 or 0b11111 begins a 32-bit instruction. */
static uint32_t count(const uint16_t *code, uint32_t halfwords)
{
    uint32_t instructions = 0;

    for (uint32_t n = 0; n < halfwords; n += code[n] >> 11 >= 0x1Du ? 2u : 1u) {
        instructions++;
    }
    return instructions;
}

void count_block(void *engine, uint64_t address, uint32_t size, counter_t *counter)
{
    block_t *block = &counter->blocks[address / 2u % ENTRIES];

    if (counter->executed >= counter->limit) {
        counter->stopped = 1;
        counter->stop(engine);
        return;
    }
    if (block->address != (uint32_t)address || block->size != size) {
        uint16_t code[BLOCK_BYTES / 2u] = {0};

        size = size > BLOCK_BYTES ? BLOCK_BYTES : size;
        counter->read(engine, address, code, size);
        *block = (block_t){(uint32_t)address, size, count(code, size / 2u)};
    }
    counter->executed += block->instructions;
}
