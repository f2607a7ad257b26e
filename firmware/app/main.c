/*
 * The board plays its own input in the audio interrupts (audio.c). The main loop hands bytes from the serial
 * line to the link, which answers and may claim the pipeline. In between, the core sleeps.
 */
#include "audio.h"
#include "semihosting.h"
#include "link/link.h"
#include "port.h"

/* In static memory, where the linker script checks the size. Only this file knows them. */
static ps_engine_t engine;
static ps_link_t link;

/* Set by sections.ld: memory that nothing else uses */
extern uint8_t linker_spare_start[], linker_spare_end[];

/* Whether replies go through semihosting. The reply that opens it still goes over the line. */
static bool on_semihosting;

static bool bootloader_wanted;

static void request_bootloader(void)
{
    bootloader_wanted = true;
}

static void write_reply(const uint8_t *data, size_t size)
{
    if (on_semihosting) {
        semihosting_send(data, size);
    } else {
        ps_port.send(data, size);
    }
}

/* Serves semihosting until the host closes its end, then returns to the line. */
static void serve_semihosting(void)
{
    static uint8_t received[4096];
    size_t size;

    on_semihosting = true;
    ps_link_change_line(&link);
    while ((size = semihosting_receive(received, sizeof received)) != 0) {
        ps_link_feed(&link, received, size);
    }
    ps_link_change_line(&link);
    on_semihosting = false;
}

int main(void)
{
    ps_reset_report_t reset_report;
    ps_port.start(&reset_report);
    const bool has_flash = ps_port.flash != NULL && ps_port.has_flash();
    ps_platform_t platform = {
        .write = write_reply,
        .ticks = ps_port.ticks,
        .receive_overruns = ps_port.receive_overruns,
        .open_semihosting = semihosting_open,
        /* A simulator that takes the stand-in path has no ROM. */
        .request_bootloader =
            ps_port.enter_bootloader != NULL && !ps_port.is_simulated() ? request_bootloader : NULL,
        .alive = ps_port.feed_watchdog,
        .reset_report = &reset_report,
        .board_name = ps_port.board_name,
        .tick_hz = ps_port.tick_hz(),
        .clock_source = ps_port.clock_source(),
    };
    uint8_t received[256];
    uint64_t heard = 0;

    ps_engine_reset(&engine, linker_spare_start, (uintptr_t)linker_spare_end - (uintptr_t)linker_spare_start,
                    has_flash ? ps_port.flash : NULL, &ps_design);
    ps_link_reset(&link, &platform, &engine);
    audio_begin(&engine, &platform);
    for (;;) {
        if (ps_port.feed_watchdog != NULL && audio_is_alive()) {
            ps_port.feed_watchdog();
        }
        platform.clock_source = ps_port.clock_source();
        const size_t size = ps_port.receive(received, sizeof received);

        if (size == 0) {
            audio_watch(heard);
            ps_port.idle();
        } else {
            heard = ps_port.ticks();
            ps_link_feed(&link, received, size);
        }
        if (bootloader_wanted && ps_port.enter_bootloader != NULL) {
            if (ps_port.audio != NULL) {
                ps_port.audio->io.mute(true);
            }
            ps_port.enter_bootloader();
        }
        if (semihosting_is_open()) {
            serve_semihosting();
        }
    }
}
