/*
 * Types of the generated tables. The generated design.h sets the sizes and then includes this file.
 */
#ifndef PS_DESIGN_TYPES_H
#define PS_DESIGN_TYPES_H

#include <stdint.h>

/* Counts changes of these types; designer/codegen/generate.py writes tables for exactly one of them. */
#define PS_DESIGN_ABI 1

#if !defined(PS_GENERATED_ABI) || PS_GENERATED_ABI != PS_DESIGN_ABI
#error "design.h was generated for another version of firmware/core: generate the design again"
#endif
#if PS_DRIVERS < 1 || PS_DRIVERS > 16
#error "PS_DRIVERS: allowed 1 to 16"
#endif
#if PS_INPUTS != 3
#error "PS_INPUTS: the upmix feeds exactly three buses: left, right, centre"
#endif
#if PS_BLOCK_SAMPLES < 1 || PS_BLOCK_SAMPLES > 256
#error "PS_BLOCK_SAMPLES: allowed 1 to 256"
#endif

#if defined(PS_ARITHMETIC_Q15) == defined(PS_ARITHMETIC_Q31)
#error "design.h must choose exactly one of PS_ARITHMETIC_Q15 and PS_ARITHMETIC_Q31"
#elif defined(PS_ARITHMETIC_Q15)
typedef int16_t ps_sample_t; /* Q0.15 */
#define PS_SAMPLE_MAX INT16_MAX
#define PS_SAMPLE_MIN INT16_MIN
#else
typedef int32_t ps_sample_t; /* Q0.31 */
#define PS_SAMPLE_MAX INT32_MAX
#define PS_SAMPLE_MIN INT32_MIN
#endif

/* One FIR of the matrix. */
typedef struct {
    const ps_sample_t *coefficients; /* time-reversed, h * 2^(B + e); NULL where taps is 0 */
    uint16_t taps;
    uint16_t delay; /* samples ahead of the first tap */
    uint8_t shift;  /* E - e: brings the path to the scale of its driver's sum */
} ps_path_t;

typedef struct {
    ps_path_t paths[PS_INPUTS];
    uint8_t exponent; /* E, the largest e of the driver's paths */
} ps_driver_t;

typedef struct {
    ps_driver_t drivers[PS_DRIVERS];
} ps_design_t;

/* Who the image is: read back over serial, and by the tools from the section .proscenium of the ELF. */
#define PS_IDENTITY_MAGIC 0x4E435350u /* "PSCN" */

typedef struct {
    uint32_t magic;
    uint16_t abi;
    uint8_t arithmetic; /* fraction bits: 15 or 31 */
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
