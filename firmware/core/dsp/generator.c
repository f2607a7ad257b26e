#include "dsp/generator.h"

#include <stdbool.h>

#include "protocol.h"

#define WEYL        0x9E3779B9u /* 2^32 over the golden ratio: successive multiples spread evenly */
#define SCENE_KEY   0x53434E45u
#define SCENE_LEVEL 7u /* up to 7 shifts, 42 dB */

/* Noise has 32 bits; a sample takes the upper ones. */
#define WORD_SHIFT (32u - 8u * sizeof(ps_sample_t))

/* Every bit of the result depends on every bit of x: the finaliser of MurmurHash3 (Appleby). */
static uint32_t mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    x ^= x >> 16;
    return x;
}

static uint32_t channel_key(uint32_t seed, uint32_t channel)
{
    return mix(seed + (channel + 1u) * WEYL);
}

static int32_t noise(uint32_t key, uint32_t position)
{
    return (int32_t)mix(position * WEYL + key);
}

/* How a scene makes the second channel */
enum { INDEPENDENT, CENTRE, OPPOSITE, SILENT };

static int32_t draw(const ps_generator_t *generator, const uint32_t *keys, uint32_t channel,
                    uint32_t position)
{
    if (generator->signal == PS_SIGNAL_FULL_SCALE) {
        return noise(keys[channel], position) < 0 ? INT32_MIN : INT32_MAX;
    }
    if (generator->signal == PS_SIGNAL_NOISE) {
        return noise(keys[channel], position);
    }
    const uint32_t scene = mix(position / PS_SCENE_FRAMES * WEYL + (generator->seed ^ SCENE_KEY));
    const uint32_t relation = channel == 1 ? (scene >> 3) & 3u : INDEPENDENT;
    const int32_t value =
        noise(keys[relation == INDEPENDENT ? channel : 0], position) >> (scene & SCENE_LEVEL);

    switch (relation) {
    case OPPOSITE:
        return ~value; /* -value - 1, which cannot overflow */
    case SILENT:
        return 0;
    default:
        return value;
    }
}

int ps_generator_check(const ps_generator_t *generator)
{
    const bool known = generator->signal == PS_SIGNAL_NOISE || generator->signal == PS_SIGNAL_FULL_SCALE ||
                       generator->signal == PS_SIGNAL_SCENES;

    return known && generator->attenuation <= PS_ATTENUATION_MAX ? PS_OK : PS_E_RANGE;
}

void ps_generator_fill(const ps_generator_t *generator, uint32_t position, ps_sample_t *out,
                       uint32_t channels, uint32_t frames)
{
    uint32_t keys[PS_INPUTS];

    for (uint32_t c = 0; c < channels; c++) {
        keys[c] = channel_key(generator->seed, c);
    }
    for (uint32_t n = 0; n < frames; n++) {
        for (uint32_t c = 0; c < channels; c++) {
            const int32_t value = draw(generator, keys, c, position + n) >> generator->attenuation;

            *out++ = (ps_sample_t)(value >> WORD_SHIFT);
        }
    }
}
