/*
 * The kernels for cores with the DSP extension (Cortex-M4, M7): several outputs at once, so that a word that
 * is loaded serves several products.
 *
 * The loops are assembly: written with intrinsics, GCC 12 splits every double load in two and spills a
 * register in the loop (0.97 instead of 0.66 instructions a tap in q15). The order of the instructions keeps
 * all operands in the 14 registers that there are: a sample's register is loaded anew as soon as its last
 * product is done.
 */
#include "fir_kernels.h"

#if defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)

/* sum += a * factor in 64 bits; C would do, but GCC 12 takes seven instructions for these three. */
static inline void add_to(int64_t *sum, int32_t a, int32_t factor)
{
    int64_t total;

    __asm("ldrd   %Q[total], %R[total], %[sum]\n\t"
          "smlal  %Q[total], %R[total], %[a], %[factor]\n\t"
          "strd   %Q[total], %R[total], %[sum]"
          : [total] "=&r"(total), [sum] "+o"(*sum)
          : [a] "r"(a), [factor] "r"(factor));
}

/* clang-format off */

/* One word of two coefficients on four outputs that lie two samples apart. */
#define SMLAD(a, c, w) "smlad  %[" #a "], %[" #c "], %[" #w "], %[" #a "]\n\t"

/* Eight taps of four outputs: 22 instructions for 32 products, the loop's own aside. */
#define Q15_TURN                                        \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"               \
    SMLAD(a0, c0, w0) SMLAD(a0, c1, w1) SMLAD(a1, c0, w1) \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"               \
    SMLAD(a1, c1, w2) SMLAD(a2, c0, w2) SMLAD(a2, c1, w3) \
    SMLAD(a3, c0, w3) SMLAD(a3, c1, w0)                 \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"               \
    SMLAD(a0, c0, w2) SMLAD(a0, c1, w3) SMLAD(a1, c0, w3) \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"               \
    SMLAD(a1, c1, w0) SMLAD(a2, c0, w0) SMLAD(a2, c1, w1) \
    SMLAD(a3, c0, w1) SMLAD(a3, c1, w2)

#define SMLAWB(a, c, w) "smlawb %[" #a "], %[" #w "], %[" #c "], %[" #a "]\n\t"
#define SMLAWT(a, c, w) "smlawt %[" #a "], %[" #w "], %[" #c "], %[" #a "]\n\t"

/* Four taps of four outputs that follow each other: 19 instructions for 16 products. */
#define Q31X15_HALF_TURN                                    \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"                   \
    SMLAWB(a0, c0, w0) SMLAWT(a0, c0, w1) SMLAWB(a1, c0, w1) \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"                   \
    SMLAWB(a0, c1, w2) SMLAWT(a1, c0, w2) SMLAWB(a2, c0, w2) \
    SMLAWT(a0, c1, w3) SMLAWB(a1, c1, w3) SMLAWT(a2, c0, w3) \
    SMLAWB(a3, c0, w3)                                      \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"                   \
    SMLAWT(a1, c1, w0) SMLAWB(a2, c1, w0) SMLAWT(a3, c0, w0) \
    SMLAWT(a2, c1, w1) SMLAWB(a3, c1, w1) SMLAWT(a3, c1, w2)

#define SMLAL(a, c, w) "smlal  %Q[" #a "], %R[" #a "], %[" #c "], %[" #w "]\n\t"

/* Four taps of three outputs that follow each other: 16 instructions for 12 products. */
#define Q31_THREE                                       \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"               \
    SMLAL(a0, c0, w0) SMLAL(a0, c1, w1) SMLAL(a1, c0, w1) \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"               \
    SMLAL(a1, c1, w2) SMLAL(a2, c0, w2) SMLAL(a2, c1, w3) \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"               \
    SMLAL(a0, c0, w2) SMLAL(a0, c1, w3) SMLAL(a1, c0, w3) \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"               \
    SMLAL(a1, c1, w0) SMLAL(a2, c0, w0) SMLAL(a2, c1, w1)

/* The same of two outputs: 12 instructions for 8 products. */
#define Q31_TWO                                         \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"               \
    SMLAL(a0, c0, w0) SMLAL(a0, c1, w1) SMLAL(a1, c0, w1) \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"               \
    SMLAL(a1, c1, w2)                                   \
    "ldrd   %[c0], %[c1], [%[c]], #8\n\t"               \
    SMLAL(a0, c0, w2) SMLAL(a0, c1, w3) SMLAL(a1, c0, w3) \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"               \
    SMLAL(a1, c1, w0)

/* All turns: first those that are not a whole long turn, then the long ones. The counts are in memory. */
#define COUNT_DOWN(turns, label)                        \
    "ldr    %[c0], %[" #turns "]\n\t"                   \
    "subs   %[c0], %[c0], #1\n\t"                       \
    "str    %[c0], %[" #turns "]\n\t"                   \
    "bne    " #label "b\n\t"
#define SKIP_IF_NONE(turns, label)                      \
    "ldr    %[c0], %[" #turns "]\n\t"                   \
    "cmp    %[c0], #0\n\t"                              \
    "beq    " #label "f\n\t"
#define Q31_START                                       \
    "ldrd   %[w0], %[w1], [%[w]], #8\n\t"               \
    "ldrd   %[w2], %[w3], [%[w]], #8\n\t"
#define EIGHT(half) half half half half half half half half
#define Q31_TURNS(half)                                 \
    SKIP_IF_NONE(turns, 2)                              \
    "1:\n\t" half half COUNT_DOWN(turns, 1)             \
    "2:\n\t" SKIP_IF_NONE(long_turns, 4)                \
    "3:\n\t" EIGHT(half) EIGHT(half) COUNT_DOWN(long_turns, 3) \
    "4:"

/* Runs a turn as often as `turns` says, at least once; the count is in a register. */
#define LOOP(turn)                      \
    "1:\n\t" turn                       \
    "subs   %[turns], %[turns], #1\n\t" \
    "bne    1b"

#define LOOP_OPERANDS                                                                        \
    [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [a3] "+r"(a3), [w0] "+r"(w0), [w1] "+r"(w1), \
    [w2] "+r"(w2), [w3] "+r"(w3), [c0] "=&r"(c0), [c1] "=&r"(c1), [c] "+r"(c), [w] "+r"(w), [turns] "+r"(turns)

/* clang-format on */

typedef int32_t __attribute__((may_alias)) word_t;

static inline void q15_outputs(const int16_t *taps, uint32_t length, const int16_t *x, int64_t *sum,
                               int32_t factor)
{
    const word_t *c = (const word_t *)taps;
    const word_t *w = (const word_t *)x;
    int32_t w0 = *w++;
    int32_t w1 = *w++;
    int32_t w2 = *w++;
    int32_t w3 = *w++;
    int32_t a0 = 0;
    int32_t a1 = 0;
    int32_t a2 = 0;
    int32_t a3 = 0;
    int32_t c0;
    int32_t c1;
    uint32_t turns = 1;

    if (length & PS_FIR_TAPS) {
        __asm volatile(Q15_TURN:LOOP_OPERANDS : : "cc", "memory");
    }
    turns = length / (2u * PS_FIR_TAPS);
    if (turns != 0) {
        __asm volatile(LOOP(Q15_TURN Q15_TURN) : LOOP_OPERANDS : : "cc", "memory");
    }
    add_to(&sum[0], a0, factor);
    add_to(&sum[2], a1, factor);
    add_to(&sum[4], a2, factor);
    add_to(&sum[6], a3, factor);
}

void ps_fir_q15(const int16_t *taps, const int16_t *taps_odd, uint32_t length, const int16_t *x, int64_t *sum,
                uint32_t shift, uint32_t frames)
{
    const int32_t factor = 1 << shift;

    for (uint32_t n = 0; n < frames; n += 8) {
        q15_outputs(taps, length, x + n, sum + n, factor);
        q15_outputs(taps_odd, length, x + n, sum + n + 1, factor);
    }
}

void ps_fir_q31x15(const int16_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                   uint32_t frames)
{
    const int32_t factor = 1 << shift;

    for (uint32_t n = 0; n < frames; n += 4) {
        const word_t *c = (const word_t *)taps;
        const word_t *w = (const word_t *)(x + n);
        int32_t w0 = *w++;
        int32_t w1 = *w++;
        int32_t w2 = *w++;
        int32_t w3 = *w++;
        int32_t a0 = 0;
        int32_t a1 = 0;
        int32_t a2 = 0;
        int32_t a3 = 0;
        int32_t c0;
        int32_t c1;
        uint32_t turns = length / PS_FIR_TAPS;

        __asm volatile(LOOP(Q31X15_HALF_TURN Q31X15_HALF_TURN) : LOOP_OPERANDS : : "cc", "memory");
        add_to(&sum[n], a0, factor);
        add_to(&sum[n + 1], a1, factor);
        add_to(&sum[n + 2], a2, factor);
        add_to(&sum[n + 3], a3, factor);
    }
}

/*
 * Three 64-bit accumulators, four samples, two coefficients and two pointers are all the registers: the
 * counts of turns are kept in memory, and a turn is long.
 */
static inline void q31_three(const int32_t *c, uint32_t length, const int32_t *w, int64_t *sum,
                             int32_t factor)
{
    int64_t a0 = 0;
    int64_t a1 = 0;
    int64_t a2 = 0;
    int32_t w0, w1, w2, w3, c0, c1;
    uint32_t turns = length / PS_FIR_TAPS % 8u;
    uint32_t long_turns = length / (8u * PS_FIR_TAPS);

    __asm volatile(Q31_START Q31_TURNS(Q31_THREE)
                   : [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [w0] "=&r"(w0), [w1] "=&r"(w1),
                     [w2] "=&r"(w2), [w3] "=&r"(w3), [c0] "=&r"(c0), [c1] "=&r"(c1), [c] "+r"(c), [w] "+r"(w),
                     [turns] "+m"(turns), [long_turns] "+m"(long_turns)
                   :
                   : "cc", "memory");
    add_to(&sum[0], (int32_t)(a0 >> 31), factor);
    add_to(&sum[1], (int32_t)(a1 >> 31), factor);
    add_to(&sum[2], (int32_t)(a2 >> 31), factor);
}

static inline void q31_two(const int32_t *c, uint32_t length, const int32_t *w, int64_t *sum, int32_t factor)
{
    int64_t a0 = 0;
    int64_t a1 = 0;
    int32_t w0, w1, w2, w3, c0, c1;
    uint32_t turns = length / PS_FIR_TAPS % 8u;
    uint32_t long_turns = length / (8u * PS_FIR_TAPS);

    __asm volatile(Q31_START Q31_TURNS(Q31_TWO)
                   : [a0] "+r"(a0), [a1] "+r"(a1), [w0] "=&r"(w0), [w1] "=&r"(w1), [w2] "=&r"(w2),
                     [w3] "=&r"(w3), [c0] "=&r"(c0), [c1] "=&r"(c1), [c] "+r"(c), [w] "+r"(w),
                     [turns] "+m"(turns), [long_turns] "+m"(long_turns)
                   :
                   : "cc", "memory");
    add_to(&sum[0], (int32_t)(a0 >> 31), factor);
    add_to(&sum[1], (int32_t)(a1 >> 31), factor);
}

void ps_fir_q31(const int32_t *taps, uint32_t length, const int32_t *x, int64_t *sum, uint32_t shift,
                uint32_t frames)
{
    const int32_t factor = 1 << shift;
    /* Threes as far as they go without a single one left over; then twos. */
    const uint32_t twos = frames % 3u == 1u ? (frames > 1u ? 4u : 1u) : frames % 3u;
    uint32_t n = 0;

    for (; n < frames - twos; n += 3) {
        q31_three(taps, length, x + n, sum + n, factor);
    }
    for (; n < frames; n += 2) {
        q31_two(taps, length, x + n, sum + n, factor);
    }
}

#endif
