/*
 * Runs every FIR kernel on tables of every length, as designer/codegen/tables.py lays them out, and prints a
 * CRC of the sums. On a board it boots bare; on the host the same file stands on printf().
 */
#include <string.h>

#include "tables/crc32.h"
#include "dsp/fir_kernels.h"

#if defined(__arm__)
#include "bare.h"
#else
#include <stdio.h>
#define bench_print(name, value) printf("%s %llu\n", (name), (unsigned long long)(value))
int main(void);
#endif

#define TAPS_MAX   336u
#define FRAMES_MAX 256u

static int16_t taps15[TAPS_MAX] __attribute__((aligned(8)));
static int16_t odd15[TAPS_MAX] __attribute__((aligned(8)));
static int32_t taps31[TAPS_MAX] __attribute__((aligned(8)));
static int16_t x15[TAPS_MAX + FRAMES_MAX + PS_FIR_SLACK] __attribute__((aligned(8)));
static int32_t x31[TAPS_MAX + FRAMES_MAX + PS_FIR_SLACK] __attribute__((aligned(8)));
static int64_t sum[FRAMES_MAX + PS_FIR_EXCESS];
static uint32_t state;

/* Numerical Recipes' generator; tests/toolchain/firmware/test_kernels.py has the same. */
static uint32_t draw(void)
{
    state = state * 1664525u + 1013904223u;
    return state;
}

static int32_t extreme(int32_t least, int32_t most)
{
    return (draw() >> 31) != 0 ? most : least;
}

/* A coefficient of a path of `taps`: of any size, or the largest that its accumulator admits. */
static int32_t coefficient(uint32_t kernel, uint32_t taps, uint32_t loud)
{
    const int32_t n = (int32_t)taps;

    switch (kernel) {
    case 0:
        return loud ? extreme(-32767, 32767) : (int32_t)draw() / 65538;
    case 1: {
        const int32_t most = 65535 * 16 / n < 32767 ? 65535 * 16 / n : 32767;

        return loud ? extreme(-most, most) : ((int32_t)draw() / 65538) / (n / 32 + 1);
    }
    default:
        return loud ? extreme(-(INT32_MAX / n), INT32_MAX / n) : (int32_t)draw() / (n + 1);
    }
}

static void run(uint32_t kernel, uint32_t taps, uint32_t loud, uint32_t frames, uint32_t shift)
{
    /* q15 tables start on an even sample: every second length has a zero ahead. */
    const uint32_t fill = kernel == 0 ? taps % 2u : 0u;
    const uint32_t length = kernel == 0 ? (fill + taps + 2u) / 2u * 2u : taps;

    memset(taps15, 0, sizeof taps15);
    memset(odd15, 0, sizeof odd15);
    memset(taps31, 0, sizeof taps31);
    for (uint32_t k = 0; k < taps; k++) {
        const int32_t c = coefficient(kernel, taps, loud);

        taps15[fill + k] = (int16_t)c;
        odd15[(fill + k + 1u) % TAPS_MAX] = (int16_t)c;
        taps31[k] = c;
    }
    for (uint32_t n = 0; n < sizeof x31 / sizeof x31[0]; n++) {
        x31[n] = loud ? extreme(INT32_MIN, INT32_MAX) : (int32_t)draw();
        x15[n] = (int16_t)(x31[n] >> 16);
        x31[n] >>= kernel == 1 ? 4 : 0;
    }
    for (uint32_t n = 0; n < sizeof sum / sizeof sum[0]; n++) {
        sum[n] = (int32_t)draw();
    }
    switch (kernel) {
    case 0:
        ps_fir_q15(taps15, odd15, length, x15, sum, shift, frames);
        break;
    case 1:
        ps_fir_q31x15(taps15, length, x31, sum, shift, frames);
        break;
    default:
        ps_fir_q31(taps31, length, x31, sum, frames);
        break;
    }
}

static void check_all(void)
{
    static const char *const names[] = {"q15", "q31x15", "q31"};

    state = 1u;
    for (uint32_t kernel = 0; kernel < 3u; kernel++) {
        /* From 1: a FIR by parts has a quarter of the taps. */
        for (uint32_t taps = 1u; taps <= 300u; taps++) {
            uint32_t crc = 0;

            for (uint32_t loud = 0; loud < 2u; loud++) {
                /* Over the lengths, every block size from 1 to 256 comes at least once. */
                const uint32_t frames = (taps * 2u + loud) % FRAMES_MAX + 1u;

                run(kernel, taps, loud, frames, taps % 16u);
                crc = ps_crc32(crc, (const uint8_t *)sum, frames * sizeof sum[0]);
            }
            /* And with every length all remainders that outputs can leave to passes of two, three and four.
             */
            for (uint32_t frames = 1; frames <= 12u; frames++) {
                run(kernel, taps, frames % 2u, frames, taps % 16u);
                crc = ps_crc32(crc, (const uint8_t *)sum, frames * sizeof sum[0]);
            }
            bench_print(names[kernel], crc);
        }
    }
}

#if defined(__arm__)
int bench_main(void)
{
    check_all();
    return 0;
}
#else
int main(void)
{
    check_all();
    return 0;
}
#endif
