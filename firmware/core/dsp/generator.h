/*
 * Seeded test signals, made on the board from integers only. The host computes the same ones
 * (designer/fixedpoint/model/generator.py), so that none has to cross the line. Every sample is a function of
 * seed, channel and frame number, so that a signal can begin anywhere.
 */
#ifndef PS_GENERATOR_H
#define PS_GENERATOR_H

#include <stdint.h>

#include "design.h"

typedef struct {
    uint32_t seed;
    uint8_t signal;      /* PS_SIGNAL_… */
    uint8_t attenuation; /* right shift of every sample, 0 to 15: 6.02 dB each */
} ps_generator_t;

#define PS_ATTENUATION_MAX 15u

/* Frames of PS_SIGNAL_SCENES between two changes of level and correlation. */
#define PS_SCENE_FRAMES 2048u

/* Returns PS_OK or, where a field is out of its range, PS_E_RANGE. */
int ps_generator_check(const ps_generator_t *generator);

/* Writes `frames` interleaved frames of `channels` samples, the first of them number `position`. */
void ps_generator_fill(const ps_generator_t *generator, uint32_t position, ps_sample_t *out,
                       uint32_t channels, uint32_t frames);

#endif
