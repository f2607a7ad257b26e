/*
 * Types of the generated tables. The generated design.h sets the sizes and then includes this file.
 */
#ifndef PS_DESIGN_TYPES_H
#define PS_DESIGN_TYPES_H

#include <stdint.h>

/* Counts changes of these types. designer/codegen/generate.py writes tables for exactly one version. */
#define PS_DESIGN_ABI 5

_Static_assert(PS_GENERATED_ABI == PS_DESIGN_ABI,
               "design.h was generated for another version of firmware/core: generate the design again");
_Static_assert(PS_DRIVERS >= 1 && PS_DRIVERS <= 16, "PS_DRIVERS: allowed 1 to 16");
_Static_assert(PS_INPUTS == 3, "PS_INPUTS: the upmix feeds exactly three buses: left, right, centre");
_Static_assert(PS_BLOCK_SAMPLES >= 1 && PS_BLOCK_SAMPLES <= 256, "PS_BLOCK_SAMPLES: allowed 1 to 256");
_Static_assert(PS_EQUALISED < 1u << PS_INPUTS, "PS_EQUALISED: allowed is a bit for each bus");
_Static_assert(PS_LIMITER_HOPS >= 1 && PS_LIMITER_HOPS <= 30, "PS_LIMITER_HOPS: allowed 1 to 30");

/* One FIR: a path from a bus to a sum, or a run of its taps whose sum fits the kernel's accumulator. */
typedef struct {
    const ps_coefficient_t *taps; /* time-reversed, h * 2^(B + e), zeros at the ends as fill */
#if PS_ODD_TAPS
    const ps_coefficient_t *taps_odd; /* the same table one tap later, for outputs of odd number */
#endif
    uint16_t length; /* of the tables; zeros follow up to PS_FIR_FILL */
    uint16_t start;  /* index in the bus of the sample that meets taps[0] at the block's first output */
    uint8_t bus;
    uint8_t shift; /* E - e: brings it to the scale of its sum */
} ps_fir_t;

/* Consecutive entries of ps_design_t.firs that add up. */
typedef struct {
    uint8_t first;
    uint8_t count;
} ps_sum_t;

#define PS_NONE 0xFFu

/* One driver, or two that mirror each other: plus = common + difference, minus = common - difference. */
typedef struct {
    uint8_t common;     /* index of its sum */
    uint8_t difference; /* PS_NONE for one driver alone */
    uint8_t shift;      /* right shift from the sums to samples */
    uint8_t plus;
    uint8_t minus; /* PS_NONE for one driver alone */
} ps_group_t;

/* Number of equalisers on the buses below `bus`. */
#define PS_EQUALISERS_BELOW(bus)                                                                             \
    (((bus) > 0u ? PS_EQUALISED & 1u : 0u) + ((bus) > 1u ? PS_EQUALISED >> 1 & 1u : 0u) +                    \
     ((bus) > 2u ? PS_EQUALISED >> 2 & 1u : 0u))
#define PS_EQUALISERS PS_EQUALISERS_BELOW(PS_INPUTS)
/* Equalisers are sums too. They follow the sums of the drivers, and their FIRs read the bus itself. */
#define PS_ALL_SUMS (PS_SUMS + PS_EQUALISERS)

typedef struct {
    ps_fir_t firs[PS_FIRS_ROOM]; /* room for tables that come over the line */
    ps_sum_t sums[PS_ALL_SUMS];  /* an equaliser without FIRs passes its bus on unchanged */
    ps_group_t groups[PS_GROUPS];
#if PS_EQUALISED
    uint8_t equaliser_shifts[PS_EQUALISERS]; /* right shift of each from its sum to the scale of its bus */
#endif
    uint32_t limits[PS_DRIVERS]; /* largest magnitude of each driver: 1 to PS_SAMPLE_MAX */
    uint32_t release; /* of the limiters, Q0.31: the part of its way back to 1 that a gain goes in each hop */
} ps_design_t;

/* Identity of the image. The host reads it over the line, and the tools from the ELF's section .proscenium.
 */
#define PS_IDENTITY_MAGIC 0x4E435350u /* "PSCN" */

typedef struct {
    uint32_t magic;
    uint16_t abi;
    uint8_t number_format; /* PS_NUMBER_FORMAT_... of protocol.h */
    uint8_t drivers;
    uint8_t inputs;
    uint8_t reserved;
    uint16_t block_samples;
    uint32_t sample_rate_hz;
    char layout_name[32];
    uint8_t digest[32]; /* SHA-256 of layout, coefficients and generator version */
} ps_identity_t;

extern const ps_identity_t ps_identity;

#endif
