/*
 * The way into the bootloader of a chip's ROM: a word that a reset leaves, a reset, and a jump before
 * anything has been started. So the ROM finds the chip as after a reset (AN2606, "Bootloader activation").
 */
#ifndef PS_BOOTLOADER_H
#define PS_BOOTLOADER_H

#include <stdbool.h>
#include <stdint.h>

/* Leaves the word and resets the chip; does not return. */
void bootloader_restart(void) __attribute__((noreturn));

/* Whether the last reset was such a one; only once. */
bool bootloader_is_wanted(void);

/* Goes to a vector table: its first word is the stack, its second the entry. Does not return. */
void bootloader_jump(uint32_t vectors) __attribute__((noreturn));

#endif
