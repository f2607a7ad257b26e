#include "dsp/fast_fir.h"

#if PS_USES_FAST_FIR

#include <string.h>

#include "dsp/move.h"

/* Names of the subfilters: the first letter is from the split into pairs, the second from the split of the
 * pairs. */
enum { AA, AB, AC, BA, BB, BC, CA, CB, CC };

static uint32_t groups_of(uint32_t frames)
{
    return (frames + PS_FAST_FIR_RATE - 1u) / PS_FAST_FIR_RATE;
}

/* The tap for the sample `lag` before the output's own; 0 outside the table. */
static uint32_t tap_at(const ps_fir_t *fir, uint32_t lag)
{
    const uint32_t oldest = PS_HISTORY_SAMPLES - fir->start;

    return lag <= oldest && oldest - lag < fir->length ? (uint32_t)fir->taps[oldest - lag] : 0u;
}

static void split_taps(ps_fast_fir_taps_t *split, const ps_fir_t *fir)
{
    const uint32_t oldest = PS_HISTORY_SAMPLES - fir->start;
    const uint32_t last = oldest / PS_FAST_FIR_RATE;
    const uint32_t newest = oldest + 1u > fir->length ? oldest + 1u - fir->length : 0u;

    memset(split->taps, 0, sizeof split->taps);
    split->length = (uint16_t)(last - newest / PS_FAST_FIR_RATE + 1u);
    split->start = (uint16_t)(PS_FAST_FIR_PAST - last);
    for (uint32_t k = 0; k < split->length; k++) {
        const uint32_t lag = (last - k) * PS_FAST_FIR_RATE;
        /* Unsigned: sums of taps that are not proved to fit may wrap, and are not used then. */
        const uint32_t h0 = tap_at(fir, lag);
        const uint32_t h1 = tap_at(fir, lag + 1u);
        const uint32_t h2 = tap_at(fir, lag + 2u);
        const uint32_t h3 = tap_at(fir, lag + 3u);

        split->taps[AA][k] = (int32_t)h0;
        split->taps[AB][k] = (int32_t)(h0 + h2);
        split->taps[AC][k] = (int32_t)h2;
        split->taps[BA][k] = (int32_t)(h0 + h1);
        split->taps[BB][k] = (int32_t)(h0 + h1 + h2 + h3);
        split->taps[BC][k] = (int32_t)(h2 + h3);
        split->taps[CA][k] = (int32_t)h1;
        split->taps[CB][k] = (int32_t)(h1 + h3);
        split->taps[CC][k] = (int32_t)h3;
    }
}

static bool can_be_split(const ps_fir_t *fir)
{
    uint64_t sum = 0;

    for (uint32_t k = 0; k < fir->length; k++) {
        const int64_t c = fir->taps[k];

        sum += (uint64_t)(c < 0 ? -c : c);
    }
    return fir->length <= PS_MAX_TAPS && sum <= INT32_MAX;
}

static bool all_can_be_split(const ps_design_t *design)
{
    for (uint32_t s = 0; s < PS_ALL_SUMS; s++) {
        const ps_sum_t *sum = &design->sums[s];

        for (uint32_t k = sum->first; k < (uint32_t)sum->first + sum->count; k++) {
            if (k > PS_FIRS || !can_be_split(&design->firs[k])) {
                return false;
            }
        }
    }
    return true;
}

void ps_fast_fir_prepare(ps_fast_fir_design_t *split, const ps_design_t *design)
{
    split->of = NULL;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (!all_can_be_split(design)) {
        return;
    }
    for (uint32_t s = 0; s < PS_ALL_SUMS; s++) {
        const ps_sum_t *sum = &design->sums[s];

        for (uint32_t k = sum->first; k < (uint32_t)sum->first + sum->count; k++) {
            split_taps(&split->firs[k], &design->firs[k]);
        }
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    split->of = design;
}

/* What one group passes on to the next. */
typedef struct {
    int32_t x3, a1, b1, c1;
} carry_t;

/* Reads the samples ahead of `x`, as many as the bus has. No tap needs more. */
static inline carry_t carry_at(const ps_sample_t *x, uint32_t past)
{
    const int32_t x3 = past >= 1u ? x[-1] : 0;
    const int32_t x2 = past >= 2u ? x[-2] : 0;
    const int32_t x1 = past >= 3u ? x[-3] : 0;

    return (carry_t){x3, x3 - x2, x2, x2 - x1};
}

static inline void split_group(int32_t *to, int32_t x0, int32_t x1, int32_t x2, int32_t x3, carry_t *last)
{
    enum { APART = sizeof((ps_fast_fir_bus_t *)0)->samples[0] / sizeof(int32_t) };
    const int32_t a0 = x1 - x0;
    const int32_t a1 = x3 - x2;
    const int32_t c0 = x0 - last->x3;
    const int32_t c1 = x2 - x1;

    to[AA * APART] = a1 - a0;
    to[AB * APART] = a0;
    to[AC * APART] = a0 - last->a1;
    to[BA * APART] = x2 - x0;
    to[BB * APART] = x0;
    to[BC * APART] = x0 - last->b1;
    to[CA * APART] = c1 - c0;
    to[CB * APART] = c0;
    to[CC * APART] = c0 - last->c1;
    *last = (carry_t){x3, a1, x2, c1};
}

static void split_groups(int32_t *to, const ps_sample_t *x, uint32_t groups, carry_t last)
{
    for (; groups != 0; groups--, to++, x += PS_FAST_FIR_RATE) {
        split_group(to, x[0], x[1], x[2], x[3], &last);
    }
}

void ps_fast_fir_advance(ps_fast_fir_bus_t *split, const ps_sample_t *block, uint32_t kept, uint32_t frames)
{
    const uint32_t groups = kept / PS_FAST_FIR_RATE;

    if (frames % PS_FAST_FIR_RATE != 0) {
        /* Groups of four now begin at other samples. */
        const ps_sample_t *oldest = block - groups * PS_FAST_FIR_RATE;

        split_groups(split->samples[0] + PS_FAST_FIR_PAST - groups, oldest, groups,
                     carry_at(oldest, PS_HISTORY_SAMPLES - groups * PS_FAST_FIR_RATE));
        return;
    }
    for (uint32_t p = 0; p < PS_FAST_FIR_SUBFILTERS; p++) {
        int32_t *to = split->samples[p] + PS_FAST_FIR_PAST - groups;

        ps_move_words(to, to + frames / PS_FAST_FIR_RATE, groups);
    }
}

void ps_fast_fir_split_block(ps_fast_fir_bus_t *split, const ps_sample_t *block, uint32_t frames)
{
    split_groups(split->samples[0] + PS_FAST_FIR_PAST, block, groups_of(frames),
                 carry_at(block, PS_HISTORY_SAMPLES));
}

void ps_fast_fir_end(const ps_fast_fir_sum_t *sum, int64_t start, int64_t *out, uint32_t frames)
{
    enum { APART = sizeof(sum->outputs[0]) / sizeof(int64_t) };
    const int64_t *y = sum->outputs[0];

    for (uint32_t groups = groups_of(frames); groups != 0; groups--, y++, out += PS_FAST_FIR_RATE) {
        /* Unsigned, as single outputs of subfilters may wrap. Their sum fits. */
        const uint64_t even = (uint64_t)y[BB * APART] + (uint64_t)start;
        const uint64_t early = even - (uint64_t)y[BC * APART];
        const uint64_t late = even + (uint64_t)y[BA * APART];

        out[0] = (int64_t)(early - (uint64_t)y[CB * APART] + (uint64_t)y[CC * APART]);
        out[1] = (int64_t)(early + (uint64_t)y[AB * APART] - (uint64_t)y[AC * APART]);
        out[2] = (int64_t)(late - (uint64_t)y[CA * APART] - (uint64_t)y[CB * APART]);
        out[3] = (int64_t)(late + (uint64_t)y[AA * APART] + (uint64_t)y[AB * APART]);
    }
}

/* As ps_low_word_of(), for shifts of at least 1, in one instruction less. */
static inline int32_t shifted(uint64_t sum, uint32_t shift)
{
    return (int32_t)((uint32_t)sum >> shift | (uint32_t)(sum >> 32) << (32u - shift));
}

void ps_fast_fir_end_in_bus(const ps_fast_fir_sum_t *sum, int64_t start, uint32_t shift, ps_sample_t *block,
                            ps_fast_fir_bus_t *split, uint32_t frames)
{
    enum { APART = sizeof(sum->outputs[0]) / sizeof(int64_t) };
    const uint64_t *y = (const uint64_t *)sum->outputs[0];
    int32_t *to = split->samples[0] + PS_FAST_FIR_PAST;
    carry_t last = carry_at(block, PS_HISTORY_SAMPLES);

    for (uint32_t groups = groups_of(frames); groups != 0; groups--, y++, to++, block += PS_FAST_FIR_RATE) {
        const uint64_t even = y[BB * APART] + (uint64_t)start;
        const uint64_t early = even - y[BC * APART];
        const uint64_t late = even + y[BA * APART];

        block[0] = shifted(early - y[CB * APART] + y[CC * APART], shift);
        block[1] = shifted(early + y[AB * APART] - y[AC * APART], shift);
        block[2] = shifted(late - y[CA * APART] - y[CB * APART], shift);
        block[3] = shifted(late + y[AA * APART] + y[AB * APART], shift);
        split_group(to, block[0], block[1], block[2], block[3], &last);
    }
}

#endif
