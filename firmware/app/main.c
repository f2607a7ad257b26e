/*
 * The board plays its own input in the audio interrupts (audio.c). Here, bytes from the serial line go to the
 * link, which may take the pipeline for itself, and answers; asleep in between.
 */
#include "audio.h"
#include "lane.h"
#include "link/link.h"
#include "port.h"

/* In static memory, where the linker script checks the size; only main() knows it. */
static ps_link_t link;

/* Set by sections.ld: memory that nothing else uses */
extern uint8_t linker_spare_start[], linker_spare_end[];

/* Whether replies go through the fast lane; the reply that opens it still goes over the line. */
static bool in_lane;

static void write_line(void *context, const uint8_t *data, size_t size)
{
    (void)context;
    if (in_lane) {
        lane_send(data, size);
    } else {
        port_send(data, size);
    }
}

static uint64_t read_ticks(void *context)
{
    (void)context;
    return port_ticks();
}

static uint32_t read_overruns(void *context)
{
    (void)context;
    return port_receive_overruns();
}

static bool open_lane(void *context)
{
    (void)context;
    return lane_open();
}

/* Until the host closes its end; then back to the line. */
static void serve_lane(void)
{
    static uint8_t received[4096];
    size_t size;

    in_lane = true;
    ps_link_change_line(&link);
    while ((size = lane_receive(received, sizeof received)) != 0) {
        ps_link_feed(&link, received, size);
    }
    ps_link_change_line(&link);
    in_lane = false;
}

static void feed_watchdog(void *context)
{
    (void)context;
    port_watchdog_feed();
}

static const uint8_t *slot_at(void *context, uint32_t slot)
{
    (void)context;
    return port_slot(slot);
}

static bool erase_slot(void *context, uint32_t slot)
{
    (void)context;
    return port_slot_erase(slot);
}

static bool program_slot(void *context, uint32_t slot, uint32_t offset, uint32_t word)
{
    (void)context;
    return port_slot_program(slot, offset, word);
}

int main(void)
{
    ps_reset_report_t reset_report;
    const uint8_t clock_source = port_start(&reset_report);
    const ps_flash_t flash = {
        .slot_bytes = port_slot_bytes(), .at = slot_at, .erase = erase_slot, .program = program_slot};
    ps_platform_t platform = {
        .write = write_line,
        .ticks = read_ticks,
        .receive_overruns = read_overruns,
        .open_lane = open_lane,
        .alive = feed_watchdog,
        .reset_report = &reset_report,
        .spare = linker_spare_start,
        .spare_bytes = (uintptr_t)linker_spare_end - (uintptr_t)linker_spare_start,
        .flash = flash.slot_bytes != 0 ? &flash : NULL,
        .board_name = port_board_name(),
        .tick_hz = port_tick_hz(),
        .clock_source = clock_source,
    };
    uint8_t received[256];
    uint64_t heard = 0;

    ps_link_reset(&link, &platform, &ps_design);
    audio_begin(&link.command, &platform);
    for (;;) {
        if (audio_is_alive()) {
            port_watchdog_feed();
        }
        const size_t size = port_receive(received, sizeof received);

        if (size == 0) {
            audio_watch(heard);
            port_idle();
        } else {
            heard = port_ticks();
            ps_link_feed(&link, received, size);
        }
        if (lane_is_open()) {
            serve_lane();
        }
    }
}
