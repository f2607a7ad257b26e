/*
 * A program that boots bare in QEMU, prints through semihosting and ends the machine. Under `-icount shift=0`
 * an instruction takes one nanosecond of virtual time, and SysTick counts that time.
 */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stdint.h>

/* The program; what it returns becomes QEMU's exit code. */
int bench_main(void);

/* Prints one number after a name, as a line of its own. */
void bench_print(const char *name, uint64_t value);

/* SysTick ticks since the last bench_start(), less those that the two calls take themselves. */
void bench_start(void);
uint32_t bench_ticks(void);

/* Runs `turns` turns of a loop of two instructions: what a tick is worth is found by it. */
void bench_calibrate(uint32_t turns);

#endif
