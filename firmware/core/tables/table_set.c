#include "tables/table_set.h"

#include <stdbool.h>
#include <string.h>

#include "tables/bytes.h"
#include "dsp/pipeline.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "coefficients are used as they come");

/* The largest PS_UNITY_BITS and shift together: that of q31 with E = 2 (docs/arithmetic.md, "FIR matrix"). */
#define GAIN_BITS_MAX 33u

/*
 * With each path within the limit everything behind it is exact: a driver's six paths reach less than 2^13
 * times full scale. In q15 that is 2^28 ahead of saturation, of 32 bits; sums of q15 and q31x15 stay below
 * 2^58, of 64. Those of q31 have a limit of their own. (Paths of one stage have at most 40, by
 * output.peak_gain_db; behind an equaliser a path has up to 8 a tap in 16 bits, and at most 64 taps.)
 */
_Static_assert(PS_PATH_GAIN_LIMIT <= 1024u * 256u, "a path's gain is twice 8 a tap of 64 at most");

static size_t round_up(size_t size)
{
    return (size + 7u) & ~(size_t)7u;
}

static size_t records_size(uint32_t firs)
{
    return (size_t)firs * PS_FIR_ENTRY_BYTES + PS_ALL_SUMS + PS_GROUPS + PS_EQUALISERS;
}

size_t ps_table_set_size(uint32_t bytes, uint32_t firs)
{
    if (firs > PS_FIRS_ROOM || bytes < records_size(firs) || bytes > INT32_MAX) {
        return 0;
    }
    return PS_ODD_TAPS ? round_up(bytes) + (bytes - records_size(firs)) : bytes;
}

/* Samples are read in pairs, for which outputs of odd number have a table one tap later. Its last coefficient
 * is 0 and comes first. */
static bool make_odd(ps_fir_t *fir, uint32_t lookback, uint32_t filled, uint8_t *memory)
{
#if PS_ODD_TAPS
    ps_coefficient_t *odd = (ps_coefficient_t *)(void *)memory;

    if (fir->length % 2u != 0 || lookback % 2u != 0 || fir->taps[fir->length - 1u] != 0) {
        return false;
    }
    odd[0] = 0;
    memcpy(odd + 1, fir->taps, (filled - 1u) * sizeof *odd);
    fir->taps_odd = odd;
#else
    (void)fir;
    (void)lookback;
    (void)filled;
    (void)memory;
#endif
    return true;
}

/* One FIR whose coefficients begin at memory + *taken; indices are checked with the whole graph. */
static int read_fir(uint8_t *memory, size_t end, size_t odd, const uint8_t *entry, size_t *taken,
                    ps_fir_t *fir)
{
    const uint32_t length = ps_get_u16(entry + PS_FIR_ENTRY_LENGTH);
    const uint32_t lookback = ps_get_u16(entry + PS_FIR_ENTRY_LOOKBACK);
    const uint32_t filled = (length + PS_FIR_FILL - 1u) / PS_FIR_FILL * PS_FIR_FILL;
    const size_t size = filled * sizeof(ps_coefficient_t);

    if (length == 0 || size > end - *taken || lookback > PS_HISTORY_SAMPLES ||
        ps_get_u16(entry + PS_FIR_ENTRY_RESERVED) != 0) {
        return PS_E_RANGE;
    }
    fir->taps = (const ps_coefficient_t *)(void *)(memory + *taken);
    /* What lies behind the block is not there yet: only fill may meet it; and kernels go on to whole turns.
     */
    for (uint32_t k = lookback < length ? lookback + 1u : length; k < filled; k++) {
        if (fir->taps[k] != 0) {
            return PS_E_RANGE;
        }
    }
    fir->length = (uint16_t)length;
    fir->start = (uint16_t)(PS_HISTORY_SAMPLES - lookback);
    fir->bus = entry[PS_FIR_ENTRY_BUS];
    fir->shift = entry[PS_FIR_ENTRY_SHIFT];
    if (!make_odd(fir, lookback, filled, memory + odd + *taken)) {
        return PS_E_RANGE;
    }
    *taken += size;
    return PS_OK;
}

static int read_firs(uint8_t *memory, uint32_t bytes, uint32_t firs, ps_design_t *design)
{
    const size_t end = bytes - records_size(firs);
    size_t taken = 0;

    for (uint32_t n = 0; n < firs; n++) {
        const uint8_t *entry = memory + end + (size_t)n * PS_FIR_ENTRY_BYTES;

        if (read_fir(memory, end, round_up(bytes), entry, &taken, &design->firs[n]) != PS_OK) {
            return PS_E_RANGE;
        }
    }
    return taken == end ? PS_OK : PS_E_RANGE;
}

static int read_graph(const uint8_t *records, uint32_t firs, const ps_design_t *like, ps_design_t *design)
{
    const uint8_t *counts = records + (size_t)firs * PS_FIR_ENTRY_BYTES;
    uint32_t first = 0;

    memcpy(design->limits, like->limits, sizeof design->limits);
    design->release = like->release;
    for (uint32_t k = 0; k < PS_ALL_SUMS; k++) {
        design->sums[k].first = (uint8_t)first;
        design->sums[k].count = counts[k];
        first += counts[k];
        if (first > firs) {
            return PS_E_RANGE;
        }
    }
    for (uint32_t g = 0; g < PS_GROUPS; g++) {
        design->groups[g] = like->groups[g];
        design->groups[g].shift = counts[PS_ALL_SUMS + g];
        if (design->groups[g].shift + PS_UNITY_BITS > GAIN_BITS_MAX) {
            return PS_E_RANGE;
        }
    }
#if PS_EQUALISED
    memcpy(design->equaliser_shifts, counts + PS_ALL_SUMS + PS_GROUPS, PS_EQUALISERS);
#endif
    return first == firs ? PS_OK : PS_E_RANGE;
}

/* Sum of |c| of one FIR, or UINT64_MAX where its kernel's accumulator would not be exact. */
static uint64_t magnitude(const ps_fir_t *fir)
{
    uint64_t sum = 0;

    for (uint32_t k = 0; k < fir->length; k++) {
        const int64_t c = fir->taps[k];

        if (sizeof fir->taps[0] == 2u && c == INT16_MIN) {
            return UINT64_MAX; /* SMLALD of four such would be all that it can hold, and one more */
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

/* What buses hold: full scale of the word, less the headroom. */
#define BUS_MOST  (PS_SAMPLE_MAX >> PS_HEADROOM)
#define BUS_LEAST (PS_SAMPLE_MIN >> PS_HEADROOM)

/* A product as the kernels add it up. */
static int64_t product(ps_coefficient_t c, int64_t x)
{
    return (c * x) >> PS_PRODUCT_SHIFT;
}

/* Whether one equaliser gives no more than its bus holds, whatever that holds: each tap meets the end of the
 * range that it makes most, or least, of. */
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

int ps_table_set_read(uint8_t *memory, uint32_t bytes, uint32_t firs, const ps_design_t *like,
                      ps_design_t *design)
{
    memset(design, 0, sizeof *design);
    if (ps_table_set_size(bytes, firs) == 0 || read_firs(memory, bytes, firs, design) != PS_OK ||
        read_graph(memory + bytes - records_size(firs), firs, like, design) != PS_OK ||
        !ps_pipeline_fits(design)) {
        return PS_E_RANGE;
    }
    for (uint32_t g = 0; g < PS_GROUPS; g++) {
        const ps_group_t *group = &design->groups[g];

        if (!sum_is_bounded(design, group->common, group->shift) ||
            (group->minus != PS_NONE && !sum_is_bounded(design, group->difference, group->shift))) {
            return PS_E_BOUND;
        }
    }
    return equalisers_are_bounded(design) ? PS_OK : PS_E_BOUND;
}
