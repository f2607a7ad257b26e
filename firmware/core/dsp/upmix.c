#include "dsp/upmix.h"

#include <string.h>

#include "dsp/move.h"

/* Right shifts of negative numbers are arithmetic (floor): GCC documents so ("Integers implementation"). */

#define SAMPLE_SHIFT (32 - 8 * (int)sizeof(ps_sample_t)) /* to Q0.31 */
#define CENTRE_SHIFT (53 - 31 + SAMPLE_SHIFT)            /* Q.53 -> the word of the samples */
#define HALF_WORD    (1LL << 31)
#define RATE_PAST    (PS_UPMIX_RATE_TAPS - 1)
#define LOW_PAST     PS_UPMIX_WINDOW
#define FILTER_PAST  (PS_UPMIX_PHASE_TAPS - 1)

static int32_t to_q31(ps_sample_t sample)
{
    return (int32_t)sample * (1 << SAMPLE_SHIFT);
}

/* floor((a + b) / 2) without the 33rd bit */
static int32_t half_sum(int32_t a, int32_t b)
{
    return (a & b) + ((a ^ b) >> 1);
}

/* floor((a - b) / 2) = ceil((a + ~b) / 2) */
static int32_t half_difference(int32_t a, int32_t b)
{
    return (a | ~b) - ((a ^ ~b) >> 1);
}

static int32_t upper_word(int64_t value)
{
    return (int32_t)((value + HALF_WORD) >> 32);
}

static void take(ps_upmix_t *upmix, const ps_sample_t *stereo, uint32_t frames)
{
    for (uint32_t n = 0; n < frames; n++) {
        const ps_sample_t left = stereo[2 * n];
        const ps_sample_t right = stereo[2 * n + 1];

        upmix->left[PS_UPMIX_DELAY + n] = left;
        upmix->right[PS_UPMIX_DELAY + n] = right;
        upmix->mid[RATE_PAST + n] = half_sum(to_q31(left), to_q31(right));
        upmix->side[RATE_PAST + n] = half_difference(to_q31(left), to_q31(right));
    }
}

/* Makes one pair at the low rate, and adds the rest to the top band. `n` is its sample at the full rate. */
static void decimate(ps_upmix_t *upmix, uint32_t n, uint32_t j)
{
    const int32_t *mid = upmix->mid + n;
    const int32_t *side = upmix->side + n;
    int64_t mid_sum = 0;
    int64_t side_sum = 0;

#pragma GCC unroll 29
    for (uint32_t k = 0; k < PS_UPMIX_RATE_TAPS; k++) {
        const int32_t c = ps_upmix_tables.rate_filter[k]; /* symmetric: no need to run backwards */

        mid_sum += (int64_t)c * mid[k]; /* Q0.29 x Q0.31 -> Q.60, |sum| < 1.4 */
        side_sum += (int64_t)c * side[k];
    }
    const int32_t mid_low = upper_word(mid_sum); /* Q3.28 */
    const int32_t side_low = upper_word(side_sum);

    upmix->analysis.mid[LOW_PAST + j] = mid_low;
    upmix->analysis.side[LOW_PAST + j] = side_low;
    ps_upmix_hear_top(&upmix->analysis, (mid[RATE_PAST / 2] >> 3) - mid_low,
                      (side[RATE_PAST / 2] >> 3) - side_low);
}

/* The centre of one low-rate pair, for the gains before and after the hop. The phase is linear, so that two
 * samples share a tap. */
static int32_t filter_low(const ps_upmix_t *upmix, uint32_t j, int32_t phase)
{
    const int32_t *mid_old = upmix->analysis.mid + (LOW_PAST + j - (PS_UPMIX_LOW_TAPS - 1));
    const int32_t *mid_new = upmix->analysis.mid + (LOW_PAST + j);
    const int32_t *side_old = upmix->analysis.side + (LOW_PAST + j - (PS_UPMIX_LOW_TAPS - 1));
    const int32_t *side_new = upmix->analysis.side + (LOW_PAST + j);
    const ps_upmix_tap_t *tap = upmix->taps;
    const ps_upmix_tap_t *centre = tap + (PS_UPMIX_LOW_HALF - 1);
    /* Q1.30 x Q3.28 -> Q.58, |sum| < 18: proved from the tables by designer/fixedpoint/proof/upmix.py */
    int64_t before = (int64_t)centre->mid_before * mid_old[PS_UPMIX_LOW_HALF - 1] +
                     (int64_t)centre->side_before * side_old[PS_UPMIX_LOW_HALF - 1];
    int64_t after = (int64_t)centre->mid_after * mid_old[PS_UPMIX_LOW_HALF - 1] +
                    (int64_t)centre->side_after * side_old[PS_UPMIX_LOW_HALF - 1];

#pragma GCC unroll 2
    while (tap != centre) {
        const int32_t mid = *mid_old++ + *mid_new--;
        const int32_t side = *side_old++ + *side_new--;

        before += (int64_t)tap->mid_before * mid;
        before += (int64_t)tap->side_before * side;
        after += (int64_t)tap->mid_after * mid;
        after += (int64_t)tap->side_after * side;
        tap++;
    }
    const int64_t mix =
        (int64_t)upper_word(before) * (PS_UPMIX_LOW_HOP - phase) + (int64_t)upper_word(after) * phase;

    return (int32_t)((mix + 8) >> 4); /* Q5.26 */
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
static int32_t within_full_scale(int32_t centre, int32_t left, int32_t right)
{
    const int32_t lowest = larger(saturate((int64_t)larger(left, right) - PS_SAMPLE_MAX), PS_SAMPLE_MIN);
    const int32_t highest = smaller(saturate((int64_t)smaller(left, right) - PS_SAMPLE_MIN), PS_SAMPLE_MAX);

    return smaller(larger(centre, lowest), highest);
}

/* Makes samples `from` to `to` of the hop. All lie between the same two low-rate samples, or on the newer
 * one. */
static void raise(const ps_upmix_t *upmix, uint32_t n, const int32_t *newest, ps_sample_t *left,
                  ps_sample_t *right, ps_sample_t *centre)
{
    const uint32_t position = upmix->position + n;
    const int32_t *phase = ps_upmix_tables.phases[position % PS_UPMIX_DECIMATION];
    const int32_t l = upmix->left[n];
    const int32_t r = upmix->right[n];
    int64_t sum = 0;

#pragma GCC unroll 8
    for (int32_t k = 0; k < PS_UPMIX_PHASE_TAPS; k++) {
        sum += (int64_t)phase[k] * newest[-k]; /* Q0.29 x Q5.26 -> Q.55; times 4 for the rate is Q.53 */
    }
    const ps_upmix_gains_t *a = &upmix->before;
    const ps_upmix_gains_t *b = &upmix->after;
    const int32_t t = (int32_t)position;
    /* Q0.15 ramp over 64 samples -> Q0.21, and one bit more for the Q.53 of the sum */
    const int32_t mid_gain =
        (a->mid[PS_UPMIX_BANDS] * PS_UPMIX_HOP + (b->mid[PS_UPMIX_BANDS] - a->mid[PS_UPMIX_BANDS]) * t) * 2;
    const int32_t side_gain =
        (a->side[PS_UPMIX_BANDS] * PS_UPMIX_HOP + (b->side[PS_UPMIX_BANDS] - a->side[PS_UPMIX_BANDS]) * t) *
        2;

    sum += (int64_t)mid_gain * half_sum(to_q31((ps_sample_t)l), to_q31((ps_sample_t)r));
    sum -= (int64_t)side_gain * half_difference(to_q31((ps_sample_t)l), to_q31((ps_sample_t)r));
    const int32_t c = within_full_scale(saturate((sum + (1LL << (CENTRE_SHIFT - 1))) >> CENTRE_SHIFT), l, r);

    left[n] = (ps_sample_t)(l - c);
    right[n] = (ps_sample_t)(r - c);
    centre[n] = (ps_sample_t)c;
}

/* Makes the low-rate filter of the new gains. The filter that was `after` becomes `before`. */
static void mix_prototypes(ps_upmix_t *upmix)
{
    const ps_upmix_gains_t *gains = &upmix->after;

    for (uint32_t k = 0; k < PS_UPMIX_LOW_HALF; k++) {
        const int16_t *prototype = ps_upmix_tables.prototypes[k];
        ps_upmix_tap_t *tap = &upmix->taps[k];
        int32_t mid = 0; /* Q0.15 x Q0.15 -> Q1.30 */
        int32_t side = 0;

#pragma GCC unroll 6
        for (uint32_t b = 0; b < PS_UPMIX_BANDS; b++) {
            mid += (gains->mid[b] - gains->mid[PS_UPMIX_BANDS]) * prototype[b];
            side += (gains->side[PS_UPMIX_BANDS] - gains->side[b]) * prototype[b];
        }
        tap->mid_before = tap->mid_after;
        tap->side_before = tap->side_after;
        tap->mid_after = mid;
        tap->side_after = side;
    }
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

/* Drops the `dropped` oldest elements of a buffer. The next `kept` elements become its past. */
static inline void move(void *buffer, uint32_t dropped, uint32_t kept, uint32_t bytes)
{
    const uint8_t *from = (const uint8_t *)buffer + dropped * bytes;

    if (dropped * bytes % sizeof(ps_word_t) == 0 && kept * bytes % sizeof(ps_word_t) == 0) {
        ps_move_words(buffer, from, kept * bytes / sizeof(ps_word_t));
    } else {
        memmove(buffer, from, kept * bytes);
    }
}

/* Processes `frames` samples, which end within the hop. */
static void process_within_hop(ps_upmix_t *upmix, const ps_sample_t *stereo, ps_sample_t *left,
                               ps_sample_t *right, ps_sample_t *centre, uint32_t frames)
{
    const uint32_t begin = upmix->position;
    uint32_t low = 0;

    take(upmix, stereo, frames);
    for (uint32_t n = 0; n < frames; n++) {
        if ((begin + n) % PS_UPMIX_DECIMATION == 0) {
            decimate(upmix, n, low);
            upmix->filtered[FILTER_PAST + low] =
                filter_low(upmix, low, (int32_t)((begin + n) / PS_UPMIX_DECIMATION));
            low++;
        }
        raise(upmix, n, upmix->filtered + FILTER_PAST - 1 + low, left, right, centre);
    }
    upmix->position += frames;
    if (upmix->position == PS_UPMIX_HOP) {
        end_hop(upmix, LOW_PAST + low);
    }
    move(upmix->left, frames, PS_UPMIX_DELAY, sizeof upmix->left[0]);
    move(upmix->right, frames, PS_UPMIX_DELAY, sizeof upmix->right[0]);
    move(upmix->mid, frames, RATE_PAST, sizeof upmix->mid[0]);
    move(upmix->side, frames, RATE_PAST, sizeof upmix->side[0]);
    move(upmix->analysis.mid, low, LOW_PAST, sizeof upmix->analysis.mid[0]);
    move(upmix->analysis.side, low, LOW_PAST, sizeof upmix->analysis.side[0]);
    move(upmix->filtered, low, FILTER_PAST, sizeof upmix->filtered[0]);
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
