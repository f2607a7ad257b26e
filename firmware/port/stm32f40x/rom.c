/* The bootloader in the chip's ROM. */
#include "board.h"
#include "bootloader.h"

/* RM0090 2.3: system memory. AN2606: its bootloader listens on USART1 at PA9 and PA10, and on USART3 at
 * PB10 and PB11, or PC10 and PC11. */
#define SYSTEM_MEMORY 0x1FFF0000u

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
