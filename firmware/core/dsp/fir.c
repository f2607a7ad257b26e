#include "dsp/fir.h"

#include <string.h>

#include "dsp/move.h"

#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#endif

void ps_samples_advance(ps_sample_t *samples, uint32_t kept, uint32_t frames)
{
    ps_sample_t *to = samples + PS_HISTORY_SAMPLES - kept;
    const uint32_t bytes = kept * sizeof samples[0];

    if (frames * sizeof samples[0] % sizeof(ps_word_t) == 0) {
        ps_move_words(to, to + frames, bytes / sizeof(ps_word_t));
    } else {
        memmove(to, to + frames, bytes);
    }
}

void ps_bus_advance(ps_bus_t *bus, uint32_t kept, uint32_t frames)
{
    ps_samples_advance(bus->samples, kept, frames);
#if PS_USES_PARTS
    ps_parts_advance(&bus->parts, ps_bus_block(bus), kept, frames);
#endif
}

void ps_fir_prepare(ps_fir_scratch_t *scratch, const ps_design_t *design)
{
#if PS_USES_PARTS
    ps_parts_of_design(&scratch->tables, design);
#else
    (void)scratch;
    (void)design;
#endif
}

#if defined(PS_ARITHMETIC_Q15)

#if PS_SHUFFLED && defined(__ARM_FEATURE_SIMD32)

/* Two samples at a time: SHADD16 and SHSUB16 halve and floor as the definition does (Arm ARM, A7.7.134). */
void ps_fir_buses(ps_bus_t *buses, uint32_t frames)
{
    int16x2_t *l = (int16x2_t *)(void *)ps_bus_block(&buses[0]);
    int16x2_t *r = (int16x2_t *)(void *)ps_bus_block(&buses[1]);

    for (uint32_t n = 0; n < frames; n += 2) {
        const int16x2_t mid = __shadd16(*l, *r);

        *r = __shsub16(*l, *r);
        *l = mid;
        l++;
        r++;
    }
}

#else

void ps_fir_buses(ps_bus_t *buses, uint32_t frames)
{
    ps_sample_t *left = ps_bus_block(&buses[0]);
    ps_sample_t *right = ps_bus_block(&buses[1]);

    for (uint32_t n = 0; PS_SHUFFLED && n < frames; n++) {
        const int32_t l = left[n];
        const int32_t r = right[n];

        left[n] = (ps_sample_t)((l + r) >> 1);
        right[n] = (ps_sample_t)((l - r) >> 1);
    }
}

#endif

#else

void ps_fir_buses(ps_bus_t *buses, uint32_t frames)
{
    ps_sample_t *left = ps_bus_block(&buses[0]);
    ps_sample_t *right = ps_bus_block(&buses[1]);
    ps_sample_t *centre = ps_bus_block(&buses[2]);

    for (uint32_t n = 0; n < frames; n++) {
        const int32_t l = left[n] >> (PS_HEADROOM + PS_SHUFFLED);
        const int32_t r = right[n] >> (PS_HEADROOM + PS_SHUFFLED);

        left[n] = PS_SHUFFLED ? l + r : l;
        right[n] = PS_SHUFFLED ? l - r : r;
        centre[n] >>= PS_HEADROOM;
    }
#if PS_USES_PARTS
    for (uint32_t i = 0; i < PS_INPUTS; i++) {
        ps_parts_of_block(&buses[i].parts, ps_bus_block(&buses[i]), frames);
    }
#endif
}

#endif

static void add_fir(const ps_fir_t *fir, const ps_sample_t *samples, int64_t *sum, uint32_t frames)
{
    const ps_sample_t *x = samples + fir->start;

#if defined(PS_ARITHMETIC_Q15)
    ps_fir_q15(fir->taps, fir->taps_odd, fir->length, x, sum, fir->shift, frames);
#elif defined(PS_ARITHMETIC_Q31X15)
    ps_fir_q31x15(fir->taps, fir->length, x, sum, fir->shift, frames);
#else
    ps_fir_q31(fir->taps, fir->length, x, sum, frames);
#endif
}

/* What a FIR reads: behind its bus's equaliser, unless it is part of that itself. */
static const ps_sample_t *samples_of(const ps_design_t *design, uint32_t sum, uint32_t b,
                                     const ps_buses_t *buses)
{
#if PS_EQUALISED
    if (sum < PS_SUMS && (PS_EQUALISED >> b & 1u) != 0) {
        const uint32_t n = PS_EQUALISERS_BELOW(b);

        return buses->left == design ? buses->leaving[n].samples : buses->equalised[n].samples;
    }
#else
    (void)design;
    (void)sum;
#endif
    return buses->raw[b].samples;
}

#if PS_USES_PARTS

static const ps_bus_parts_t *parts_of(uint32_t sum, uint32_t b, const ps_buses_t *buses)
{
#if PS_EQUALISED
    if (sum < PS_SUMS && (PS_EQUALISED >> b & 1u) != 0) {
        return &buses->equalised[PS_EQUALISERS_BELOW(b)].parts;
    }
#else
    (void)sum;
#endif
    return &buses->raw[b].parts;
}

#endif

#if PS_EQUALISED

/*
 * The only tap of a delay, as which the reference driver hears an equalised bus; NULL for any other FIR.
 * Products of q15 are shifted in 32 bits.
 */
static const ps_coefficient_t *delay_tap(const ps_fir_t *fir)
{
#if defined(PS_ARITHMETIC_Q15)
    const ps_coefficient_t *found = NULL;

    if (fir->length > 4u || fir->shift > 15u) {
        return NULL;
    }
    for (uint32_t k = 0; k < fir->length; k++) {
        if (fir->taps[k] != 0) {
            if (found != NULL) {
                return NULL;
            }
            found = &fir->taps[k];
        }
    }
    return found;
#else
    return fir->length == 1u ? fir->taps : NULL;
#endif
}

/* Four outputs a turn: sums and buses have room for three more. */
static void add_delay(const ps_fir_t *fir, const ps_coefficient_t *tap, const ps_sample_t *samples,
                      int64_t *sum, uint32_t frames)
{
    const ps_sample_t *x = samples + fir->start + (tap - fir->taps);
    const int32_t c = *tap;

    for (uint32_t n = 0; n < frames; n += 4u) {
#pragma GCC unroll 4
        for (uint32_t k = 0; k < 4u; k++) {
#if defined(PS_ARITHMETIC_Q31)
            *sum++ += (int64_t)c * *x++;
#elif defined(PS_ARITHMETIC_Q15)
            *sum++ += (int64_t)(c * (1 << fir->shift)) * *x++;
#else
            *sum++ += (int64_t)(int32_t)(((int64_t)c * *x++) >> 16) * (1 << fir->shift);
#endif
        }
    }
}

#else

static const ps_coefficient_t *delay_tap(const ps_fir_t *fir)
{
    (void)fir;
    return NULL;
}

static void add_delay(const ps_fir_t *fir, const ps_coefficient_t *tap, const ps_sample_t *samples,
                      int64_t *sum, uint32_t frames)
{
    (void)fir;
    (void)tap;
    (void)samples;
    (void)sum;
    (void)frames;
}

#endif

#if PS_USES_PARTS

bool ps_fir_add_by_parts(const ps_design_t *design, uint32_t sum, uint32_t from, const ps_buses_t *buses,
                         ps_fir_scratch_t *scratch, uint32_t frames)
{
    const uint32_t first = design->sums[sum].first;
    bool begun = false;

    for (uint32_t k = first; k < first + design->sums[sum].count; k++) {
        const ps_fir_t *fir = &design->firs[k];

        if ((from >> fir->bus & 1u) == 0 || !ps_parts_pay(fir)) {
            continue;
        }
        ps_parts_add(&scratch->sum, &scratch->tables.firs[k], parts_of(sum, fir->bus, buses), !begun, frames);
        begun = true;
    }
    return begun;
}

#endif

void ps_fir_sum(const ps_design_t *design, uint32_t sum, uint32_t from, int64_t start,
                const ps_buses_t *buses, ps_fir_scratch_t *scratch, int64_t *out, uint32_t frames)
{
    const uint32_t first = design->sums[sum].first;
    bool by_parts = false;

#if PS_USES_PARTS
    by_parts = ps_fir_is_split(scratch, design);
    if (by_parts && ps_fir_add_by_parts(design, sum, from, buses, scratch, frames)) {
        ps_parts_end(&scratch->sum, start, out, frames);
    } else
#else
    (void)scratch;
#endif
    {
        ps_fill_sums(out, start, frames);
    }
    for (uint32_t k = first; k < first + design->sums[sum].count; k++) {
        const ps_fir_t *fir = &design->firs[k];

        if ((from >> fir->bus & 1u) == 0 || (by_parts && ps_parts_pay(fir))) {
            continue;
        }
        const ps_sample_t *samples = samples_of(design, sum, fir->bus, buses);
        const ps_coefficient_t *tap = delay_tap(fir);

        if (tap != NULL) {
            add_delay(fir, tap, samples, out, frames);
        } else {
            add_fir(fir, samples, out, frames);
        }
    }
}

/* What a block of one driver comes to: all bits of its magnitudes, and whether one passes 32 bits. */
typedef struct {
    uint32_t bits;
    uint32_t beyond;
} reach_t;

/* sum >> shift, 0 <= shift <= 31. */
static inline ps_wide_t to_feed(int64_t sum, uint32_t shift, reach_t *reach)
{
    const int32_t low = ps_low_word_of(sum, shift);

    reach->bits |= (uint32_t)(low ^ (low >> 31));
#if defined(PS_ARITHMETIC_Q15)
    return low; /* it fits: designer/fixedpoint/proof/overflow.py, stage 'feed' */
#else
    const int32_t rest = (int32_t)(sum >> 32) >> shift;

    reach->beyond |= (uint32_t)(rest ^ (low >> 31));
    return (int64_t)((uint64_t)(uint32_t)rest << 32 | (uint32_t)low);
#endif
}

static uint32_t reached(reach_t reach)
{
    return reach.beyond != 0 ? UINT32_MAX : reach.bits;
}

void ps_fir_process(const ps_design_t *design, const ps_group_t *group, const ps_buses_t *buses,
                    ps_fir_scratch_t *scratch, ps_feed_t *feeds, uint32_t frames)
{
    const uint32_t shift = group->shift;
    ps_feed_t *to_plus = &feeds[group->plus];
    ps_wide_t *plus = ps_feed_block(to_plus);
    const int64_t *common = scratch->common;
    const int64_t *difference = scratch->difference;
    reach_t of_plus = {0};

    /* From half a unit of the result, so that the right shift rounds. */
    ps_fir_sum(design, group->common, PS_FIR_ALL_BUSES, (1LL << shift) >> 1, buses, scratch, scratch->common,
               frames);
    if (group->minus == PS_NONE) {
        for (uint32_t n = 0; n < frames; n++) {
            plus[n] = to_feed(common[n], shift, &of_plus);
        }
        to_plus->reach = reached(of_plus);
        return;
    }
    ps_fir_sum(design, group->difference, PS_FIR_ALL_BUSES, 0, buses, scratch, scratch->difference, frames);
    ps_feed_t *to_minus = &feeds[group->minus];
    ps_wide_t *minus = ps_feed_block(to_minus);
    reach_t of_minus = {0};

    for (uint32_t n = 0; n < frames; n++) {
        plus[n] = to_feed(common[n] + difference[n], shift, &of_plus);
        minus[n] = to_feed(common[n] - difference[n], shift, &of_minus);
    }
    to_plus->reach = reached(of_plus);
    to_minus->reach = reached(of_minus);
}
