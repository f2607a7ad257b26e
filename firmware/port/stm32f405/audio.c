#include "audio.h"

#include "handlers.h"
#include "port.h"
#include "protocol.h"
#include "registers.h"

/* 32-bit words, whatever the number format: q15 samples lie in the upper half. */
#define SAMPLE_SHIFT (32u - 8u * (uint32_t)sizeof(ps_sample_t))

audio_buffers_t audio_buffers;

static struct {
    uint8_t clock; /* PS_AUDIO_CLOCK_… */
    port_half_complete_t half_complete;
    port_process_t process;
    uint32_t underruns;
    uint32_t overruns;
    uint32_t half; /* of the stand-in */
    volatile bool running;
} audio;

static uint32_t swap_halves(uint32_t word)
{
    return word << 16 | word >> 16;
}

static void complete(uint32_t half)
{
    audio.half_complete(half);
    SCB_ICSR = SCB_ICSR_PENDSVSET;
}

static void stand_in_half_complete(void)
{
    audio.half ^= 1u;
    complete(audio.half);
}

static uint8_t audio_start(port_half_complete_t half_complete, port_process_t process)
{
    const ps_clock_t *clock = clock_in_use();

    if (PS_DRIVERS > AUDIO_CHANNELS) {
        return PS_AUDIO_CLOCK_NONE;
    }
    audio.half_complete = half_complete;
    audio.process = process;
    SCB_SHPR3 |= SCB_SHPR3_PENDSV_LOWEST;
    if (clock_start_i2s(clock)) {
        audio.clock = PS_AUDIO_CLOCK_I2S;
        i2s_start(&clock->pll);
    } else {
        audio.clock = PS_AUDIO_CLOCK_TIMER;
        stand_in_start(clock->core_hz, stand_in_half_complete);
    }
    return audio.clock;
}

void dma1_stream3_handler(void)
{
    complete(i2s_half_complete(&audio.underruns, &audio.overruns));
}

void pendsv_handler(void)
{
    audio.process();
}

static void audio_read(uint32_t half, ps_sample_t *stereo)
{
    for (uint32_t n = 0; n < AUDIO_WORDS; n++) {
        stereo[n] = (ps_sample_t)((int32_t)swap_halves(audio_buffers.recorded[half][n]) >> SAMPLE_SHIFT);
    }
}

static void audio_write(uint32_t half, uint32_t first, uint32_t frames, const ps_sample_t *drivers)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        uint32_t *word = audio_buffers.played[d / 2u][half] + 2u * first + d % 2u;

        for (uint32_t n = 0; n < frames; n++) {
            word[2u * n] = swap_halves((uint32_t)drivers[n * PS_DRIVERS + d] << SAMPLE_SHIFT);
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
        i2s_pause();
    } else {
        stand_in_pause();
    }
}

static void audio_resume(void)
{
    audio.running = true;
    if (audio.clock == PS_AUDIO_CLOCK_I2S) {
        i2s_resume();
    } else {
        stand_in_resume();
    }
}

static void audio_errors(uint32_t *underruns, uint32_t *overruns)
{
    *underruns = audio.underruns;
    *overruns = audio.overruns;
}

const ps_audio_port_t audio_port = {
    .start = audio_start,
    .errors = audio_errors,
    .io =
        {
            .read = audio_read,
            .write = audio_write,
            /* Also ahead of i2s_start(), in a fault: the pin is not an output yet, and its pull-down mutes.
             */
            .mute = i2s_mute,
            .pause = audio_pause,
            .resume = audio_resume,
        },
};
