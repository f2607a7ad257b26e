#include "tables/table_validation.h"

/*
 * If each path is within the limit, all arithmetic behind it is exact: a driver's six paths reach less than
 * 2^13 times full scale. In q15 that is 2^28, in 32 bits. Sums of q15 and q31x15 stay below 2^58, in 64 bits.
 * Sums of q31 have a limit of their own. Paths of one stage have a gain of at most 40 (output.peak_gain_db).
 * A path behind an equaliser has at most 64 taps of at most 8 in 16 bits.
 */
_Static_assert(PS_PATH_GAIN_LIMIT <= 1024u * 256u, "a path's gain is twice 8 a tap of 64 at most");

/* Sum of |c| of one FIR, or UINT64_MAX where its kernel's accumulator would not be exact. */
static uint64_t magnitude(const ps_fir_t *fir)
{
    uint64_t sum = 0;

    for (uint32_t k = 0; k < fir->length; k++) {
        const int64_t c = fir->taps[k];

        if (sizeof fir->taps[0] == 2u && c == INT16_MIN) {
            return UINT64_MAX; /* four products of two such values exceed what SMLALD adds exactly */
        }
        sum += (uint64_t)(c < 0 ? -c : c);
    }
    return sum <= PS_FIR_TAPS_MAX ? sum : UINT64_MAX;
}

/* Whether every path of a sum stays within the sum of |h| that the image allows, and the sum within 64 bits.
 */
static bool sum_is_bounded(const ps_design_t *design, uint32_t k, uint32_t group_shift)
{
    const uint64_t limit = ((uint64_t)PS_PATH_GAIN_LIMIT << (group_shift + PS_UNITY_BITS)) >> 8;
    uint64_t reached[PS_INPUTS] = {0};
    uint64_t total = 0;

    for (uint32_t n = 0; n < design->sums[k].count; n++) {
        const ps_fir_t *fir = &design->firs[design->sums[k].first + n];
        const uint64_t sum = magnitude(fir);

        if (sum > limit >> fir->shift) {
            return false;
        }
        reached[fir->bus] += sum << fir->shift;
        if (reached[fir->bus] > limit) {
            return false;
        }
        total += sum;
    }
    return total <= PS_SUM_TAPS_MAX;
}

#if PS_EQUALISED

/* The range of a bus: full scale without the headroom. */
#define BUS_MOST  (PS_SAMPLE_MAX >> PS_HEADROOM)
#define BUS_LEAST (PS_SAMPLE_MIN >> PS_HEADROOM)

/* A product as the kernels add it up. */
static int64_t product(ps_coefficient_t c, int64_t x)
{
    return (c * x) >> PS_PRODUCT_SHIFT;
}

/* Whether the output of one equaliser fits its bus for every input. For the largest output, each tap meets
 * that end of the range at which its product is largest. */
static bool equaliser_is_bounded(const ps_design_t *design, uint32_t n)
{
    const ps_sum_t *sum = &design->sums[PS_SUMS + n];
    const uint32_t shift = design->equaliser_shifts[n];
    int64_t most = (1LL << shift) >> 1;
    int64_t least = most;
    uint64_t total = 0;

    for (uint32_t k = sum->first; k < (uint32_t)sum->first + sum->count; k++) {
        const ps_fir_t *fir = &design->firs[k];
        const uint64_t taps = magnitude(fir);

        if (fir->shift != 0 || taps >= 1ull << 31 || (total += taps) >= 1ull << 31) {
            return false;
        }
        for (uint32_t t = 0; t < fir->length; t++) {
            const bool negative = fir->taps[t] < 0;

            most += product(fir->taps[t], negative ? BUS_LEAST : BUS_MOST);
            least += product(fir->taps[t], negative ? BUS_MOST : BUS_LEAST);
        }
    }
    return most >> shift <= BUS_MOST && least >> shift >= BUS_LEAST;
}

static bool equalisers_are_bounded(const ps_design_t *design)
{
    for (uint32_t n = 0; n < PS_EQUALISERS; n++) {
        if (!equaliser_is_bounded(design, n)) {
            return false;
        }
    }
    return true;
}

#else

static bool equalisers_are_bounded(const ps_design_t *design)
{
    (void)design;
    return true;
}

#endif

bool ps_tables_are_bounded(const ps_design_t *design)
{
    for (uint32_t g = 0; g < PS_GROUPS; g++) {
        const ps_group_t *group = &design->groups[g];

        if (!sum_is_bounded(design, group->common, group->shift) ||
            (group->minus != PS_NONE && !sum_is_bounded(design, group->difference, group->shift))) {
            return false;
        }
    }
    return equalisers_are_bounded(design);
}
