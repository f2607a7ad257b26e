#define _GNU_SOURCE
#include "recording.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct {
    uint32_t address, when, then;
} rule_t;

static struct {
    uintptr_t start;
    size_t size;
} areas[8];
static size_t area_count;
static rule_t rules[16];
static size_t rule_count;
static uintptr_t pending;
static int pending_size;

unsigned long recording_reads;
void (*recording_on_read)(uint32_t address);
void (*recording_on_write)(uint32_t address, uint32_t *value);

void settle(void)
{
    const uintptr_t address = pending;

    if (address == 0) {
        return;
    }
    pending = 0;
    uint32_t value = 0;
    memcpy(&value, (const void *)address, (size_t)pending_size);
    printf("%08lx %d %08lx\n", (unsigned long)address, pending_size, (unsigned long)value);
    if (recording_on_write != NULL) {
        recording_on_write((uint32_t)address, &value);
        memcpy((void *)address, &value, (size_t)pending_size);
    }
    for (size_t n = 0; n < rule_count; n++) {
        if (rules[n].address == address && (value & rules[n].when) == rules[n].when) {
            value |= rules[n].then;
            memcpy((void *)address, &value, sizeof value);
        }
    }
}

static bool is_register(const volatile void *address)
{
    const uintptr_t a = (uintptr_t)address;

    for (size_t n = 0; n < area_count; n++) {
        if (a >= areas[n].start && a < areas[n].start + areas[n].size) {
            return true;
        }
    }
    return false;
}

static void note_read(const volatile void *address)
{
    if (is_register(address)) {
        settle();
        recording_reads++;
        if (recording_on_read != NULL) {
            recording_on_read((uint32_t)(uintptr_t)address);
        }
    }
}

static void note_write(const volatile void *address, int size)
{
    if (is_register(address)) {
        settle();
        pending = (uintptr_t)address;
        pending_size = size;
    }
}

/* clang-format off */
void __tsan_init(void) {}
void __tsan_func_entry(void *caller) { (void)caller; }
void __tsan_func_exit(void) {}
void __tsan_volatile_read1(void *a) { note_read(a); }
void __tsan_volatile_read2(void *a) { note_read(a); }
void __tsan_volatile_read4(void *a) { note_read(a); }
void __tsan_volatile_write1(void *a) { note_write(a, 1); }
void __tsan_volatile_write4(void *a) { note_write(a, 4); }
#define IGNORED(name) void name(void *a) { (void)a; }
IGNORED(__tsan_read1) IGNORED(__tsan_read2) IGNORED(__tsan_read4) IGNORED(__tsan_read8) IGNORED(__tsan_read16)
IGNORED(__tsan_write1) IGNORED(__tsan_write2) IGNORED(__tsan_write4) IGNORED(__tsan_write8) IGNORED(__tsan_write16)
IGNORED(__tsan_unaligned_read2) IGNORED(__tsan_unaligned_read4) IGNORED(__tsan_unaligned_read8)
IGNORED(__tsan_unaligned_write2) IGNORED(__tsan_unaligned_write4) IGNORED(__tsan_unaligned_write8)
void __tsan_read_range(void *a, unsigned long size) { (void)a; (void)size; }
void __tsan_write_range(void *a, unsigned long size) { (void)a; (void)size; }
/* clang-format on */

void map(uint32_t address, uint32_t size)
{
    void *wanted = (void *)(uintptr_t)address;

    if (mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) !=
        wanted) {
        perror("the registers' addresses are taken");
        exit(1);
    }
    areas[area_count].start = address;
    areas[area_count++].size = size;
}

void rule(uint32_t address, uint32_t when, uint32_t then)
{
    rules[rule_count++] = (rule_t){address, when, then};
}
