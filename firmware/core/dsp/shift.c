#include "dsp/shift.h"

#include <stddef.h>

#if !defined(__ARM_FEATURE_MVE)

#include "dsp/move.h"

/* The magnitudes of one driver's block: all their bits, and whether one exceeds 32 bits. */
typedef struct {
    uint32_t bits;
    uint32_t beyond;
} reach_t;

static inline ps_wide_t shifted(int64_t sum, uint32_t shift, reach_t *reach)
{
    const int32_t low = ps_low_word_of(sum, shift);

    reach->bits |= (uint32_t)(low ^ (low >> 31));
    const int32_t high = (int32_t)(sum >> 32) >> shift;

    if (sizeof(ps_wide_t) == sizeof low) {
        return low;
    }
    reach->beyond |= (uint32_t)(high ^ (low >> 31));
    return (ps_wide_t)((uint64_t)(uint32_t)high << 32 | (uint32_t)low);
}

static uint32_t reached(reach_t reach)
{
    return reach.beyond != 0 ? UINT32_MAX : reach.bits;
}

uint32_t ps_shift_sums(ps_wide_t *to, const int64_t *sum, uint32_t shift, uint32_t frames)
{
    reach_t reach = {0};

#pragma GCC unroll 4
    for (uint32_t n = 0; n < frames; n++) {
        to[n] = shifted(sum[n], shift, &reach);
    }
    return reached(reach);
}

void ps_shift_pairs(ps_wide_t *plus, ps_wide_t *minus, const int64_t *common, const int64_t *difference,
                    uint32_t shift, uint32_t frames, uint32_t *plus_reach, uint32_t *minus_reach)
{
    reach_t of_plus = {0};
    reach_t of_minus = {0};

    const int64_t *end = common + frames;
    const ptrdiff_t to_difference = difference - common;

    for (; common != end; common++) {
        const int64_t a = common[0];
        const int64_t b = common[to_difference];

        *plus++ = shifted(a + b, shift, &of_plus);
        *minus++ = shifted(a - b, shift, &of_minus);
    }
    *plus_reach = reached(of_plus);
    *minus_reach = reached(of_minus);
}

#endif
