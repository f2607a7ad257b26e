#include "audio_port.h"

#include "board.h"
#include "clock.h"
#include "converters.h"
#include "frames.h"
#include "handlers.h"
#include "port.h"
#include "protocol.h"

/* 32-bit words, whatever the number format: q15 samples lie in the upper half. */
#define SAMPLE_SHIFT (32u - 8u * (uint32_t)sizeof(ps_sample_t))

/* Items of DMA that audio_write() takes at most: one frame, and the time of 16 cycles a sample (a test
 * measures less). */
#define WRITE_CYCLES (16u * PS_BLOCK_SAMPLES * PS_DRIVERS)
#define WRITE_ITEMS  (AUDIO_FRAME_ITEMS * (2u + WRITE_CYCLES / (BOARD_CORE_HZ / PS_SAMPLE_RATE_HZ)))

static struct {
    volatile uint8_t clock; /* PS_AUDIO_CLOCK_… */
    volatile bool restart;  /* asked for from outside the interrupt */
    const port_audio_events_t *events;
    uint32_t underruns;
    uint32_t overruns;
    uint32_t half; /* of the stand-in */
    volatile bool running;
} audio;

static void complete(uint32_t half)
{
    audio.events->half_complete(half);
    SCB_ICSR = SCB_ICSR_PENDSVSET;
}

static void stand_in_half_complete(void)
{
    audio.half ^= 1u;
    complete(audio.half);
}

/* On the converters; where the audio PLL does not lock, on the timer, with the converters muted. */
static void start_clock(void)
{
    const ps_clock_t *clock = clock_in_use();

    if (clock_start_audio(clock) && converters_start(&clock->pll)) {
        audio.clock = PS_AUDIO_CLOCK_I2S;
    } else {
        converters_stop();
        audio.clock = PS_AUDIO_CLOCK_TIMER;
        stand_in_start(clock->core_hz, stand_in_half_complete);
    }
}

static void audio_resume(void)
{
    audio.running = true;
    if (audio.clock == PS_AUDIO_CLOCK_I2S) {
        converters_resume();
    } else {
        stand_in_resume();
    }
}

static uint8_t audio_start(const port_audio_events_t *events)
{
    if (PS_DRIVERS > AUDIO_CHANNELS) {
        return PS_AUDIO_CLOCK_NONE;
    }
    audio.events = events;
    SCB_SHPR3 |= SCB_SHPR3_PENDSV_LOWEST;
    start_clock();
    return audio.clock;
}

static uint8_t audio_clock(void)
{
    return audio.clock;
}

/* Words that are shifted are not played, nor is a stream that stands still: all of it from anew, from
 * silence.
 */
static void restart(void)
{
    converters_mute(true);
    converters_stop();
    start_clock();
    if (audio.running) {
        audio_resume();
    }
    audio.events->restarted();
}

void converters_handler(void)
{
    const uint32_t events = converters_events();

    if (audio.restart) {
        audio.restart = false;
        restart();
    } else if (events & (CONVERTERS_INPUT_LOST | CONVERTERS_OUTPUT_LATE)) {
        audio.overruns += (events & CONVERTERS_INPUT_LOST) != 0;
        audio.underruns += (events & CONVERTERS_OUTPUT_LATE) != 0;
        restart();
    } else if (events & CONVERTERS_HALF_COMPLETE) {
        complete(converters_free_half());
    }
}

static void audio_restart(void)
{
    if (audio.clock == PS_AUDIO_CLOCK_I2S) {
        audio.underruns++;
        audio.restart = true;
        NVIC_ISPR(AUDIO_INTERRUPT / 32u) = BIT(AUDIO_INTERRUPT % 32u);
    }
}

/* The crystal has failed, and the core runs from the internal oscillator. */
void nmi_handler(void)
{
    converters_mute(true);
    if (!clock_replace_crystal()) {
        /* A clock that fits neither the line nor the blocks: the start finds its way with what there is. */
        SCB_AIRCR = SCB_AIRCR_KEY | SCB_AIRCR_SYSRESETREQ;
        for (;;) {
        }
    }
    audio_restart();
}

void pendsv_handler(void)
{
    audio.events->process();
}

static void audio_read(uint32_t half, ps_sample_t *stereo)
{
    for (uint32_t n = 0; n < AUDIO_FRAMES; n++) {
        const uint32_t *pair = audio_recorded(half, n);

        for (uint32_t side = 0; side < 2u; side++) {
            stereo[2u * n + side] = (ps_sample_t)((int32_t)audio_word(pair[side]) >> SAMPLE_SHIFT);
        }
    }
}

static void audio_write(uint32_t half, uint32_t first, uint32_t frames, const ps_sample_t *drivers)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        uint32_t *word = audio_played(half, d) + AUDIO_STRIDE * first;

        for (uint32_t n = 0; n < frames; n++) {
            word[AUDIO_STRIDE * n] = audio_word((uint32_t)drivers[n * PS_DRIVERS + d] << SAMPLE_SHIFT);
        }
    }
}

bool audio_is_running(void)
{
    return audio.running;
}

static void audio_pause(void)
{
    audio.running = false;
    if (audio.clock == PS_AUDIO_CLOCK_I2S) {
        converters_pause();
    } else {
        stand_in_pause();
    }
}

static void audio_mute(bool muted)
{
    converters_mute(muted || audio.clock != PS_AUDIO_CLOCK_I2S);
}

static bool audio_has_time(uint32_t half)
{
    if (audio.clock != PS_AUDIO_CLOCK_I2S) {
        return true;
    }
    const uint32_t items = converters_items_until(half);

    return items >= WRITE_ITEMS && items <= AUDIO_FRAMES * AUDIO_FRAME_ITEMS;
}

static void audio_errors(uint32_t *underruns, uint32_t *overruns)
{
    *underruns = audio.underruns;
    *overruns = audio.overruns;
}

const ps_audio_port_t audio_port = {
    .start = audio_start,
    .clock = audio_clock,
    .restart = audio_restart,
    .errors = audio_errors,
    .io =
        {
            .read = audio_read,
            .write = audio_write,
            .has_time = audio_has_time,
            .mute = audio_mute,
            .pause = audio_pause,
            .resume = audio_resume,
        },
};
