/* Vector table: sixteen of the core, then the board's interrupts (board.h). */
#include "board.h"
#include "fault.h"
#include "handlers.h"
#include "reset.h"
#include "ticks.h"

#define VECTORS     (16u + BOARD_INTERRUPTS)
#define UART_VECTOR (16u + BOARD_UART_INTERRUPT)

/* clang-format off */
const vector_t vectors[VECTORS] __attribute__((section(".vectors"), used)) = {
    [0] = {.initial_stack = linker_stack_top},
    [1] = {.handler = reset_handler},
    [2 ... 14] = {.handler = fault_handler},
    [15] = {.handler = systick_handler},
#if BOARD_UART_INTERRUPT > 0
    [16 ... UART_VECTOR - 1] = {.handler = fault_handler},
#endif
    [UART_VECTOR] = {.handler = uart_receive_handler},
    [UART_VECTOR + 1 ... VECTORS - 1] = {.handler = fault_handler},
};
/* clang-format on */
