#include "dsp/volume.h"

#include "dsp/gain.h"

#define STEP (PS_GAIN_ONE / 64u)

void ps_volume_reset(ps_volume_t *volume, uint32_t gain)
{
    volume->target = gain;
    volume->before = gain;
    volume->after = gain;
    volume->position = 0;
}

static uint32_t towards(uint32_t from, uint32_t to)
{
    if (from < to) {
        return to - from < STEP ? to : from + STEP;
    }
    return from - to < STEP ? to : from - STEP;
}

/* Processes `frames` samples, which end within the hop. */
static void scale(const ps_volume_t *volume, ps_sample_t *block, uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n++) {
        /* |x| <= 2^31, gain <= 2^28: the product has 60 bits */
        block[n] = (ps_sample_t)ps_gain_scale(
            block[n], ps_gain_at(volume->before, volume->after, volume->position + n));
    }
}

void ps_volume_process(ps_volume_t *volume, ps_sample_t *const *blocks, uint32_t count, uint32_t frames)
{
    for (uint32_t done = 0; done < frames;) {
        const uint32_t room = PS_HOP - volume->position;
        const uint32_t run = frames - done < room ? frames - done : room;

        if (volume->before != PS_GAIN_ONE || volume->after != PS_GAIN_ONE) {
            for (uint32_t b = 0; b < count; b++) {
                scale(volume, blocks[b] + done, run);
            }
        }
        done += run;
        volume->position += run;
        if (volume->position == PS_HOP) {
            volume->position = 0;
            volume->before = volume->after;
            volume->after = towards(volume->after, volume->target);
        }
    }
}
