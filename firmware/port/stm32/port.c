/*
 * What the STM32 boards share: serial line (serial.h), ticks from SysTick. The image of the STM32F405 boots
 * in QEMU's netduinoplus2 as well, where clocks, pins and flash interface are absent and read 0.
 */
#include "port.h"

#include <stdbool.h>

#include "audio_port.h"
#include "board.h"
#include "clock.h"
#include "cpu.h"
#include "fault.h"
#include "flash.h"
#include "handlers.h"
#include "protocol.h"
#include "ring.h"
#include "rom.h"
#include "serial.h"
#include "temperature.h"
#include "ticks.h"
#include "watchdog.h"

/* Polls for one byte to leave: at 921600 baud it takes 11 us, some hundred polls. */
#define SEND_POLLS 100000u

/* Passes of an empty loop, some microseconds of the host's time. */
#define LINGER_PASSES 4000u

static ps_ring_t received;
static bool simulated;

/*
 * A simulated line has no byte times: the simulator fetches the next bytes while this loop keeps it from
 * putting the processor to sleep and waking it for each, which would take ten times as long as the bytes
 * themselves. In the interrupt where nothing plays, as that is quickest; else beside the audio's work.
 */
static void linger(void)
{
    for (volatile uint32_t passes = LINGER_PASSES; passes != 0; passes--) {
    }
}

/* Until nothing more has come: QEMU lowers the interrupt when the byte is read, even if the next one is there
 * by then. */
void serial_handler(void)
{
    uint32_t status = SERIAL_STATUS;

    while (status & (SERIAL_STATUS_RECEIVED | SERIAL_STATUS_OVERRUN)) {
        const uint8_t byte = (uint8_t)SERIAL_RECEIVED;

        if (status & SERIAL_STATUS_OVERRUN) { /* which has lost the byte after this one */
            received.overruns++;
            SERIAL_FORGET_OVERRUN();
        }
        if (status & SERIAL_STATUS_RECEIVED) {
            ps_ring_put(&received, byte);
        }
        status = SERIAL_STATUS;
        if (simulated && !audio_is_running() && !(status & SERIAL_STATUS_RECEIVED)) {
            linger();
            status = SERIAL_STATUS;
        }
    }
}

static void start_board(ps_reset_report_t *report)
{
    board_begin();
    fault_report(reset_cause(), report);
    const ps_clock_t *clock = clock_start();

    simulated = clock->source == PS_CLOCK_SIMULATED;
    ticks_start();
    serial_start(clock->serial_hz);
    NVIC_IPR(SERIAL_INTERRUPT) = PRIORITY_SERIAL;
    NVIC_ISER(SERIAL_INTERRUPT / 32u) = BIT(SERIAL_INTERRUPT % 32u);
    watchdog_start();
    if (!simulated) {
        temperature_start();
    }
}

static uint8_t clock_source(void)
{
    return clock_in_use()->source;
}

static int8_t read_temperature(void)
{
    if (simulated) {
        return PS_TEMPERATURE_UNKNOWN;
    }
    /* Where the factory keeps them; QEMU has no such memory. */
    return temperature_read(*(const volatile uint16_t *)(uintptr_t)TEMPERATURE_AT_30,
                            *(const volatile uint16_t *)(uintptr_t)TEMPERATURE_AT_HIGH);
}

static bool is_simulated(void)
{
    return simulated;
}

static uint32_t tick_hz(void)
{
    return clock_in_use()->core_hz;
}

static size_t serial_receive(uint8_t *buffer, size_t capacity)
{
    return ps_ring_take(&received, buffer, capacity);
}

static uint32_t serial_overruns(void)
{
    return received.overruns;
}

static bool wait_to_send(void)
{
    for (uint32_t n = 0; n < SEND_POLLS; n++) {
        if (SERIAL_STATUS & SERIAL_STATUS_CAN_SEND) {
            return true;
        }
    }
    return false;
}

static void serial_send(const uint8_t *data, size_t size)
{
    for (size_t n = 0; n < size; n++) {
        if (!wait_to_send()) {
            return;
        }
        SERIAL_SENT = data[n];
    }
}

static void serial_idle(void)
{
    if (simulated && audio_is_running()) {
        linger();
    }
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
    .feed_watchdog = watchdog_feed,
    .enter_bootloader = rom_enter,
    .audio = &audio_port,
    .flash = &flash_slots,
    .has_flash = flash_has_slots,
};
