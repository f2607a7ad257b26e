/*
 * The filters of kernels.h for cores with the DSP extension (Cortex-M4, M7). LDM loads several samples
 * or taps in one instruction. No loop is left: each repeats a fixed number of times.
 */
#if defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)

#include "upmix/sizes.h"

    .syntax unified
    .thumb

    .equ HALF_WORD, 0x80000000 /* rounds a sum of 64 bits to its upper word */

.macro function name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
    .thumb_func
\name:
.endm

.macro leave name
    pop     {r4, r5, r6, r7, r8, r9, r10, r11, pc}
    .size \name, . - \name
.endm

/* ---- void ps_upmix_decimate(r0 low, r1 taps, r2 full)
 * Sums in r3:r4 (mid) and r5:r6 (side), four taps in r7 to r10, two pairs in r0, r11, r12 and lr */
.macro two_pairs first second
    ldmia   r2!, {r0, r11, r12, lr}
    smlal   r3, r4, \first, r0
    smlal   r5, r6, \first, r11
    smlal   r3, r4, \second, r12
    smlal   r5, r6, \second, lr
.endm

    function ps_upmix_decimate
    push    {r4, r5, r6, r7, r8, r9, r10, r11, lr}
    push    {r0}
    mov     r3, #HALF_WORD
    mov     r4, #0
    mov     r5, #HALF_WORD
    mov     r6, #0
    .rept PS_UPMIX_RATE_TAPS / 4
    ldmia   r1!, {r7, r8, r9, r10}
    two_pairs r7, r8
    two_pairs r9, r10
    .endr
    .rept PS_UPMIX_RATE_TAPS % 4
    ldr     r7, [r1], #4
    ldrd    r0, r11, [r2], #8
    smlal   r3, r4, r7, r0
    smlal   r5, r6, r7, r11
    .endr
    pop     {r0}
    strd    r4, r6, [r0]
    leave   ps_upmix_decimate

/* ---- void ps_upmix_filter_low(r0 centre, r1 taps, r2 oldest, r3 newest)
 * Sums in r4:r5 (before) and r6:r7 (after), a pair in r8 and r9, the four taps of a lag in r10 to r12 and lr */
.macro one_lag
    ldmia   r1!, {r10, r11, r12, lr}
    smlal   r4, r5, r10, r8
    smlal   r4, r5, r11, r9
    smlal   r6, r7, r12, r8
    smlal   r6, r7, lr, r9
.endm

    function ps_upmix_filter_low
    push    {r4, r5, r6, r7, r8, r9, r10, r11, lr}
    mov     r4, #HALF_WORD
    mov     r5, #0
    mov     r6, #HALF_WORD
    mov     r7, #0
    .rept PS_UPMIX_LOW_HALF - 1
    ldrd    r8, r9, [r2], #8
    ldrd    r10, r11, [r3], #-8
    add     r8, r8, r10
    add     r9, r9, r11
    one_lag
    .endr
    ldrd    r8, r9, [r2]
    one_lag
    strd    r5, r7, [r0]
    leave   ps_upmix_filter_low

/* ---- void ps_upmix_interpolate(r0 sums, r1 phases, r2 newest)
 * Sums of four phases in r4 to r11, a sample in r3, two taps in r12 and lr */
#if PS_UPMIX_DECIMATION != 4
#error "ps_upmix_interpolate() has four sums"
#endif

    function ps_upmix_interpolate
    push    {r4, r5, r6, r7, r8, r9, r10, r11, lr}
    ldmia   r0, {r4, r5, r6, r7, r8, r9, r10, r11}
    .rept PS_UPMIX_PHASE_TAPS
    ldr     r3, [r2], #-4
    ldrd    r12, lr, [r1], #8
    smlal   r4, r5, r12, r3
    smlal   r6, r7, lr, r3
    ldrd    r12, lr, [r1], #8
    smlal   r8, r9, r12, r3
    smlal   r10, r11, lr, r3
    .endr
    stmia   r0, {r4, r5, r6, r7, r8, r9, r10, r11}
    leave   ps_upmix_interpolate

#endif
