#include "dsp/design_validation.h"

#include <stddef.h>

#include "dsp/equaliser.h"

/* The largest shift that ps_low_word_of() takes. */
#define GROUP_SHIFT_MAX 31

/* A FIR must stay inside the bus that design.h sized for it: kernels do not check. */
static bool fir_fits(const ps_fir_t *fir)
{
    return fir->taps != NULL && fir->bus < PS_INPUTS && fir->shift <= PS_FIR_SHIFT_MAX &&
           (uint32_t)fir->start + fir->length <= PS_HISTORY_SAMPLES + 3u;
}

static bool sum_fits(const ps_design_t *design, const ps_sum_t *sum)
{
    if ((uint32_t)sum->first + sum->count > PS_FIRS_ROOM) {
        return false;
    }
    for (uint32_t k = 0; k < sum->count; k++) {
        if (!fir_fits(&design->firs[sum->first + k])) {
            return false;
        }
    }
    return true;
}

static bool group_fits(const ps_group_t *group)
{
    const bool pair = group->minus != PS_NONE;

    return group->shift <= GROUP_SHIFT_MAX && group->plus < PS_DRIVERS && group->common < PS_SUMS &&
           (!pair || (group->minus < PS_DRIVERS && group->difference < PS_SUMS));
}

bool ps_design_is_valid(const ps_design_t *design)
{
    for (uint32_t d = 0; d < PS_DRIVERS; d++) {
        if (design->limits[d] == 0 || design->limits[d] > PS_SAMPLE_MAX) {
            return false;
        }
    }
    for (uint32_t k = 0; k < PS_ALL_SUMS; k++) {
        if (!sum_fits(design, &design->sums[k])) {
            return false;
        }
    }
    if (!ps_equalisers_fit(design)) {
        return false;
    }
    for (uint32_t g = 0; g < PS_GROUPS; g++) {
        if (!group_fits(&design->groups[g])) {
            return false;
        }
    }
    return true;
}
