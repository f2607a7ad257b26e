#include "audio.h"
#include "ticks.h"

static void (*on_turn)(void);
static uint32_t block_ticks;

void stand_in_start(uint32_t core_hz, void (*turn)(void))
{
    on_turn = turn;
    block_ticks = (uint32_t)((uint64_t)core_hz * PS_BLOCK_SAMPLES / PS_SAMPLE_RATE_HZ);
}

void stand_in_pause(void)
{
    ticks_each(TICKS_PERIOD_MAX, NULL);
}

void stand_in_resume(void)
{
    ticks_each(block_ticks, on_turn);
}
