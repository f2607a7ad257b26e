/* The bootloader in the chip's ROM. */
#include "bootloader.h"

#include "board.h"

/* RM0090 2.3: system memory. AN2606: its bootloader listens on USART1, PA9 and PA10, as this port does. */
#define SYSTEM_MEMORY 0x1FFF0000u

/* Polls for one byte to leave: at 921600 baud it takes 11 us. */
#define SEND_POLLS 100000u

void enter_bootloader(void)
{
    /* RM0090 30.6.1: TC, when the last byte of the reply has left */
    for (uint32_t n = 0; n < SEND_POLLS && !(USART1_SR & USART1_SR_TC); n++) {
    }
    bootloader_restart();
}

/* With the chip as a reset leaves it: nothing runs yet, and the watchdog stands. */
static void jump_to_bootloader(void)
{
    /* RM0090 9.2.1: system memory at address 0 as well, where the ROM looks for its vectors */
    RCC_APB2ENR |= RCC_APB2ENR_SYSCFGEN;
    (void)RCC_APB2ENR;
    SYSCFG_MEMRM = 1u;
    bootloader_jump(SYSTEM_MEMORY);
}

void board_begin(void)
{
    if (bootloader_is_wanted()) {
        jump_to_bootloader();
    }
}
