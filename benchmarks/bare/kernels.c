/*
 * Instructions of each FIR kernel, ours and CMSIS-DSP's, for 128 and 256 taps and blocks of 64 samples.
 * CMSIS-DSP runs as its users run it: initialised once, then block after block.
 */
#include "bare.h"
#include "dsp/filtering_functions.h"
#include "dsp/fir_kernels.h"

#define BLOCK    64u
#define TAPS_MAX 256u
#define RUNS     50u

static int16_t taps15[TAPS_MAX + PS_FIR_FILL] __attribute__((aligned(8)));
static int16_t odd15[TAPS_MAX + PS_FIR_FILL] __attribute__((aligned(8)));
static int32_t taps31[TAPS_MAX + PS_FIR_FILL] __attribute__((aligned(8)));
static float32_t taps_f32[TAPS_MAX + 8];
static int16_t x15[TAPS_MAX + BLOCK + PS_FIR_SLACK] __attribute__((aligned(8)));
static int32_t x31[TAPS_MAX + BLOCK + PS_FIR_SLACK] __attribute__((aligned(8)));
static float32_t x_f32[BLOCK];
static float32_t y_f32[BLOCK];
static int16_t y15[BLOCK] __attribute__((aligned(8)));
static int32_t y31[BLOCK] __attribute__((aligned(8)));
static int64_t sum[BLOCK + PS_FIR_EXCESS];
/* The largest state that Helium's kernels ask for. */
static int32_t state[TAPS_MAX + 3u * BLOCK + 64u] __attribute__((aligned(8)));

static arm_fir_instance_q15 fir15;
static arm_fir_instance_q31 fir31;
static arm_fir_instance_f32 fir_f32;
static uint32_t taps;

static void ours_q15(void)
{
    /* A table holds the taps, and one more for outputs of odd number: 7 taps of fill at worst. */
    ps_fir_q15(taps15, odd15, taps, x15, sum, 0, BLOCK);
}

static void ours_q31x15(void)
{
    ps_fir_q31x15(taps15, taps, x31, sum, 0, BLOCK);
}

static void ours_q31(void)
{
    ps_fir_q31(taps31, taps, x31, sum, BLOCK);
}

static void cmsis_q15(void)
{
    arm_fir_q15(&fir15, x15, y15, BLOCK);
}

static void cmsis_fast_q15(void)
{
    arm_fir_fast_q15(&fir15, x15, y15, BLOCK);
}

static void cmsis_q31(void)
{
    arm_fir_q31(&fir31, x31, y31, BLOCK);
}

static void cmsis_fast_q31(void)
{
    arm_fir_fast_q31(&fir31, x31, y31, BLOCK);
}

static void cmsis_f32(void)
{
    arm_fir_f32(&fir_f32, x_f32, y_f32, BLOCK);
}

static void measure(const char *name, void (*run)(void))
{
    run();
    bench_start();
    for (uint32_t n = 0; n < RUNS; n++) {
        run();
    }
    bench_print(name, bench_ticks());
}

int bench_main(void)
{
    bench_start();
    bench_calibrate(1000000u);
    bench_print("calibrate 2000000", bench_ticks());
    bench_print("runs", RUNS);
    for (taps = TAPS_MAX / 2u; taps <= TAPS_MAX; taps *= 2u) {
        for (uint32_t k = 0; k < taps; k++) {
            taps15[k] = (int16_t)(k % 7u * 20u);
            taps31[k] = (int32_t)(k % 7u * 200u);
        }
        arm_fir_init_q15(&fir15, (uint16_t)taps, taps15, (q15_t *)state, BLOCK);
        arm_fir_init_q31(&fir31, (uint16_t)taps, taps31, state, BLOCK);
        bench_print("taps", taps);
        measure("ours q15", ours_q15);
        measure("ours q31x15", ours_q31x15);
        measure("ours q31", ours_q31);
        measure("arm_fir_q15", cmsis_q15);
        measure("arm_fir_fast_q15", cmsis_fast_q15);
        measure("arm_fir_q31", cmsis_q31);
        measure("arm_fir_fast_q31", cmsis_fast_q31);
        arm_fir_init_f32(&fir_f32, (uint16_t)taps, taps_f32, (float32_t *)state, BLOCK);
        measure("arm_fir_f32", cmsis_f32);
    }
    return 0;
}
