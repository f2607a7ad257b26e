/*
 * Registers on the host that record every write, in order. A port is compiled with GCC's instrumentation of volatile
 * accesses (-fsanitize=thread --param tsan-distinguish-volatile=1). The functions that this calls ahead of each
 * access are in recording.c: there is no ThreadSanitizer. The registers are memory at their own addresses.
 */
#ifndef RECORDING_H
#define RECORDING_H

#include <stddef.h>
#include <stdint.h>

/* Reads of registers so far */
extern unsigned long recording_reads;

/* A chip's own behaviour ahead of a read, or behind a write whose value it may change; may be NULL. */
extern void (*recording_on_read)(uint32_t address);
extern void (*recording_on_write)(uint32_t address, uint32_t *value);

static inline volatile uint32_t *at(uint32_t address)
{
    return (volatile uint32_t *)(uintptr_t)address;
}

/* Registers, or flash, from now on */
void map(uint32_t address, uint32_t size);

/* What the hardware does by itself: a write that sets `when` in a register sets `then` in it. */
void rule(uint32_t address, uint32_t when, uint32_t then);

/* Prints "ADDRESS SIZE VALUE" of a write that is under way. */
void settle(void);

#endif
