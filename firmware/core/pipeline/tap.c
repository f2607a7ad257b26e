#include "pipeline/tap.h"

#include <string.h>

#include "dsp/equaliser.h"

static uint32_t channels_of(uint32_t stage)
{
    switch (stage) {
    case PS_STAGE_BUS:
    case PS_STAGE_EQUALISED:
        return PS_INPUTS;
    case PS_STAGE_PATH:
        return PS_SUMS * PS_INPUTS;
    case PS_STAGE_SUM:
        return PS_SUMS;
    case PS_STAGE_DRIVER_SIGNAL:
    case PS_STAGE_OUTPUT:
        return PS_DRIVERS;
    default:
        return 0;
    }
}

/* Adds up the FIRs of a sum that read certain buses: a bit of `buses` for each. */
static void read_sum(ps_pipeline_t *pipeline, uint32_t sum, uint32_t buses, uint32_t first, uint32_t count,
                     int64_t *to)
{
    ps_fir_sum(pipeline->design, sum, buses, 0, &pipeline->buses, &pipeline->scratch,
               pipeline->scratch.common, pipeline->frames);
    memcpy(to, pipeline->scratch.common + first, count * sizeof to[0]);
}

/* The last block of one bus, raw or behind its equaliser. */
static const ps_sample_t *block_of(ps_pipeline_t *pipeline, uint32_t stage, uint32_t bus)
{
    if (stage == PS_STAGE_EQUALISED) {
        return ps_equalised_block(pipeline->design, &pipeline->buses, bus);
    }
    return ps_bus_block(&pipeline->buses.raw[bus]);
}

int ps_tap_read(ps_pipeline_t *pipeline, const ps_sample_t *out, uint32_t stage, uint32_t index,
                uint32_t first, uint32_t count, int64_t *to)
{
    if (index >= channels_of(stage) || first > pipeline->frames || count > pipeline->frames - first) {
        return PS_E_RANGE;
    }
    switch (stage) {
    case PS_STAGE_PATH:
        read_sum(pipeline, index / PS_INPUTS, 1u << index % PS_INPUTS, first, count, to);
        break;
    case PS_STAGE_SUM:
        read_sum(pipeline, index, PS_FIR_ALL_BUSES, first, count, to);
        break;
    case PS_STAGE_DRIVER_SIGNAL:
        for (uint32_t n = 0; n < count; n++) {
            to[n] = ps_driver_signal_block(&pipeline->limiter.driver_signals[index])[first + n];
        }
        break;
    case PS_STAGE_OUTPUT:
        for (uint32_t n = 0; n < count; n++) {
            to[n] = out[(first + n) * PS_DRIVERS + index];
        }
        break;
    default:
        for (uint32_t n = 0; n < count; n++) {
            to[n] = block_of(pipeline, stage, index)[first + n];
        }
        break;
    }
    return PS_OK;
}
