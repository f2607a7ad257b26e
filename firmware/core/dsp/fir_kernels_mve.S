/*
 * The kernels of fir_kernels.h for Helium (Cortex-M55): eight 16-bit or four 32-bit products an instruction.
 * Vectors may start on any sample, so outputs of odd number need no table of their own.
 *
 * A group is four outputs. Outputs a whole vector apart share the vectors of samples: one load of samples and
 * one of coefficients serve four instructions of products. The outputs that are left, fewer than four vectors,
 * lie one sample apart and load four vectors of samples.
 *
 * In the loops, r4 to r11 accumulate. r0 points at coefficients, r1 at samples. q0 to q3 hold samples and q4
 * coefficients.
 */
#if defined(__ARM_FEATURE_MVE)

    .syntax unified
    .thumb

/* What a kernel keeps on the stack, by offset from sp */
    .equ X, 0         /* samples of the next group */
    .equ SUM, 4       /* sums of the next group */
    .equ TAPS, 8      /* coefficients */
    .equ VECTORS, 12  /* vectors of coefficients */
    .equ FOURS, 16    /* the same in fours */
    .equ REST, 20     /* and what is left of them, 0 to 3 */
    .equ BLOCKS, 24   /* of four vectors of outputs: how many are left */
    .equ GROUPS, 28   /* of the block: how many are left */
    .equ ADJACENT, 32 /* groups whose outputs are one sample apart: how many are left */
    .equ LOCALS, 40
    .equ ARGUMENTS, LOCALS + 16 + 36 /* behind d8, d9 and nine registers */

.macro function name
    .section .text.\name, "ax", %progbits
    .balign 4
    .global \name
    .type \name, %function
    .thumb_func
\name:
.endm

.macro enter
    push    {r4, r5, r6, r7, r8, r9, r10, r11, lr}
    vpush   {d8, d9}
    sub     sp, sp, #LOCALS
.endm

.macro leave name
    add     sp, sp, #LOCALS
    vpop    {d8, d9}
    pop     {r4, r5, r6, r7, r8, r9, r10, r11, pc}
    .size \name, . - \name
.endm

/* ---- For vectors of `lanes` elements of `bytes` bytes. `load` and `type` are those of the elements. */

/* One vector of coefficients on outputs a vector apart, whose samples begin in q\a to q\d; q\d is loaded. */
.macro apart_step load type a b c d
    \load   q4, [r0], #16
    \load   q\d, [r1], #16
    vmlaldava.\type r4, r5, q4, q\a
    vmlaldava.\type r6, r7, q4, q\b
    vmlaldava.\type r8, r9, q4, q\c
    vmlaldava.\type r10, r11, q4, q\d
.endm

.macro apart_products load type
    \load   q0, [r1], #16
    \load   q1, [r1], #16
    \load   q2, [r1], #16
    ldr     lr, [sp, #FOURS]
    wls     lr, lr, 2f
1:
    apart_step \load, \type, 0, 1, 2, 3
    apart_step \load, \type, 1, 2, 3, 0
    apart_step \load, \type, 2, 3, 0, 1
    apart_step \load, \type, 3, 0, 1, 2
    le      lr, 1b
2:
    ldr     r2, [sp, #REST]
    cbz     r2, 3f
    apart_step \load, \type, 0, 1, 2, 3
    subs    r2, r2, #1
    beq     3f
    apart_step \load, \type, 1, 2, 3, 0
    subs    r2, r2, #1
    beq     3f
    apart_step \load, \type, 2, 3, 0, 1
3:
.endm

/* All coefficients on outputs one sample apart */
.macro adjacent_products load type bytes
    ldr     lr, [sp, #VECTORS]
    wls     lr, lr, 2f
1:
    \load   q4, [r0], #16
    \load   q1, [r1, #\bytes]
    \load   q2, [r1, #2 * \bytes]
    \load   q3, [r1, #3 * \bytes]
    \load   q0, [r1], #16
    vmlaldava.\type r4, r5, q4, q0
    vmlaldava.\type r6, r7, q4, q1
    vmlaldava.\type r8, r9, q4, q2
    vmlaldava.\type r10, r11, q4, q3
    le      lr, 1b
2:
.endm

/* ---- Sums of a group, `gap` bytes from one to the next */

/* q15: begin at 0, and are shifted at the end */
.macro begin_q15 gap
    mov     r4, #0
    mov     r5, #0
    mov     r6, #0
    mov     r7, #0
    mov     r8, #0
    mov     r9, #0
    mov     r10, #0
    mov     r11, #0
.endm

.macro add_shifted low high at
    lsll    \low, \high, r0
    ldrd    r2, r3, [r1, #\at]
    adds    r2, r2, \low
    adc     r3, r3, \high
    strd    r2, r3, [r1, #\at]
.endm

.macro end_q15 gap
    ldr     r0, [sp, #Q15_SHIFT]
    ldr     r1, [sp, #SUM]
    add_shifted r4, r5, 0
    add_shifted r6, r7, \gap
    add_shifted r8, r9, (2 * \gap)
    add_shifted r10, r11, (3 * \gap)
.endm

/* q31: go on from the sums as they are */
.macro begin_q31 gap
    ldr     r2, [sp, #SUM]
    ldrd    r4, r5, [r2]
    ldrd    r6, r7, [r2, #\gap]
    ldrd    r8, r9, [r2, #2 * \gap]
    ldrd    r10, r11, [r2, #3 * \gap]
.endm

.macro end_q31 gap
    ldr     r1, [sp, #SUM]
    strd    r4, r5, [r1]
    strd    r6, r7, [r1, #\gap]
    strd    r8, r9, [r1, #2 * \gap]
    strd    r10, r11, [r1, #3 * \gap]
.endm

/* ---- All outputs. r0 holds the coefficients, r1 their number, r2 the samples, r3 the sums, r12 the number of
 * outputs. `log2_lanes` is that of the elements in a vector. */
.macro advance samples sums count
    ldrd    r2, r3, [sp, #X]
    add     r2, r2, #\samples
    add     r3, r3, #\sums
    strd    r2, r3, [sp, #X]
    ldr     r2, [sp, #\count]
    subs    r2, r2, #1
    str     r2, [sp, #\count]
.endm

.macro all_outputs format load type bytes log2_lanes
    .equ LANES_\format, 1 << \log2_lanes
    strd    r2, r3, [sp, #X]
    str     r0, [sp, #TAPS]
    add     r1, r1, #LANES_\format - 1
    lsr     r1, r1, #\log2_lanes
    str     r1, [sp, #VECTORS]
    and     r2, r1, #3
    str     r2, [sp, #REST]
    lsr     r1, r1, #2
    str     r1, [sp, #FOURS]
    and     r2, r12, #4 * LANES_\format - 1
    add     r2, r2, #3
    lsr     r2, r2, #2
    str     r2, [sp, #ADJACENT]
    lsrs    r12, r12, #2 + \log2_lanes
    str     r12, [sp, #BLOCKS]
    beq     .Ladjacent_\format
.Lblock_\format:
    mov     r2, #LANES_\format
    str     r2, [sp, #GROUPS]
.Lgroup_\format:
    ldr     r0, [sp, #TAPS]
    ldr     r1, [sp, #X]
    begin_\format 8 * LANES_\format
    apart_products \load, \type
    end_\format 8 * LANES_\format
    advance \bytes, 8, GROUPS
    bne     .Lgroup_\format
    advance 3 * 16, 3 * 8 * LANES_\format, BLOCKS
    bne     .Lblock_\format
.Ladjacent_\format:
    ldr     r2, [sp, #ADJACENT]
    cmp     r2, #0
    beq     .Ldone_\format
.Lnext_\format:
    ldr     r0, [sp, #TAPS]
    ldr     r1, [sp, #X]
    begin_\format 8
    adjacent_products \load, \type, \bytes
    end_\format 8
    advance 4 * \bytes, 4 * 8, ADJACENT
    bne     .Lnext_\format
.Ldone_\format:
.endm

/* ---- void ps_fir_q15(r0 taps, r1 taps_odd, r2 length, r3 x, sum, shift, frames) */
    .equ Q15_SUM, ARGUMENTS
    .equ Q15_SHIFT, ARGUMENTS + 4
    .equ Q15_FRAMES, ARGUMENTS + 8

    function ps_fir_q15
    enter
    mov     r1, r2
    mov     r2, r3
    ldr     r3, [sp, #Q15_SUM]
    ldr     r12, [sp, #Q15_FRAMES]
    all_outputs q15, vldrh.u16, s16, 2, 3
    leave   ps_fir_q15

/* ---- void ps_fir_q31(r0 taps, r1 length, r2 x, r3 sum, frames) */
    .equ Q31_FRAMES, ARGUMENTS

    function ps_fir_q31
    enter
    ldr     r12, [sp, #Q31_FRAMES]
    all_outputs q31, vldrw.u32, s32, 4, 2
    leave   ps_fir_q31

#endif
