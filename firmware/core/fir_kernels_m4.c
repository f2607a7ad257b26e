/*
 * The kernels for cores with the DSP extension (Cortex-M4, M7): several outputs at once, so that a word that
 * is loaded serves several products.
 *
 * The loops are assembly: written with intrinsics, GCC 12 splits every double load in two and spills
 * registers in the loop, which takes half as many instructions again. All operands of a loop stay in the 14
 * registers that there are, because a sample's register is loaded anew as soon as its last product is done. A
 * loop is unrolled sixteen times and entered in the middle where the taps do not fill it: every instruction
 * in it is four bytes long.
 */
#include "fir_kernels.h"

#if defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)

#define UNROLLED 16u

typedef int32_t __attribute__((may_alias)) word_t;

/*
 * What a kernel's assembly works on, in memory: registers are for the loop. `sum` moves on by itself, `w` by
 * what one pass makes of outputs.
 */
typedef struct {
    const word_t *c;   /* coefficients */
    const word_t *end; /* behind the last of them */
    const word_t *w;   /* samples */
    int64_t *sum;
    uint32_t factor; /* 1 << shift */
    uint32_t
        entry; /* bytes of the unrolled loop that its first turn leaves out; bit 0 is the Thumb state's */
    uint32_t passes; /* at least 1 */
} job_t;

static inline uint32_t entry_of(uint32_t steps, uint32_t bytes_per_step)
{
    return (UNROLLED - 1u - (steps - 1u) % UNROLLED) * bytes_per_step | 1u;
}

/* clang-format off */

/*
 * A word of samples and a word of coefficients, into a 64-bit accumulator: SMLAL for one product of 32 bits, SMLALD
 * for two of 16. `op` is the one or the other.
 */
#define MAC(op, a, c, w) op " %Q[" #a "], %R[" #a "], %[" #c "], %[" #w "]\n\t"

/* Four words of coefficients on three outputs a word apart: 16 instructions for 12 multiply-accumulates. */
#define THREE(op)                                               \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"                       \
    MAC(op, a0, c0, w0) MAC(op, a0, c1, w1) MAC(op, a1, c0, w1) \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"                       \
    MAC(op, a1, c1, w2) MAC(op, a2, c0, w2) MAC(op, a2, c1, w3) \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"                       \
    MAC(op, a0, c0, w2) MAC(op, a0, c1, w3) MAC(op, a1, c0, w3) \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"                       \
    MAC(op, a1, c1, w0) MAC(op, a2, c0, w0) MAC(op, a2, c1, w1)
#define THREE_BYTES 64u

/* The same on two outputs: 12 instructions for 8. */
#define TWO(op)                                                 \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"                       \
    MAC(op, a0, c0, w0) MAC(op, a0, c1, w1) MAC(op, a1, c0, w1) \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"                       \
    MAC(op, a1, c1, w2)                                         \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"                       \
    MAC(op, a0, c0, w2) MAC(op, a0, c1, w3) MAC(op, a1, c0, w3) \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"                       \
    MAC(op, a1, c1, w0)
#define TWO_BYTES 48u

/* One instruction of a Q1.31 sample and either half of a word of two Q1.15 coefficients, >> 16, into 32 bits. */
#define LOW(a, c, w)  "smlawb %[" #a "], %[" #w "], %[" #c "], %[" #a "]\n\t"
#define HIGH(a, c, w) "smlawt %[" #a "], %[" #w "], %[" #c "], %[" #a "]\n\t"

/* Four coefficients on four outputs: 19 instructions for 16 multiply-accumulates. */
#define FOUR                                        \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"           \
    LOW(a0, c0, w0) HIGH(a0, c0, w1) LOW(a1, c0, w1) \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"           \
    LOW(a0, c1, w2) HIGH(a1, c0, w2) LOW(a2, c0, w2) \
    HIGH(a0, c1, w3) LOW(a1, c1, w3) HIGH(a2, c0, w3) \
    LOW(a3, c0, w3)                                 \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"           \
    HIGH(a1, c1, w0) LOW(a2, c1, w0) HIGH(a3, c0, w0) \
    HIGH(a2, c1, w1) LOW(a3, c1, w1) HIGH(a3, c1, w2)
#define FOUR_BYTES 76u

#define SIXTEEN(step) step step step step step step step step step step step step step step step step

/* sum[0] += acc << shift; the sum then points `next` bytes further. */
#define ADD_WIDE(acc, next)                                     \
    "ldrd   %[w0], %[w1], [%[c0]]\n\t"                          \
    "umlal  %[w0], %[w1], %Q[" #acc "], %[c1]\n\t"              \
    "mla    %[w1], %R[" #acc "], %[c1], %[w1]\n\t"              \
    "strd   %[w0], %[w1], [%[c0]], #" #next "\n\t"
/* The same of (acc >> 31), which fits 32 bits. */
#define ADD_HIGH(acc, next)                                     \
    "lsl    %[w2], %R[" #acc "], #1\n\t"                        \
    "orr    %[w2], %[w2], %Q[" #acc "], lsr #31\n\t"            \
    "ldrd   %[w0], %[w1], [%[c0]]\n\t"                          \
    "smlal  %[w0], %[w1], %[w2], %[c1]\n\t"                     \
    "strd   %[w0], %[w1], [%[c0]], #" #next "\n\t"
#define ADD_WORD(acc, next)                                     \
    "ldrd   %[w0], %[w1], [%[c0]]\n\t"                          \
    "smlal  %[w0], %[w1], %[" #acc "], %[c1]\n\t"               \
    "strd   %[w0], %[w1], [%[c0]], #" #next "\n\t"

#define CLEAR_WIDE(acc) "mov    %Q[" #acc "], #0\n\tmov    %R[" #acc "], #0\n\t"
#define CLEAR_WORD(acc) "mov    %[" #acc "], #0\n\t"

/* All passes of a job: each clears its accumulators, runs the steps over all taps, adds to the sums and moves on. */
#define PASSES(clear, step, add, advance)       \
    "ldr    %[c0], %[entry]\n\t"                \
    "adr.w  %[c1], 2f\n\t"                      \
    "add    %[c0], %[c0], %[c1]\n\t"            \
    "str    %[c0], %[entry]\n\t"                \
    "ldr    %[w], %[start]\n"                   \
    "1:\n\t"                                    \
    "ldr    %[c], %[taps]\n\t"                  \
    clear                                       \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"       \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"       \
    "ldr    %[c0], %[entry]\n\t"                \
    "bx     %[c0]\n\t"                          \
    ".balign 4\n"                               \
    "2:\n\t"                                    \
    SIXTEEN(step)                               \
    "ldr    %[c0], %[end]\n\t"                  \
    "cmp    %[c], %[c0]\n\t"                    \
    "bne    2b\n\t"                             \
    "ldr    %[c0], %[sum]\n\t"                  \
    "ldr    %[c1], %[factor]\n\t"               \
    add                                         \
    "str    %[c0], %[sum]\n\t"                  \
    "ldr    %[w], %[start]\n\t"                 \
    "add    %[w], %[w], #" #advance "\n\t"      \
    "str    %[w], %[start]\n\t"                 \
    "ldr    %[c0], %[passes]\n\t"               \
    "subs   %[c0], %[c0], #1\n\t"               \
    "str    %[c0], %[passes]\n\t"               \
    "bne    1b"

#define REGISTERS                                                                                    \
    [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2), [w3] "=&r"(w3), [c0] "=&r"(c0), [c1] "=&r"(c1),  \
    [c] "=&r"(c), [w] "=&r"(w)
#define MEMORY                                                                                       \
    [start] "+m"(job->w), [sum] "+m"(job->sum), [entry] "+m"(job->entry), [passes] "+m"(job->passes)
#define CONSTANTS [taps] "m"(job->c), [end] "m"(job->end), [factor] "m"(job->factor)

/* clang-format on */

#define DECLARE_REGISTERS                                                                                    \
    const word_t *c, *w;                                                                                     \
    int32_t w0, w1, w2, w3, c0, c1

/* A job's passes of three, or of two, outputs of 64 bits; inline, so that the job lies on the caller's stack.
 */
#define DEFINE_PASSES(name, op, add, next)                                                                   \
    static inline __attribute__((always_inline)) void name##_threes(job_t *job)                              \
    {                                                                                                        \
        DECLARE_REGISTERS;                                                                                   \
        int64_t a0, a1, a2;                                                                                  \
                                                                                                             \
        __asm volatile(PASSES(CLEAR_WIDE(a0) CLEAR_WIDE(a1) CLEAR_WIDE(a2), THREE(op),                       \
                              add(a0, next) add(a1, next) add(a2, next), 12)                                 \
                       : [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), REGISTERS, MEMORY:CONSTANTS         \
                       : "cc", "memory");                                                                    \
    }                                                                                                        \
    static inline __attribute__((always_inline)) void name##_twos(job_t *job)                                \
    {                                                                                                        \
        DECLARE_REGISTERS;                                                                                   \
        int64_t a0, a1;                                                                                      \
                                                                                                             \
        __asm volatile(PASSES(CLEAR_WIDE(a0) CLEAR_WIDE(a1), TWO(op), add(a0, next) add(a1, next), 8)        \
                       : [a0] "=&r"(a0), [a1] "=&r"(a1), REGISTERS, MEMORY:CONSTANTS                         \
                       : "cc", "memory");                                                                    \
    }

DEFINE_PASSES(q15, "smlald", ADD_WIDE, 16)
DEFINE_PASSES(q31, "smlal", ADD_HIGH, 8)

/* Threes as far as they go without a single output left over, then twos. */
static inline uint32_t passes_of_two(uint32_t outputs)
{
    const uint32_t rest = outputs % 3u;

    return rest == 1u && outputs > 1u ? 2u : (rest + 1u) / 2u;
}

static inline uint32_t passes_of_three(uint32_t outputs)
{
    return outputs % 3u == 1u && outputs > 1u ? outputs / 3u - 1u : outputs / 3u;
}

/* Every other output: those lie whole words of samples apart. */
static void q15_phase(const int16_t *taps, uint32_t length, const int16_t *x, int64_t *sum, uint32_t shift,
                      uint32_t outputs)
{
    const uint32_t steps = length / 8u;
    job_t job = {
        .c = (const word_t *)taps,
        .end = (const word_t *)(taps + length),
        .w = (const word_t *)x,
        .sum = sum,
        .factor = 1u << shift,
    };

    job.passes = passes_of_three(outputs);
    if (job.passes != 0) {
        job.entry = entry_of(steps, THREE_BYTES);
        q15_threes(&job);
    }
    job.passes = passes_of_two(outputs);
    if (job.passes != 0) {
        job.entry = entry_of(steps, TWO_BYTES);
        q15_twos(&job);
    }
}

void ps_fir_q15(const int16_t *taps, const int16_t *taps_odd, uint32_t length, const int16_t *x, int64_t *sum,
                uint32_t shift, uint32_t frames)
{
    q15_phase(taps, length, x, sum, shift, (frames + 1u) / 2u);
    q15_phase(taps_odd, length, x, sum + 1, shift, frames / 2u);
}

void ps_fir_q31(const int32_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                uint32_t frames)
{
    const uint32_t steps = length / 4u;
    job_t job = {.c = taps, .end = taps + length, .w = x, .sum = sum, .factor = 1u << shift};

    job.passes = passes_of_three(frames);
    if (job.passes != 0) {
        job.entry = entry_of(steps, THREE_BYTES);
        q31_threes(&job);
    }
    job.passes = passes_of_two(frames);
    if (job.passes != 0) {
        job.entry = entry_of(steps, TWO_BYTES);
        q31_twos(&job);
    }
}

static inline __attribute__((always_inline)) void q31x15_fours(job_t *job)
{
    DECLARE_REGISTERS;
    int32_t a0, a1, a2, a3;

    __asm volatile(PASSES(CLEAR_WORD(a0) CLEAR_WORD(a1) CLEAR_WORD(a2) CLEAR_WORD(a3), FOUR,
                          ADD_WORD(a0, 8) ADD_WORD(a1, 8) ADD_WORD(a2, 8) ADD_WORD(a3, 8), 16)
                   : [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), REGISTERS,
                     MEMORY:CONSTANTS
                   : "cc", "memory");
}

void ps_fir_q31x15(const int16_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                   uint32_t frames)
{
    job_t job = {
        .c = (const word_t *)taps,
        .end = (const word_t *)(taps + length),
        .w = x,
        .sum = sum,
        .factor = 1u << shift,
        .entry = entry_of(length / 4u, FOUR_BYTES),
        .passes = (frames + 3u) / 4u,
    };

    if (job.passes != 0) {
        q31x15_fours(&job);
    }
}

#endif
