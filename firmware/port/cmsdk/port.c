/* Boards of Arm's MPS family, as QEMU has them: serial line on UART 0, ticks from SysTick, no audio. */
#include "port.h"

#include "board.h"
#include "core_registers.h"
#include "cpu.h"
#include "fault.h"
#include "handlers.h"
#include "protocol.h"
#include "ring.h"
#include "ticks.h"
#include "uart_registers.h"

/* Polls for one byte to leave: at 921600 baud it takes 11 us, some 50 polls. */
#define SEND_POLLS 100000u

static ps_ring_t received;

void uart_receive_handler(void)
{
    /* Cleared ahead of the look: a byte that comes in between raises it again. */
    UART_CLEAR = UART_CLEAR_RX_INTERRUPT;
    while (UART_STATE & UART_STATE_RX_FULL) {
        ps_ring_put(&received, (uint8_t)UART_DATA);
    }
    if (UART_STATE & UART_STATE_RX_OVERRUN) {
        UART_STATE = UART_STATE_RX_OVERRUN; /* DDI 0479 table 4-7: written 1 to clear */
        received.overruns++;
    }
}

uint8_t port_start(ps_reset_report_t *report)
{
    fault_report(PS_RESET_UNKNOWN, report);
    ticks_start();
    UART_BAUD_DIVIDER = BOARD_CORE_HZ / PS_BAUD_RATE;
    UART_CTRL = UART_CTRL_TX | UART_CTRL_RX | UART_CTRL_RX_INTERRUPT;
    NVIC_ISER(BOARD_UART_INTERRUPT / 32u) = BIT(BOARD_UART_INTERRUPT % 32u);
    return PS_CLOCK_FIXED;
}

int8_t port_temperature(void)
{
    return PS_TEMPERATURE_UNKNOWN;
}

const char *port_board_name(void)
{
    return BOARD_NAME;
}

bool port_is_simulated(void)
{
    return true;
}

uint64_t port_ticks(void)
{
    return ticks_now();
}

uint32_t port_tick_hz(void)
{
    return BOARD_CORE_HZ;
}

size_t port_receive(uint8_t *buffer, size_t capacity)
{
    return ps_ring_take(&received, buffer, capacity);
}

uint32_t port_receive_overruns(void)
{
    return received.overruns;
}

void port_send(const uint8_t *data, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        uint32_t polls = SEND_POLLS;

        while ((UART_STATE & UART_STATE_TX_FULL) && polls != 0) {
            polls--;
        }
        if (polls == 0) {
            return;
        }
        UART_DATA = data[n];
    }
}

void port_idle(void)
{
    /* With interrupts masked, none slips in between the look and the sleep. */
    const uint32_t masked = cpu_mask_interrupts();

    if (ps_ring_empty(&received)) {
        cpu_sleep();
    }
    cpu_restore_interrupts(masked);
}
