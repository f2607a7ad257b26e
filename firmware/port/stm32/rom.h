/* The bootloader in the chip's ROM. */
#ifndef PS_ROM_H
#define PS_ROM_H

/* Restarts into it; does not return. */
void rom_enter(void) __attribute__((noreturn));

#endif
