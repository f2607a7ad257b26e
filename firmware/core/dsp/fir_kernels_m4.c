/*
 * The kernels for cores with the DSP extension (Cortex-M4, M7): several outputs at once, so that a word that
 * is loaded serves several products.
 *
 * The loops are assembly: written with intrinsics, GCC 12 splits multiple loads and spills registers in the
 * loop, which takes half as many instructions again. LDM loads registers in the order of their numbers, so
 * they are named here: r0 to r5 accumulate, r6 to r8 hold samples, r9 to r11 coefficients, r12 and lr point.
 * A turn loads as many coefficients as it has outputs; the products of the newer half of the samples come
 * first, those of coefficients that reach into the next samples after these have been loaded: all registers
 * of one kind are free at once. A loop is unrolled sixteen times and entered in the middle where the taps do
 * not fill it: every instruction in it is four bytes long.
 */
#include "dsp/fir_kernels.h"

#if defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)

#define UNROLLED 16u

typedef int32_t __attribute__((may_alias)) word_t;

/*
 * What a kernel's assembly works on, in memory: registers are for the loop. `sum` and `w` move on by
 * themselves.
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

static inline uint32_t entry_of(uint32_t turns, uint32_t bytes_per_turn)
{
    return (UNROLLED - 1u - (turns - 1u) % UNROLLED) * bytes_per_turn | 1u;
}

/* clang-format off */

#define A0 "r0, r1"
#define A1 "r2, r3"
#define A2 "r4, r5"
#define W0 "r6"
#define W1 "r7"
#define W2 "r8"
#define C0 "r9"
#define C1 "r10"
#define C2 "r11"
#define LOAD_C "ldmia.w r12!, {r9, r10, r11}\n\t"
#define LOAD_W "ldmia.w lr!, {r6, r7, r8}\n\t"

/*
 * A word of samples and a word of coefficients, into a 64-bit accumulator: SMLAL for one product of 32 bits, SMLALD
 * for two of 16. `op` is the one or the other.
 */
#define MAC(op, a, c, w) op " " a ", " c ", " w "\n\t"

/* Three words of coefficients on three outputs a word apart: 11 instructions for 9 multiply-accumulates. */
#define THREE(op)                                               \
    LOAD_C                                                      \
    MAC(op, A0, C0, W0) MAC(op, A0, C1, W1) MAC(op, A0, C2, W2) \
    MAC(op, A1, C0, W1) MAC(op, A1, C1, W2) MAC(op, A2, C0, W2) \
    LOAD_W                                                      \
    MAC(op, A1, C2, W0) MAC(op, A2, C1, W0) MAC(op, A2, C2, W1)
#define THREE_BYTES 44u

/* The same on two outputs: 8 instructions for 6. */
#define TWO(op)                                                 \
    LOAD_C                                                      \
    MAC(op, A0, C0, W0) MAC(op, A0, C1, W1) MAC(op, A0, C2, W2) \
    MAC(op, A1, C0, W1) MAC(op, A1, C1, W2)                     \
    LOAD_W                                                      \
    MAC(op, A1, C2, W0)
#define TWO_BYTES 32u

#define SIXTEEN(turn) turn turn turn turn turn turn turn turn turn turn turn turn turn turn turn turn

/* sum[0] += acc << shift; the sum then points `next` bytes further. */
#define ADD_SHIFTED(low, high, next)        \
    "ldrd   r6, r7, [r9]\n\t"               \
    "umlal  r6, r7, " low ", r10\n\t"       \
    "mla    r7, " high ", r10, r7\n\t"      \
    "strd   r6, r7, [r9], #" next "\n\t"
#define ADD_WORD(acc)                       \
    "ldrd   r6, r7, [r9]\n\t"               \
    "smlal  r6, r7, " acc ", r10\n\t"       \
    "strd   r6, r7, [r9], #8\n\t"

#define CLEAR(acc) "mov    " acc ", #0\n\t"
/* Three, or two, accumulators that start from the sums and go back there. */
#define TAKE_3(a, b)                        \
    "ldr    r9, %[sum]\n\t"                 \
    "ldrd   r0, r1, [r9]\n\t"               \
    "ldrd   r2, r3, [r9, #" a "]\n\t"       \
    "ldrd   r4, r5, [r9, #" b "]\n\t"
#define GIVE_3(next)                        \
    "strd   r0, r1, [r9], #" next "\n\t"    \
    "strd   r2, r3, [r9], #" next "\n\t"    \
    "strd   r4, r5, [r9], #" next "\n\t"
#define TAKE_2(a)                           \
    "ldr    r9, %[sum]\n\t"                 \
    "ldrd   r0, r1, [r9]\n\t"               \
    "ldrd   r2, r3, [r9, #" a "]\n\t"
#define GIVE_2(next)                        \
    "strd   r0, r1, [r9], #" next "\n\t"    \
    "strd   r2, r3, [r9], #" next "\n\t"
/* Accumulators that start from 0, and are shifted before they are added. */
#define CLEAR_2 CLEAR("r0") CLEAR("r1") CLEAR("r2") CLEAR("r3")
#define CLEAR_3 CLEAR_2 CLEAR("r4") CLEAR("r5")
#define ADD_2(next) "ldr    r10, %[factor]\n\t" ADD_SHIFTED("r0", "r1", next) ADD_SHIFTED("r2", "r3", next)
#define ADD_3(next) ADD_2(next) ADD_SHIFTED("r4", "r5", next)

/* All passes of a job: each runs the turns over all taps and moves on. */
#define PASSES(begin, load, turn, finish, advance) \
    "ldr    r9, %[entry]\n\t"               \
    "adr.w  r10, 2f\n\t"                    \
    "add    r9, r9, r10\n\t"                \
    "str    r9, %[entry]\n\t"               \
    "ldr    lr, %[start]\n"                 \
    "1:\n\t"                                \
    begin                                   \
    "ldr    r12, %[taps]\n\t"               \
    "ldr    r9, %[entry]\n\t"               \
    load                                    \
    "bx     r9\n\t"                         \
    ".balign 4\n"                           \
    "2:\n\t"                                \
    SIXTEEN(turn)                           \
    "ldr    r9, %[end]\n\t"                 \
    "cmp    r12, r9\n\t"                    \
    "bne    2b\n\t"                         \
    "ldr    r9, %[sum]\n\t"                 \
    finish                                  \
    "str    r9, %[sum]\n\t"                 \
    "ldr    lr, %[start]\n\t"               \
    "add    lr, lr, #" advance "\n\t"       \
    "str    lr, %[start]\n\t"               \
    "ldr    r9, %[passes]\n\t"              \
    "subs   r9, r9, #1\n\t"                 \
    "str    r9, %[passes]\n\t"              \
    "bne    1b"

/* clang-format on */

/* Inline, so that the job lies on the caller's stack: there is no register left to point at it. */
#define DEFINE_PASSES(name, begin, load, turn, finish, advance)                                              \
    static inline __attribute__((always_inline)) void name(job_t *job)                                       \
    {                                                                                                        \
        __asm volatile(PASSES(begin, load, turn, finish, advance)                                            \
                       : [start] "+m"(job->w), [sum] "+m"(job->sum), [entry] "+m"(job->entry),               \
                         [passes] "+m"(job->passes)                                                          \
                       : [taps] "m"(job->c), [end] "m"(job->end), [factor] "m"(job->factor)                  \
                       : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12",    \
                         "lr", "cc", "memory");                                                              \
    }

/* Every other output: those lie whole words of samples apart. */
DEFINE_PASSES(q15_threes, TAKE_3("16", "32"), LOAD_W, THREE("smlald"), GIVE_3("16"), "12")
DEFINE_PASSES(q15_twos, TAKE_2("16"), LOAD_W, TWO("smlald"), GIVE_2("16"), "8")
DEFINE_PASSES(q15_shifted_threes, CLEAR_3, LOAD_W, THREE("smlald"), ADD_3("16"), "12")
DEFINE_PASSES(q15_shifted_twos, CLEAR_2, LOAD_W, TWO("smlald"), ADD_2("16"), "8")
DEFINE_PASSES(q31_threes, TAKE_3("8", "16"), LOAD_W, THREE("smlal"), GIVE_3("8"), "12")
DEFINE_PASSES(q31_twos, TAKE_2("8"), LOAD_W, TWO("smlal"), GIVE_2("8"), "8")
DEFINE_PASSES(q31_first_threes, CLEAR_3, LOAD_W, THREE("smlal"), GIVE_3("8"), "12")
DEFINE_PASSES(q31_first_twos, CLEAR_2, LOAD_W, TWO("smlal"), GIVE_2("8"), "8")

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

static void q15_phase(const int16_t *taps, uint32_t length, const int16_t *x, int64_t *sum, uint32_t shift,
                      uint32_t outputs)
{
    const uint32_t turns = (length + 5u) / 6u;
    job_t job = {
        .c = (const word_t *)taps,
        .end = (const word_t *)(taps + 6u * turns),
        .w = (const word_t *)x,
        .sum = sum,
        .factor = 1u << shift,
    };

    job.passes = passes_of_three(outputs);
    if (job.passes != 0) {
        job.entry = entry_of(turns, THREE_BYTES);
        if (shift == 0) {
            q15_threes(&job);
        } else {
            q15_shifted_threes(&job);
        }
    }
    job.passes = passes_of_two(outputs);
    if (job.passes != 0) {
        job.entry = entry_of(turns, TWO_BYTES);
        if (shift == 0) {
            q15_twos(&job);
        } else {
            q15_shifted_twos(&job);
        }
    }
}

void ps_fir_q15(const int16_t *taps, const int16_t *taps_odd, uint32_t length, const int16_t *x, int64_t *sum,
                uint32_t shift, uint32_t frames)
{
    q15_phase(taps, length, x, sum, shift, (frames + 1u) / 2u);
    q15_phase(taps_odd, length, x, sum + 1, shift, frames / 2u);
}

void ps_fir_q31_parts(const int32_t *taps, uint32_t taps_apart, uint32_t length, const int32_t *x,
                      uint32_t x_apart, int64_t *sum, uint32_t sums_apart, uint32_t parts, uint32_t frames,
                      bool begin)
{
    const uint32_t turns = (length + 2u) / 3u;
    const uint32_t threes = passes_of_three(frames);
    const uint32_t twos = passes_of_two(frames);
    job_t job = {.factor = 1u};

    for (; parts != 0; parts--, taps += taps_apart, x += x_apart, sum += sums_apart) {
        job.c = taps;
        job.end = taps + 3u * turns;
        job.w = x;
        job.sum = sum;
        if (threes != 0) {
            job.passes = threes;
            job.entry = entry_of(turns, THREE_BYTES);
            if (begin) {
                q31_first_threes(&job);
            } else {
                q31_threes(&job);
            }
        }
        if (twos != 0) {
            job.passes = twos;
            job.entry = entry_of(turns, TWO_BYTES);
            if (begin) {
                q31_first_twos(&job);
            } else {
                q31_twos(&job);
            }
        }
    }
}

void ps_fir_q31(const int32_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t frames)
{
    ps_fir_q31_parts(taps, 0, length, x, 0, sum, 0, 1u, frames, false);
}

/* clang-format off */

/* One instruction of a Q0.31 sample and either half of a word of two Q0.15 coefficients, >> 16, into 32 bits. */
#define LOW(a, c, w)  "smlawb " a ", " w ", " c ", " a "\n\t"
#define HIGH(a, c, w) "smlawt " a ", " w ", " c ", " a "\n\t"

/* Four coefficients on four outputs, r0 to r3, of samples in r4 to r7: 18 instructions for 16 multiply-accumulates. */
#define LOAD_FOUR "ldmia.w lr!, {r4, r5, r6, r7}\n\t"
#define FOUR                                                                                \
    "ldrd   r8, r9, [r12], #8\n\t"                                                          \
    LOW("r0", "r8", "r4") HIGH("r0", "r8", "r5") LOW("r0", "r9", "r6") HIGH("r0", "r9", "r7") \
    LOW("r1", "r8", "r5") HIGH("r1", "r8", "r6") LOW("r1", "r9", "r7")                       \
    LOW("r2", "r8", "r6") HIGH("r2", "r8", "r7") LOW("r3", "r8", "r7")                       \
    LOAD_FOUR                                                                               \
    HIGH("r1", "r9", "r4") LOW("r2", "r9", "r4") HIGH("r2", "r9", "r5")                      \
    HIGH("r3", "r8", "r4") LOW("r3", "r9", "r5") HIGH("r3", "r9", "r6")
#define FOUR_BYTES 72u

/* clang-format on */

DEFINE_PASSES(q31x15_fours, CLEAR_2, LOAD_FOUR, FOUR,
              "ldr    r10, %[factor]\n\t" ADD_WORD("r0") ADD_WORD("r1") ADD_WORD("r2") ADD_WORD("r3"), "16")

void ps_fir_q31x15(const int16_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                   uint32_t frames)
{
    const uint32_t turns = (length + 3u) / 4u;
    job_t job = {
        .c = (const word_t *)taps,
        .end = (const word_t *)(taps + 4u * turns),
        .w = x,
        .sum = sum,
        .factor = 1u << shift,
        .entry = entry_of(turns, FOUR_BYTES),
        .passes = (frames + 3u) / 4u,
    };

    if (job.passes != 0) {
        q31x15_fours(&job);
    }
}

#endif
