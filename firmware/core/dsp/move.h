/*
 * Moves and shifts that compilers do worse. newlib's memmove() takes five times as many instructions. GCC
 * does not combine the loads of a loop, and shifts 64 bits for any count.
 */
#ifndef PS_MOVE_H
#define PS_MOVE_H

#include <stdint.h>

typedef int32_t __attribute__((may_alias)) ps_word_t;

/* Eight words, in Thumb-2. */
#define PS_EIGHT                                                                                             \
    "ldmia %[f]!, {r4, r5, r6, r8, r9, r10, r12, lr}\n\t"                                                    \
    "stmia %[t]!, {r4, r5, r6, r8, r9, r10, r12, lr}\n\t"
#define PS_MOVE(eights)                                                                                      \
    __asm volatile(eights                                                                                    \
                   : [f] "+r"(f), [t] "+r"(t)                                                                \
                   :                                                                                         \
                   : "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "memory")

/* Moves `words` words from `from` to `to`, which does not lie above it. They may overlap. */
static inline void ps_move_words(void *to, const void *from, uint32_t words)
{
    ps_word_t *t = (ps_word_t *)to;
    const ps_word_t *f = (const ps_word_t *)from;

#if defined(__thumb2__)
    for (; words >= 32u; words -= 32u) {
        PS_MOVE(PS_EIGHT PS_EIGHT PS_EIGHT PS_EIGHT);
    }
    for (; words >= 8u; words -= 8u) {
        PS_MOVE(PS_EIGHT);
    }
#endif
    for (; words != 0; words--) {
        *t++ = *f++;
    }
}

/* sum >> shift, 0 to 31, in two words: a 64-bit shift by a variable takes three times as many instructions.
 * The assembler's shift gives 0 for 32 bits, which C leaves undefined. */
static inline int32_t ps_low_word_of(int64_t sum, uint32_t shift)
{
    const uint32_t low = (uint32_t)sum;
    const uint32_t high = (uint32_t)((uint64_t)sum >> 32);

#if defined(__thumb2__)
    uint32_t upper;

    __asm("lsl %0, %1, %2" : "=r"(upper) : "r"(high), "r"(32u - shift));
    return (int32_t)(low >> shift | upper);
#else
    return (int32_t)(low >> shift | high << 1 << (31u - shift));
#endif
}

/* Four sums, in Thumb-2: the value is in each pair of registers. */
#define PS_FOUR_SUMS "stmia %[t]!, {r4, r5, r6, r8, r9, r10, r12, lr}\n\t"

/* Writes the value `count` times, rounded up to a multiple of 4. */
static inline void ps_fill_sums(int64_t *to, int64_t value, uint32_t count)
{
    const uint32_t fours = (count + 3u) / 4u;

#if defined(__thumb2__)
    uint32_t eights = fours / 2u;
    const uint32_t odd = fours % 2u;

    __asm volatile("mov r4, %[low]\n\tmov r5, %[high]\n\tmov r6, r4\n\tmov r8, r5\n\t"
                   "mov r9, r4\n\tmov r10, r5\n\tmov r12, r4\n\tmov lr, r5\n\t"
                   "cbz %[odd], 0f\n\t" PS_FOUR_SUMS "0:\n\t"
                   "cbz %[n], 2f\n"
                   "1:\n\t" PS_FOUR_SUMS PS_FOUR_SUMS "subs %[n], %[n], #1\n\t"
                   "bne 1b\n"
                   "2:"
                   : [t] "+r"(to), [n] "+l"(eights)
                   : [low] "r"((uint32_t)value), [high] "r"((uint32_t)((uint64_t)value >> 32)), [odd] "l"(odd)
                   : "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "cc", "memory");
#else
    for (uint32_t n = 0; n < 4u * fours; n++) {
        to[n] = value;
    }
#endif
}

#endif
