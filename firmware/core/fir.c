#include "fir.h"

#include <string.h>

#include "dsp/basic_math_functions.h"
#include "dsp/filtering_functions.h"

void ps_bus_advance(ps_bus_t *bus, uint32_t frames)
{
    memmove(bus->samples, bus->samples + frames, PS_HISTORY_SAMPLES * sizeof bus->samples[0]);
}

/* The oldest sample that the path's first output of this block needs: x[-delay - taps + 1]. */
static const ps_sample_t *path_start(const ps_path_t *path, const ps_bus_t *bus)
{
    return bus->samples + PS_HISTORY_SAMPLES - path->delay - (path->taps - 1u);
}

#if defined(PS_ARITHMETIC_Q15)

/* arm_fir_q15 would truncate each path to 16 bits before the paths are added; its dot product keeps 34.30. */
static void add_path(const ps_path_t *path, const ps_bus_t *bus, ps_fir_scratch_t *scratch, uint32_t frames)
{
    const ps_sample_t *samples = path_start(path, bus);

    for (uint32_t n = 0; n < frames; n++) {
        q63_t product; /* Q1.15 x Q1.15 -> Q34.30 */

        arm_dot_prod_q15(path->coefficients, samples + n, path->taps, &product);
        /* As a product: a left shift of a negative number is undefined in C. */
        scratch->sum[n] += product * (1 << path->shift);
    }
}

static int64_t round_sum(int64_t sum, uint32_t exponent)
{
    return (sum + (1LL << (14 + exponent))) >> (15 + exponent);
}

#else

/*
 * arm_fir_q31 keeps a state for each filter. Here all paths of a bus read one history, and the state is a
 * copy of the part that the path looks at: D x I states would not fit in the RAM of the larger layouts.
 */
static void add_path(const ps_path_t *path, const ps_bus_t *bus, ps_fir_scratch_t *scratch, uint32_t frames)
{
    const ps_sample_t *samples = path_start(path, bus);
    const arm_fir_instance_q31 fir = {
        .numTaps = path->taps,
        .pState = scratch->state,
        .pCoeffs = path->coefficients,
    };

    memcpy(scratch->state, samples, (path->taps - 1u) * sizeof samples[0]);
    /* Q1.31 x Q1.31 -> Q2.62; sum |c| < 2^31 is proved, so nothing wraps before the >> 31 */
    arm_fir_q31(&fir, samples + (path->taps - 1u), scratch->path, frames);
    for (uint32_t n = 0; n < frames; n++) {
        scratch->sum[n] += (int64_t)scratch->path[n] * (1 << path->shift);
    }
}

static int64_t round_sum(int64_t sum, uint32_t exponent)
{
    return (sum + ((1LL << exponent) >> 1)) >> exponent;
}

#endif

static ps_sample_t saturate(int64_t value)
{
    if (value > PS_SAMPLE_MAX) {
        return PS_SAMPLE_MAX;
    }
    if (value < PS_SAMPLE_MIN) {
        return PS_SAMPLE_MIN;
    }
    return (ps_sample_t)value;
}

void ps_fir_sum(const ps_driver_t *driver, uint32_t from, const ps_bus_t *buses, ps_fir_scratch_t *scratch,
                uint32_t frames)
{
    memset(scratch->sum, 0, frames * sizeof scratch->sum[0]);
    for (uint32_t i = 0; i < PS_INPUTS; i++) {
        if (driver->paths[i].taps != 0 && (from >> i & 1u) != 0) {
            add_path(&driver->paths[i], &buses[i], scratch, frames);
        }
    }
}

void ps_fir_process(const ps_driver_t *driver, const ps_bus_t *buses, ps_fir_scratch_t *scratch,
                    ps_sample_t *out, uint32_t stride, uint32_t frames)
{
    ps_fir_sum(driver, PS_FIR_ALL_BUSES, buses, scratch, frames);
    for (uint32_t n = 0; n < frames; n++) {
        out[n * stride] = saturate(round_sum(scratch->sum[n], driver->exponent));
    }
}
