/*
 * The same D x 3 matrix as its peers would be written: one arm_fir_q15 for each driver and input and
 * arm_add_q15 to add them up, and what Faust makes of it in float. Tables and sizes come from the generated
 * matrix_tables.h.
 */
#include "bare.h"
#include "dsp/basic_math_functions.h"
#include "dsp/filtering_functions.h"
#include "matrix_faust.h"
#include "matrix_tables.h"

#define RUNS 20u

static arm_fir_instance_q15 fir[DRIVERS][INPUTS];
static q15_t state[DRIVERS][INPUTS][TAPS_MAX + BLOCK] __attribute__((aligned(8)));
static q15_t in[INPUTS][BLOCK] __attribute__((aligned(8)));
static q15_t out[DRIVERS][BLOCK] __attribute__((aligned(8)));
static q15_t share[BLOCK] __attribute__((aligned(8)));

static void stock_matrix(void)
{
    for (uint32_t d = 0; d < DRIVERS; d++) {
        arm_fir_q15(&fir[d][0], in[0], out[d], BLOCK);
        for (uint32_t i = 1; i < INPUTS; i++) {
            arm_fir_q15(&fir[d][i], in[i], share, BLOCK);
            arm_add_q15(out[d], share, out[d], BLOCK);
        }
    }
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
    for (uint32_t d = 0; d < DRIVERS; d++) {
        for (uint32_t i = 0; i < INPUTS; i++) {
            arm_fir_init_q15(&fir[d][i], lengths[d][i], tables[d][i], state[d][i], BLOCK);
        }
    }
    measure("arm_fir_q15 matrix", stock_matrix);
    faust_start();
    measure("faust float matrix", faust_matrix);
    return 0;
}
