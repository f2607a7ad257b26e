/*
 * Moving and filling buffers of whole words: newlib's memmove() takes five times as many instructions, and
 * GCC does not combine a loop's loads.
 */
#ifndef PS_MOVE_H
#define PS_MOVE_H

#include <stdint.h>

typedef int32_t __attribute__((may_alias)) ps_word_t;

/* `words` words from `from` to `to`, which does not lie above it; they may overlap. */
static inline void ps_move_words(void *to, const void *from, uint32_t words)
{
    ps_word_t *t = (ps_word_t *)to;
    const ps_word_t *f = (const ps_word_t *)from;

#if defined(__thumb2__)
    for (; words >= 8u; words -= 8u) {
        __asm volatile("ldmia %[f]!, {r4, r5, r6, r8, r9, r10, r12, lr}\n\t"
                       "stmia %[t]!, {r4, r5, r6, r8, r9, r10, r12, lr}"
                       : [f] "+r"(f), [t] "+r"(t)
                       :
                       : "r4", "r5", "r6", "r8", "r9", "r10", "r12", "lr", "memory");
    }
#endif
    for (; words != 0; words--) {
        *t++ = *f++;
    }
}

/* `count` times the value, rounded up to fours. */
static inline void ps_fill_sums(int64_t *to, int64_t value, uint32_t count)
{
#if defined(__thumb2__)
    for (uint32_t n = 0; n < count; n += 4u) {
        __asm volatile("mov r4, %Q[v]\n\tmov r5, %R[v]\n\tmov r6, r4\n\tmov r8, r5\n\t"
                       "stmia %[t]!, {r4, r5, r6, r8}\n\tstmia %[t]!, {r4, r5, r6, r8}"
                       : [t] "+r"(to)
                       : [v] "r"(value)
                       : "r4", "r5", "r6", "r8", "memory");
    }
#else
    for (uint32_t n = 0; n < count; n++) {
        to[n] = value;
    }
#endif
}

#endif
