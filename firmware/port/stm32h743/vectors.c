/* Vector table: RM0433 19.1.2 table 148, PM0253 2.4.4. */
#include "fault.h"
#include "handlers.h"
#include "registers.h"
#include "reset.h"
#include "ticks.h"

#define VECTORS (16u + 150u)

/* clang-format off */
const vector_t vectors[VECTORS] __attribute__((section(".vectors"), used)) = {
    [0] = {.initial_stack = linker_stack_top},
    [1] = {.handler = reset_handler},
    [2] = {.handler = nmi_handler},
    [3 ... 13] = {.handler = fault_handler},
    [14] = {.handler = pendsv_handler},
    [15] = {.handler = systick_handler},
    [16 ... 16 + DMA1_Stream0_INTERRUPT - 1] = {.handler = fault_handler},
    [16 + DMA1_Stream0_INTERRUPT ... 16 + DMA1_Stream4_INTERRUPT] = {.handler = converters_handler},
    [16 + DMA1_Stream4_INTERRUPT + 1 ... 16 + USART3_INTERRUPT - 1] = {.handler = fault_handler},
    [16 + USART3_INTERRUPT] = {.handler = serial_handler},
    [16 + USART3_INTERRUPT + 1 ... 16 + SAI1_INTERRUPT - 1] = {.handler = fault_handler},
    [16 + SAI1_INTERRUPT] = {.handler = converters_handler},
    [16 + SAI1_INTERRUPT + 1 ... 16 + SAI2_INTERRUPT - 1] = {.handler = fault_handler},
    [16 + SAI2_INTERRUPT] = {.handler = converters_handler},
    [16 + SAI2_INTERRUPT + 1 ... 16 + SAI3_INTERRUPT - 1] = {.handler = fault_handler},
    [16 + SAI3_INTERRUPT] = {.handler = converters_handler},
    [16 + SAI3_INTERRUPT + 1 ... VECTORS - 1] = {.handler = fault_handler},
};
/* clang-format on */
