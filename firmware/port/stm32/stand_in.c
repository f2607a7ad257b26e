#include "audio_port.h"
#include "ticks.h"

static void (*on_half_complete)(void);
static uint32_t block_ticks;

void stand_in_start(uint32_t core_hz, void (*half_complete)(void))
{
    on_half_complete = half_complete;
    block_ticks = (uint32_t)((uint64_t)core_hz * PS_BLOCK_SAMPLES / PS_SAMPLE_RATE_HZ);
}

void stand_in_pause(void)
{
    ticks_each(TICKS_PERIOD_MAX, NULL);
}

void stand_in_resume(void)
{
    ticks_each(block_ticks, on_half_complete);
}
