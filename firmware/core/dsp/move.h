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
 */
static inline int32_t ps_low_word_of(int64_t sum, uint32_t shift)
{
    return (int32_t)((uint32_t)sum >> shift | (uint32_t)((uint64_t)sum >> 32) << 1 << (31u - shift));
}

/* Writes the value `count` times, rounded up to a multiple of 4. */
static inline void ps_fill_sums(int64_t *to, int64_t value, uint32_t count)
{
#if defined(__thumb2__)
    register uint32_t a __asm("r4") = (uint32_t)value;
    register uint32_t b __asm("r5") = (uint32_t)((uint64_t)value >> 32);
    register uint32_t c __asm("r6") = a;
    register uint32_t d __asm("r8") = b;

    for (uint32_t fours = (count + 3u) / 4u; fours != 0; fours--) {
        __asm volatile("stmia %[t]!, {r4, r5, r6, r8}\n\tstmia %[t]!, {r4, r5, r6, r8}"
                       : [t] "+r"(to)
                       : "r"(a), "r"(b), "r"(c), "r"(d)
                       : "memory");
    }
#else
    for (uint32_t n = 0; n < (count + 3u) / 4u * 4u; n++) {
        to[n] = value;
    }
#endif
}

#endif
