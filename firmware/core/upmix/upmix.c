#include "upmix/upmix.h"

#include <stdbool.h>
#include <string.h>

#include "dsp/move.h"

/* Right shifts of negative numbers are arithmetic (floor): GCC documents so ("Integers implementation"). */

#define CENTRE_SHIFT (53 - 31 + PS_UPMIX_SAMPLE_SHIFT) /* Q.53 -> the word of the samples */
#define RATE_PAST    (PS_UPMIX_RATE_TAPS - 1)
#define LOW_PAST     PS_UPMIX_WINDOW
#define FILTER_PAST  (PS_UPMIX_PHASE_TAPS - 1)

/* Makes low-rate pair `j` of full-rate sample `n`, and adds the rest to the top band. */
static void decimate(ps_upmix_t *upmix, uint32_t n, uint32_t j)
{
    ps_upmix_pair_t *low = upmix->analysis.low + LOW_PAST + j;
    const ps_upmix_pair_t *middle = upmix->full + n + RATE_PAST / 2;

    ps_upmix_decimate(low, ps_upmix_tables.rate_filter, upmix->full + n);
    ps_upmix_hear_top(&upmix->analysis, (middle->mid >> 3) - low->mid, (middle->side >> 3) - low->side);
}

/* The centre of low-rate pair `j` of the hop, Q5.26. The gains change linearly over the hop. */
static int32_t filter_low(const ps_upmix_t *upmix, uint32_t j, int32_t phase)
{
    const ps_upmix_pair_t *newest = upmix->analysis.low + LOW_PAST + j;
    ps_upmix_centre_t centre;

    ps_upmix_filter_low(&centre, upmix->taps, newest - (PS_UPMIX_LOW_TAPS - 1), newest);
    const int64_t mix = (int64_t)centre.before * (PS_UPMIX_LOW_HOP - phase) + (int64_t)centre.after * phase;

    return (int32_t)((mix + 8) >> 4);
}

/* Sums for the samples up to the next low-rate one. Half a unit of the centre makes the right shift round. */
static void interpolate(int64_t *sums, const int32_t *newest)
{
    for (uint32_t phase = 0; phase < PS_UPMIX_DECIMATION; phase++) {
        sums[phase] = 1LL << (CENTRE_SHIFT - 1);
    }
    ps_upmix_interpolate(sums, ps_upmix_tables.phases, newest);
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t saturate(int64_t value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* Keeps C, L - C and R - C within full scale: this is what the overflow proof of the FIRs rests on. */
static __attribute__((noinline)) int32_t within_full_scale(int64_t wide, int32_t left, int32_t right)
{
    const int32_t lowest = larger(saturate((int64_t)larger(left, right) - PS_SAMPLE_MAX), PS_SAMPLE_MIN);
    const int32_t highest = smaller(saturate((int64_t)smaller(left, right) - PS_SAMPLE_MIN), PS_SAMPLE_MAX);

    return smaller(larger(saturate(wide), lowest), highest);
}

/* Computes a - b. Returns whether it is within full scale. */
static inline bool subtract(int32_t a, int32_t b, int32_t *difference)
{
    return !__builtin_sub_overflow(a, b, difference) && (ps_sample_t)*difference == *difference;
}

/* Makes `frames` samples from `n` on, up to the next low-rate one. `sums` begin at the first of them. */
static void split(const ps_upmix_t *upmix, uint32_t n, uint32_t frames, const int64_t *sums,
                  ps_sample_t *left, ps_sample_t *right, ps_sample_t *centre)
{
    const ps_upmix_frame_t *frame = upmix->stereo + n;
    const ps_upmix_frame_t *end = frame + frames;
    const int32_t t = (int32_t)(upmix->position + n);
    /* Q0.15 ramp over 64 samples -> Q0.21, and one bit more for the Q.53 of the sum */
    const int32_t mid_before = upmix->before.mid[PS_UPMIX_BANDS] * 2;
    const int32_t side_before = upmix->before.side[PS_UPMIX_BANDS] * -2; /* the side is subtracted */
    const int32_t mid_step = upmix->after.mid[PS_UPMIX_BANDS] * 2 - mid_before;
    const int32_t side_step = upmix->after.side[PS_UPMIX_BANDS] * -2 - side_before;
    int32_t mid_gain = mid_before * PS_UPMIX_HOP + mid_step * t;
    int32_t side_gain = side_before * PS_UPMIX_HOP + side_step * t;

    left += n;
    right += n;
    centre += n;
    for (; frame != end; frame++) {
        const int32_t l = frame->left;
        const int32_t r = frame->right;
        int64_t wide = *sums++;

        wide += (int64_t)mid_gain * ps_half_sum(ps_to_q31(frame->left), ps_to_q31(frame->right));
        wide += (int64_t)side_gain * ps_half_difference(ps_to_q31(frame->left), ps_to_q31(frame->right));
        wide >>= CENTRE_SHIFT;
        mid_gain += mid_step;
        side_gain += side_step;
        int32_t c = (int32_t)wide;
        int32_t l_rest;
        int32_t r_rest;

        if (!((ps_sample_t)wide == wide && subtract(l, c, &l_rest) && subtract(r, c, &r_rest))) {
            c = within_full_scale(wide, l, r);
            l_rest = l - c;
            r_rest = r - c;
        }
        *left++ = (ps_sample_t)l_rest;
        *right++ = (ps_sample_t)r_rest;
        *centre++ = (ps_sample_t)c;
    }
}

/* Makes the low-rate filter of the new gains. */
static void mix_prototypes(ps_upmix_t *upmix)
{
    const ps_upmix_gains_t *gains = &upmix->after;
    int32_t mid[PS_UPMIX_BANDS];
    int32_t side[PS_UPMIX_BANDS];

    for (uint32_t b = 0; b < PS_UPMIX_BANDS; b++) {
        mid[b] = gains->mid[b] - gains->mid[PS_UPMIX_BANDS];
        side[b] = gains->side[PS_UPMIX_BANDS] - gains->side[b];
    }
    ps_upmix_mix(upmix->taps, mid, side);
}

static void end_hop(ps_upmix_t *upmix, uint32_t newest)
{
    upmix->before = upmix->after;
    ps_upmix_decide(&upmix->analysis, newest, &upmix->before, &upmix->after);
    mix_prototypes(upmix);
    upmix->position = 0;
}

void ps_upmix_reset(ps_upmix_t *upmix)
{
    memset(upmix, 0, sizeof *upmix);
}

/* Moves elements to a lower address. */
static inline void move(void *to, const void *from, uint32_t bytes)
{
    if (((uintptr_t)from | bytes) % sizeof(ps_word_t) == 0) {
        ps_move_words(to, from, bytes / sizeof(ps_word_t));
    } else {
        memmove(to, from, bytes);
    }
}

/* The last `kept` elements become the past: `dropped` are ahead of them. */
#define KEEP(buffer, dropped, kept) move(buffer, (buffer) + (dropped), (kept) * sizeof(buffer)[0])

/* Processes `frames` samples, which end within the hop. */
static void process_within_hop(ps_upmix_t *upmix, const ps_sample_t *stereo, ps_sample_t *left,
                               ps_sample_t *right, ps_sample_t *centre, uint32_t frames)
{
    const uint32_t begin = upmix->position;
    uint32_t low = 0;

    move(upmix->stereo + PS_UPMIX_DELAY, stereo, frames * sizeof upmix->stereo[0]);
    ps_upmix_halve(upmix->full + RATE_PAST, stereo, frames);
    for (uint32_t n = 0; n < frames;) {
        const uint32_t phase = (begin + n) % PS_UPMIX_DECIMATION;
        const uint32_t run = PS_UPMIX_DECIMATION - phase;
        const uint32_t rest = frames - n;

        if (phase == 0) {
            int32_t *newest = upmix->filtered + FILTER_PAST + low;

            decimate(upmix, n, low);
            *newest = filter_low(upmix, low, (int32_t)((begin + n) / PS_UPMIX_DECIMATION));
            interpolate(upmix->interpolated, newest);
            low++;
        }
        split(upmix, n, run < rest ? run : rest, upmix->interpolated + phase, left, right, centre);
        n += run;
    }
    upmix->position += frames;
    if (upmix->position == PS_UPMIX_HOP) {
        end_hop(upmix, LOW_PAST + low);
    }
    KEEP(upmix->stereo, frames, PS_UPMIX_DELAY);
    KEEP(upmix->full, frames, RATE_PAST);
    KEEP(upmix->analysis.low, low, LOW_PAST);
    KEEP(upmix->filtered, low, FILTER_PAST);
}

void ps_upmix_process(ps_upmix_t *upmix, const ps_sample_t *stereo, ps_sample_t *left, ps_sample_t *right,
                      ps_sample_t *centre, uint32_t frames)
{
    while (frames != 0) {
        const uint32_t room = PS_UPMIX_HOP - upmix->position;
        const uint32_t run = frames < room ? frames : room;

        process_within_hop(upmix, stereo, left, right, centre, run);
        stereo += 2 * run;
        left += run;
        right += run;
        centre += run;
        frames -= run;
    }
}
