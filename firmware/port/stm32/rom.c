/* The way into the bootloader of the chip's ROM, after the answer to the request has left. */
#include "rom.h"

#include "board.h"
#include "bootloader.h"

/* Polls for one byte to leave: at 921600 baud it takes 11 us. */
#define SEND_POLLS 100000u

void rom_enter(void)
{
    for (uint32_t n = 0; n < SEND_POLLS && !(SERIAL_STATUS & SERIAL_STATUS_SENT); n++) {
    }
    bootloader_restart();
}
