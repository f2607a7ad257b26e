/* Vector table: RM0090 12.1.3, PM0214 2.3.4. */
#include "board.h"
#include "fault.h"
#include "handlers.h"
#include "reset.h"
#include "ticks.h"

#define VECTORS (16u + 82u)

/* clang-format off */
const vector_t vectors[VECTORS] __attribute__((section(".vectors"), used)) = {
    [0] = {.initial_stack = linker_stack_top},
    [1] = {.handler = reset_handler},
    [2] = {.handler = nmi_handler},
    [3 ... 13] = {.handler = fault_handler},
    [14] = {.handler = pendsv_handler},
    [15] = {.handler = systick_handler},
    [16 ... 16 + DMA1_Stream3_INTERRUPT - 1] = {.handler = fault_handler},
    [16 + DMA1_Stream3_INTERRUPT] = {.handler = converters_handler},
    [16 + DMA1_Stream4_INTERRUPT] = {.handler = converters_handler},
    [16 + DMA1_Stream5_INTERRUPT] = {.handler = converters_handler},
    [16 + DMA1_Stream5_INTERRUPT + 1 ... 16 + SPI2_INTERRUPT - 1] = {.handler = fault_handler},
    [16 + SPI2_INTERRUPT] = {.handler = converters_handler},
#if SERIAL_INTERRUPT > SPI2_INTERRUPT + 1
    [16 + SPI2_INTERRUPT + 1 ... 16 + SERIAL_INTERRUPT - 1] = {.handler = fault_handler},
#endif
    [16 + SERIAL_INTERRUPT] = {.handler = serial_handler},
    [16 + SERIAL_INTERRUPT + 1 ... VECTORS - 1] = {.handler = fault_handler},
};
/* clang-format on */
