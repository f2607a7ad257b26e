/* Around the file that Faust generates: the types of its user interface, which nothing here uses. */
#include "matrix_faust.h"

#include "matrix_tables.h"

typedef struct {
    void *uiInterface;
    void (*openVerticalBox)(void *, const char *);
    void (*closeBox)(void *);
} UIGlue;

typedef struct {
    void *metaInterface;
    void (*declare)(void *, const char *, const char *);
} MetaGlue;

#pragma GCC optimize("O3,fast-math")
#include "matrix_faust.inc"

static mydsp dsp;
static float in[INPUTS][BLOCK];
static float out[DRIVERS][BLOCK];

void faust_start(void)
{
    initmydsp(&dsp, 48000);
}

void faust_matrix(void)
{
    float *inputs[INPUTS];
    float *outputs[DRIVERS];

    for (int i = 0; i < INPUTS; i++) {
        inputs[i] = in[i];
    }
    for (int d = 0; d < DRIVERS; d++) {
        outputs[d] = out[d];
    }
    computemydsp(&dsp, BLOCK, inputs, outputs);
}
