#include "tables/table_set.h"

#include <stdbool.h>
#include <string.h>

#include "dsp/design_validation.h"
#include "dsp/fir.h"
#include "protocol.h"
#include "tables/bytes.h"
#include "tables/table_validation.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "coefficients are used as they come");

/* The largest PS_UNITY_BITS and shift together: that of q31 with E = 2 (docs/arithmetic.md, "FIR matrix"). */
#define GAIN_BITS_MAX 33u

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

/* The kernel reads samples in pairs, so that outputs of odd number need a table one tap later. Its last
 * coefficient is 0 and comes first. */
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

/* Reads one FIR whose coefficients begin at memory + *taken. ps_design_is_valid() checks its indices. */
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
    /* Coefficients that would read samples behind the block, or that only complete a loop of the kernel, must
     * be 0. */
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

int ps_table_set_read(uint8_t *memory, uint32_t bytes, uint32_t firs, const ps_design_t *like,
                      ps_design_t *design)
{
    memset(design, 0, sizeof *design);
    if (ps_table_set_size(bytes, firs) == 0 || read_firs(memory, bytes, firs, design) != PS_OK ||
        read_graph(memory + bytes - records_size(firs), firs, like, design) != PS_OK ||
        !ps_design_is_valid(design)) {
        return PS_E_RANGE;
    }
    return ps_tables_are_bounded(design) ? PS_OK : PS_E_BOUND;
}
