/* These boards have no audio that QEMU models: no turns, so nothing here is ever called but the first. */
#include "port.h"
#include "protocol.h"

uint8_t port_audio_start(port_turn_t due, port_run_t run)
{
    (void)due;
    (void)run;
    return PS_AUDIO_CLOCK_NONE;
}

void port_audio_pause(void)
{
}

void port_audio_resume(void)
{
}

void port_audio_read(uint32_t half, ps_sample_t *stereo)
{
    (void)half;
    (void)stereo;
}

void port_audio_write(uint32_t half, uint32_t first, uint32_t frames, const ps_sample_t *drivers)
{
    (void)half;
    (void)first;
    (void)frames;
    (void)drivers;
}

void port_audio_errors(uint32_t *underruns, uint32_t *overruns)
{
    *underruns = 0;
    *overruns = 0;
}

void port_mute(bool muted)
{
    (void)muted;
}

void port_watchdog_feed(void)
{
}
