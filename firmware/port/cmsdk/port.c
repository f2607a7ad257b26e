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

static void start_board(ps_reset_report_t *report)
{
    fault_report(PS_RESET_UNKNOWN, report);
    ticks_start();
    UART_BAUD_DIVIDER = BOARD_CORE_HZ / PS_BAUD_RATE;
    UART_CTRL = UART_CTRL_TX | UART_CTRL_RX | UART_CTRL_RX_INTERRUPT;
    NVIC_ISER(BOARD_UART_INTERRUPT / 32u) = BIT(BOARD_UART_INTERRUPT % 32u);
}

static uint8_t clock_source(void)
{
    return PS_CLOCK_FIXED;
}

static int8_t read_temperature(void)
{
    return PS_TEMPERATURE_UNKNOWN;
}

static bool is_simulated(void)
{
    return true;
}

static uint32_t tick_hz(void)
{
    return BOARD_CORE_HZ;
}

static size_t serial_receive(uint8_t *buffer, size_t capacity)
{
    return ps_ring_take(&received, buffer, capacity);
}

static uint32_t serial_overruns(void)
{
    return received.overruns;
}

static void serial_send(const uint8_t *data, size_t size)
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

static void serial_idle(void)
{
    /* With interrupts masked, none slips in between the look and the sleep. */
    const uint32_t masked = cpu_mask_interrupts();

    if (ps_ring_empty(&received)) {
        cpu_sleep();
    }
    cpu_restore_interrupts(masked);
}

const ps_port_t ps_port = {
    .board_name = BOARD_NAME,
    .start = start_board,
    .clock_source = clock_source,
    .is_simulated = is_simulated,
    .temperature = read_temperature,
    .ticks = ticks_now,
    .tick_hz = tick_hz,
    .receive = serial_receive,
    .receive_overruns = serial_overruns,
    .send = serial_send,
    .idle = serial_idle,
};
