#include "dsp/limiter.h"

#include <string.h>

#include "dsp/move.h"

/* The release aims at 9/8, so that it reaches 1. */
#define RELEASE_GOAL (PS_GAIN_ONE + PS_GAIN_ONE / 8u)
#define RELEASE_BITS 31u

static uint32_t gain_of(uint32_t driver)
{
    return PS_LIMITER_LINKED ? 0 : driver;
}

void ps_limiter_reset(ps_limiter_t *limiter, const ps_design_t *design)
{
    memset(limiter, 0, sizeof *limiter);
    limiter->resting = true;
    limiter->release = design->release;
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        limiter->limits[d] = design->limits[d];
        limiter->least[d] = PS_GAIN_ONE;
    }
    for (uint32_t g = 0; g < PS_LIMITER_GAINS; g++) {
        ps_limiter_gain_t *gain = &limiter->gains[g];

        for (uint32_t k = 0; k < PS_LIMITER_HOPS; k++) {
            gain->targets[k] = PS_GAIN_ONE;
            gain->smoothed[k] = PS_GAIN_ONE;
        }
        gain->targets[PS_LIMITER_HOPS] = PS_GAIN_ONE;
        gain->before = PS_GAIN_ONE;
        gain->after = PS_GAIN_ONE;
    }
}

void ps_limiter_advance(ps_limiter_t *limiter, uint32_t frames)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        ps_wide_t *samples = limiter->driver_signals[d].samples;

        ps_move_words(samples, samples + frames, PS_LIMITER_DELAY * sizeof samples[0] / sizeof(ps_word_t));
    }
}

/* The largest gain at which this hop's loudest sample keeps the limit. */
static uint32_t target_of(ps_magnitude_t peak, uint32_t limit)
{
    if (peak < limit) { /* the peak is 0, or the limit has been raised since */
        return PS_GAIN_ONE;
    }
    return (uint32_t)(((uint64_t)limit << PS_GAIN_BITS) / ((uint64_t)peak + 1u));
}

static uint32_t released(uint32_t gain, uint32_t release)
{
    return gain + (uint32_t)((uint64_t)(RELEASE_GOAL - gain) * release >> RELEASE_BITS);
}

/* Takes in the newest hop's target, and computes the gain at the end of the hop that is played next. */
static bool advance_gain(ps_limiter_gain_t *gain, uint32_t target, uint32_t release)
{
    uint32_t least = target;
    uint32_t sum = 0; /* of at most 30 gains below 2^25 */

    memmove(gain->targets + 1, gain->targets, PS_LIMITER_HOPS * sizeof gain->targets[0]);
    gain->targets[0] = target;
    for (uint32_t k = 1; k <= PS_LIMITER_HOPS; k++) {
        least = gain->targets[k] < least ? gain->targets[k] : least;
    }
    const uint32_t back = released(gain->smoothed[0], release);

    memmove(gain->smoothed + 1, gain->smoothed, (PS_LIMITER_HOPS - 1u) * sizeof gain->smoothed[0]);
    gain->smoothed[0] = back < least ? back : least;
    for (uint32_t k = 0; k < PS_LIMITER_HOPS; k++) {
        sum += gain->smoothed[k];
    }
    gain->before = gain->after;
    gain->after = sum / PS_LIMITER_HOPS;
    /* All gains that are averaged are 1, and all targets that are held are 1. */
    return gain->before == PS_GAIN_ONE && gain->after == PS_GAIN_ONE && least == PS_GAIN_ONE;
}

static void end_hop(ps_limiter_t *limiter)
{
    uint32_t targets[PS_LIMITER_GAINS];

    for (uint32_t g = 0; g < PS_LIMITER_GAINS; g++) {
        targets[g] = PS_GAIN_ONE;
    }
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        const uint32_t target = target_of(limiter->peak[d], limiter->limits[d]);
        uint32_t *of_gain = &targets[gain_of(d)];

        limiter->peak[d] = 0;
        limiter->least[d] = target < limiter->least[d] ? target : limiter->least[d];
        *of_gain = target < *of_gain ? target : *of_gain;
    }
    limiter->resting = true;
    for (uint32_t g = 0; g < PS_LIMITER_GAINS; g++) {
        limiter->resting &= advance_gain(&limiter->gains[g], targets[g], limiter->release);
    }
    limiter->position = 0;
}

static void find_peak(ps_limiter_t *limiter, uint32_t driver, const ps_wide_t *signal, uint32_t frames)
{
    const uint32_t limit = limiter->limits[driver];
    ps_magnitude_t peak = limiter->peak[driver];

    for (uint32_t n = 0; n < frames; n++) {
        const ps_magnitude_t magnitude = ps_magnitude(signal[n]);

        if (magnitude > limit && magnitude > peak) {
            peak = magnitude;
        }
    }
    limiter->peak[driver] = peak;
}

static void copy(const ps_wide_t *signal, ps_sample_t *out, uint32_t frames)
{
    for (; frames >= 4; frames -= 4) {
        out[0] = (ps_sample_t)signal[0];
        out[PS_DRIVERS] = (ps_sample_t)signal[1];
        out[2 * PS_DRIVERS] = (ps_sample_t)signal[2];
        out[3 * PS_DRIVERS] = (ps_sample_t)signal[3];
        out += 4 * PS_DRIVERS;
        signal += 4;
    }
    for (; frames != 0; frames--) {
        *out = (ps_sample_t)*signal++;
        out += PS_DRIVERS;
    }
}

/* Processes `frames` samples, which end within the hop. */
static void play(const ps_limiter_gain_t *gain, uint32_t position, const ps_wide_t *signal, ps_sample_t *out,
                 uint32_t frames)
{
    if (gain->before == PS_GAIN_ONE && gain->after == PS_GAIN_ONE) {
        copy(signal, out, frames);
        return;
    }
    for (uint32_t n = 0; n < frames; n++) {
        /* The gain keeps the product within limit * 2^28, however large the sample is. */
        out[n * PS_DRIVERS] =
            (ps_sample_t)ps_gain_scale(signal[n], ps_gain_at(gain->before, gain->after, position + n));
    }
}

static void process_by_hops(ps_limiter_t *limiter, ps_sample_t *out, uint32_t frames)
{
    for (uint32_t done = 0; done < frames;) {
        const uint32_t room = PS_HOP - limiter->position;
        const uint32_t run = frames - done < room ? frames - done : room;

        for (uint32_t d = 0; d < PS_DRIVERS; d++) {
            const ps_wide_t *signal = limiter->driver_signals[d].samples + done;

            find_peak(limiter, d, signal + PS_LIMITER_DELAY, run);
            play(&limiter->gains[gain_of(d)], limiter->position, signal, out + done * PS_DRIVERS + d, run);
        }
        done += run;
        limiter->position += run;
        if (limiter->position == PS_HOP) {
            end_hop(limiter);
        }
    }
}

/* Whether no sample of this block passes a limit, and all gains are still 1. */
static bool is_quiet(const ps_limiter_t *limiter)
{
    if (!limiter->resting) {
        return false;
    }
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        if (limiter->driver_signals[d].reach > limiter->limits[d] || limiter->peak[d] != 0) {
            return false;
        }
    }
    return true;
}

void ps_limiter_process(ps_limiter_t *limiter, ps_sample_t *out, uint32_t frames)
{
    if (!is_quiet(limiter)) {
        process_by_hops(limiter, out, frames);
        return;
    }
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        copy(limiter->driver_signals[d].samples, out + d, frames);
    }
    limiter->position = (limiter->position + frames) % PS_HOP;
}
