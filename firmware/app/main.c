/* Bytes from the serial line go to the link, which runs the pipeline and answers; asleep in between. */
#include "link.h"
#include "port.h"

/* In static memory, where the linker script checks the size; only main() knows it. */
static ps_link_t link;

static void write_line(void *context, const uint8_t *data, size_t size)
{
    (void)context;
    port_send(data, size);
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

int main(void)
{
    const uint8_t clock_source = port_start();
    const ps_platform_t platform = {
        .write = write_line,
        .ticks = read_ticks,
        .receive_overruns = read_overruns,
        .board_name = port_board_name(),
        .tick_hz = port_tick_hz(),
        .clock_source = clock_source,
    };
    uint8_t received[256];

    ps_link_reset(&link, &platform, &ps_design);
    for (;;) {
        const size_t size = port_receive(received, sizeof received);

        if (size == 0) {
            port_idle();
        } else {
            ps_link_feed(&link, received, size);
        }
    }
}
