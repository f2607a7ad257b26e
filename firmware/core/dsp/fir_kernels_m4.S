/*
 * The kernels of fir_kernels.h for cores with the DSP extension (Cortex-M4, M7). They compute several outputs
 * at once, so that each word that is loaded serves several products.
 *
 * In the loops, r0 to r5 accumulate. Registers r6 to r8 hold samples, and r9 to r11 coefficients. Register
 * r12 points at the next coefficients, and lr at the next samples. All else lies on the stack. LDM loads
 * registers in the order of their numbers.
 *
 * An iteration loads as many words of coefficients as it has outputs. The products of the samples at hand
 * come first. The products that reach into the next samples follow when these have been loaded.
 *
 * A loop is unrolled sixteen times. Where the iterations are no multiple of sixteen, `mov pc` enters the loop
 * in its middle. Every instruction of an iteration is therefore four bytes long. designer/toolchain/stack.py
 * takes `mov pc` for a jump within a function.
 */
#if defined(__ARM_FEATURE_DSP) && !defined(__ARM_FEATURE_MVE)

    .syntax unified
    .thumb

/* What every kernel keeps on the stack, by offset from sp */
    .equ TAPS, 0     /* coefficients */
    .equ END, 4      /* behind the last of them */
    .equ X, 8        /* samples of the next pass */
    .equ SUM, 12     /* sums of the next pass */
    .equ FACTOR, 16  /* 1 << shift */
    .equ SKIP3, 20   /* bytes of the loop of threes that its first iteration leaves out */
    .equ SKIP2, 24   /* the same of twos */
    .equ ENTRY, 28   /* where the first iteration begins */
    .equ PASSES, 32  /* passes left of the loop that runs */
    .equ TWOS, 36    /* passes of the loop of twos */
    .equ BYTES, 40   /* of coefficients in whole iterations */
    .equ X0, 44      /* samples of the first pass */
    .equ ODD, 48     /* q15: coefficients of outputs of odd number; 0 once they have been taken */
    .equ OUTPUTS, 52 /* q15: outputs of odd number */
    .equ THREES, 52  /* q31: passes of the loop of threes */
    .equ APART, 56   /* q31: bytes from one table to the next */
    .equ LOCALS, 60
    .equ ARGUMENTS, LOCALS + 36 /* behind the nine registers that are saved */

    .equ UNROLLED, 16

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
    sub     sp, sp, #LOCALS
.endm

.macro leave name
    add     sp, sp, #LOCALS
    pop     {r4, r5, r6, r7, r8, r9, r10, r11, pc}
    .size \name, . - \name
.endm

/* ---- Iterations: a word of samples and one of coefficients at a time, into 64 bits. The instruction `op` is
 * SMLAL for one product of 32 bits, or SMLALD for two of 16. */

/* Three words of coefficients on three outputs a word apart: 11 instructions for 9 multiply-accumulates */
    .equ THREE_BYTES, 44
.macro three op
    ldmia.w r12!, {r9, r10, r11}
    \op     r0, r1, r9, r6
    \op     r0, r1, r10, r7
    \op     r0, r1, r11, r8
    \op     r2, r3, r9, r7
    \op     r2, r3, r10, r8
    \op     r4, r5, r9, r8
    ldmia.w lr!, {r6, r7, r8}
    \op     r2, r3, r11, r6
    \op     r4, r5, r10, r6
    \op     r4, r5, r11, r7
.endm

/* The same on two outputs: 8 instructions for 6 */
    .equ TWO_BYTES, 32
.macro two op
    ldmia.w r12!, {r9, r10, r11}
    \op     r0, r1, r9, r6
    \op     r0, r1, r10, r7
    \op     r0, r1, r11, r8
    \op     r2, r3, r9, r7
    \op     r2, r3, r10, r8
    ldmia.w lr!, {r6, r7, r8}
    \op     r2, r3, r11, r6
.endm

/* Q4.27 x Q0.15 >> 16 into 32 bits: four coefficients on four outputs. Outputs are in r0 to r3, samples in r4
 * to r7. 18 instructions for 16 multiply-accumulates */
    .equ FOUR_BYTES, 72
.macro four op
    ldrd    r8, r9, [r12], #8
    smlawb  r0, r4, r8, r0
    smlawt  r0, r5, r8, r0
    smlawb  r0, r6, r9, r0
    smlawt  r0, r7, r9, r0
    smlawb  r1, r5, r8, r1
    smlawt  r1, r6, r8, r1
    smlawb  r1, r7, r9, r1
    smlawb  r2, r6, r8, r2
    smlawt  r2, r7, r8, r2
    smlawb  r3, r7, r8, r3
    ldmia.w lr!, {r4, r5, r6, r7}
    smlawt  r1, r4, r9, r1
    smlawb  r2, r4, r9, r2
    smlawt  r2, r5, r9, r2
    smlawt  r3, r4, r8, r3
    smlawb  r3, r5, r9, r3
    smlawt  r3, r6, r9, r3
.endm

/* ---- First samples of a pass */

.macro load_three
    ldmia.w lr!, {r6, r7, r8}
.endm

.macro load_four
    ldmia.w lr!, {r4, r5, r6, r7}
.endm

/* ---- Accumulators at the start and at the end of a pass; `stride`: bytes from one sum to the next */

.macro clear2 stride
    mov     r0, #0
    mov     r1, #0
    mov     r2, #0
    mov     r3, #0
.endm

.macro clear3 stride
    clear2  \stride
    mov     r4, #0
    mov     r5, #0
.endm

.macro take2 stride
    ldr     r9, [sp, #SUM]
    ldrd    r0, r1, [r9]
    ldrd    r2, r3, [r9, #\stride]
.endm

.macro take3 stride
    take2   \stride
    ldrd    r4, r5, [r9, #2 * \stride]
.endm

/* Sums in r9, which then points at those of the next pass */
.macro give2 stride
    strd    r0, r1, [r9], #\stride
    strd    r2, r3, [r9], #\stride
.endm

.macro give3 stride
    give2   \stride
    strd    r4, r5, [r9], #\stride
.endm

/* sum += (low, high) << shift; r10 holds the factor */
.macro add_shifted low, high, stride
    ldrd    r6, r7, [r9]
    umlal   r6, r7, \low, r10
    mla     r7, \high, r10, r7
    strd    r6, r7, [r9], #\stride
.endm

.macro add2 stride
    ldr     r10, [sp, #FACTOR]
    add_shifted r0, r1, \stride
    add_shifted r2, r3, \stride
.endm

.macro add3 stride
    add2    \stride
    add_shifted r4, r5, \stride
.endm

.macro add_word accumulator
    ldrd    r6, r7, [r9]
    smlal   r6, r7, \accumulator, r10
    strd    r6, r7, [r9], #8
.endm

.macro add4 stride
    ldr     r10, [sp, #FACTOR]
    add_word r0
    add_word r1
    add_word r2
    add_word r3
.endm

/* ---- All passes of a loop, at least one. Each pass runs the iterations over all taps, and then moves on by
 * `advance` bytes of samples. */
.macro passes skip, begin, load, iteration, op, finish, stride, advance
    ldr     r9, [sp, #\skip]
    adr.w   r10, .Lturns\@
    add     r9, r9, r10
    str     r9, [sp, #ENTRY]
    ldr     lr, [sp, #X]
.Lpass\@:
    \begin  \stride
    ldr     r12, [sp, #TAPS]
    ldr     r9, [sp, #ENTRY]
    \load
    mov     pc, r9
    .balign 4
.Lturns\@:
    .rept   UNROLLED
    \iteration   \op
    .endr
    ldr     r9, [sp, #END]
    cmp     r12, r9
    bne.w   .Lturns\@
    ldr     r9, [sp, #SUM]
    \finish \stride
    str     r9, [sp, #SUM]
    ldr     lr, [sp, #X]
    add     lr, lr, #\advance
    str     lr, [sp, #X]
    ldr     r9, [sp, #PASSES]
    subs    r9, r9, #1
    str     r9, [sp, #PASSES]
    bne.w   .Lpass\@
.endm

/* ---- Preparations */

/* From the length and the coefficients of an iteration: r4 = iterations that the first round leaves out, r5 =
 * bytes of coefficients */
.macro count_turns length, coefficients, bytes
    add     r4, \length, #\coefficients - 1
    mov     r5, #\coefficients
    udiv    r4, r4, r5
    mov     r5, #\bytes
    mul     r5, r4, r5
    sub     r4, r4, #1
    and     r4, r4, #UNROLLED - 1
    rsb     r4, r4, #UNROLLED - 1
.endm

.macro count_turns_of_words length, coefficients
    count_turns \length, \coefficients, 12
    str     r5, [sp, #BYTES]
    mov     r5, #THREE_BYTES
    mul     r5, r4, r5
    str     r5, [sp, #SKIP3]
    lsl     r4, r4, #5 /* TWO_BYTES */
    str     r4, [sp, #SKIP2]
.endm

/* Divides the outputs in r4 into passes of three (r5) and of two (r6). As many passes of three as leave no
 * single output, unless there is only one output */
.macro split_outputs
    mov     r5, #3
    udiv    r6, r4, r5
    mls     r6, r6, r5, r4
    rsb     r6, r6, #3
    cmp     r6, #3
    it      eq
    moveq   r6, #0
    cmp     r4, #1
    it      eq
    moveq   r6, #1
    sub     r7, r4, r6, lsl #1
    sdiv    r5, r7, r5
.endm

/* ---- void ps_fir_q15(r0 taps, r1 taps_odd, r2 length, r3 x, sum, shift, frames) */
    .equ Q15_SUM, ARGUMENTS
    .equ Q15_SHIFT, ARGUMENTS + 4
    .equ Q15_FRAMES, ARGUMENTS + 8

/* Outputs of even number, r4 of them, then those of odd number. Within each, samples are whole words apart.
 * */
.macro q15_outputs begin3, begin2, finish3, finish2
.Lphase\@:
    split_outputs
    str     r6, [sp, #TWOS]
    str     r5, [sp, #PASSES]
    cmp     r5, #0
    beq.w   .Ltwos\@
    passes  SKIP3, \begin3, load_three, three, smlald, \finish3, 16, 12
.Ltwos\@:
    ldr     r9, [sp, #TWOS]
    str     r9, [sp, #PASSES]
    cmp     r9, #0
    beq.w   .Lnext\@
    passes  SKIP2, \begin2, load_three, two, smlald, \finish2, 16, 8
.Lnext\@:
    ldr     r0, [sp, #ODD]
    cmp     r0, #0
    beq.w   .Lq15_done
    mov     r1, #0
    str     r1, [sp, #ODD]
    str     r0, [sp, #TAPS]
    ldr     r1, [sp, #BYTES]
    add     r1, r1, r0
    str     r1, [sp, #END]
    ldr     r1, [sp, #X0]
    str     r1, [sp, #X]
    ldr     r1, [sp, #Q15_SUM]
    add     r1, r1, #8
    str     r1, [sp, #SUM]
    ldr     r4, [sp, #OUTPUTS]
    b.w     .Lphase\@
.endm

    function ps_fir_q15
    enter
    str     r0, [sp, #TAPS]
    str     r1, [sp, #ODD]
    str     r3, [sp, #X]
    str     r3, [sp, #X0]
    count_turns_of_words r2, 6
    ldr     r5, [sp, #BYTES]
    add     r5, r5, r0
    str     r5, [sp, #END]
    ldr     r5, [sp, #Q15_SUM]
    str     r5, [sp, #SUM]
    ldr     r8, [sp, #Q15_SHIFT]
    mov     r5, #1
    lsl     r5, r5, r8
    str     r5, [sp, #FACTOR]
    ldr     r4, [sp, #Q15_FRAMES]
    lsr     r5, r4, #1
    str     r5, [sp, #OUTPUTS]
    add     r4, r4, #1
    lsr     r4, r4, #1
    cmp     r8, #0
    bne.w   .Lq15_shifted
    q15_outputs take3, take2, give3, give2
.Lq15_shifted:
    q15_outputs clear3, clear2, add3, add2
.Lq15_done:
    leave   ps_fir_q15

/* ---- void ps_fir_q31_subfilters(r0 taps, r1 taps_apart, r2 length, r3 x, x_apart, sum, sums_apart,
 * subfilters, frames, begin) */
    .equ Q31_X_APART, ARGUMENTS
    .equ Q31_SUM, ARGUMENTS + 4
    .equ Q31_SUMS_APART, ARGUMENTS + 8
    .equ Q31_PARTS, ARGUMENTS + 12
    .equ Q31_FRAMES, ARGUMENTS + 16
    .equ Q31_BEGIN, ARGUMENTS + 20

.macro q31_outputs begin3, begin2
.Lpart\@:
    ldr     r0, [sp, #TAPS]
    ldr     r1, [sp, #BYTES]
    add     r1, r1, r0
    str     r1, [sp, #END]
    ldr     r1, [sp, #X0]
    str     r1, [sp, #X]
    ldr     r1, [sp, #Q31_SUM]
    str     r1, [sp, #SUM]
    ldr     r9, [sp, #THREES]
    str     r9, [sp, #PASSES]
    cmp     r9, #0
    beq.w   .Ltwos\@
    passes  SKIP3, \begin3, load_three, three, smlal, give3, 8, 12
.Ltwos\@:
    ldr     r9, [sp, #TWOS]
    str     r9, [sp, #PASSES]
    cmp     r9, #0
    beq.w   .Lnext\@
    passes  SKIP2, \begin2, load_three, two, smlal, give2, 8, 8
.Lnext\@:
    ldr     r0, [sp, #Q31_PARTS]
    subs    r0, r0, #1
    str     r0, [sp, #Q31_PARTS]
    beq.w   .Lq31_done
    ldr     r0, [sp, #TAPS]
    ldr     r1, [sp, #APART]
    add     r0, r0, r1
    str     r0, [sp, #TAPS]
    ldr     r0, [sp, #X0]
    ldr     r1, [sp, #Q31_X_APART]
    add     r0, r0, r1, lsl #2
    str     r0, [sp, #X0]
    ldr     r0, [sp, #Q31_SUM]
    ldr     r1, [sp, #Q31_SUMS_APART]
    add     r0, r0, r1, lsl #3
    str     r0, [sp, #Q31_SUM]
    b.w     .Lpart\@
.endm

    function ps_fir_q31_subfilters
    enter
    str     r0, [sp, #TAPS]
    lsl     r1, r1, #2
    str     r1, [sp, #APART]
    str     r3, [sp, #X0]
    count_turns_of_words r2, 3
    ldr     r4, [sp, #Q31_FRAMES]
    split_outputs
    str     r5, [sp, #THREES]
    str     r6, [sp, #TWOS]
    ldrb    r8, [sp, #Q31_BEGIN]
    cmp     r8, #0
    bne.w   .Lq31_begin
    q31_outputs take3, take2
.Lq31_begin:
    q31_outputs clear3, clear2
.Lq31_done:
    leave   ps_fir_q31_subfilters

/* ---- void ps_fir_q31(r0 taps, r1 length, r2 x, r3 sum, frames): one subfilter */
    function ps_fir_q31
    ldr     r12, [sp]
    push    {lr}
    sub     sp, sp, #28
    str     r3, [sp, #4]
    str     r12, [sp, #16]
    mov     r12, #1
    str     r12, [sp, #12]
    mov     r12, #0
    str     r12, [sp, #20]
    mov     r3, r2
    mov     r2, r1
    bl      ps_fir_q31_subfilters
    add     sp, sp, #28
    pop     {pc}
    .size ps_fir_q31, . - ps_fir_q31

/* ---- void ps_fir_q31x15(r0 taps, r1 length, r2 x, r3 sum, shift, frames) */
    .equ Q31X15_SHIFT, ARGUMENTS
    .equ Q31X15_FRAMES, ARGUMENTS + 4

    function ps_fir_q31x15
    enter
    str     r0, [sp, #TAPS]
    str     r2, [sp, #X]
    str     r3, [sp, #SUM]
    count_turns r1, 4, 8
    add     r5, r5, r0
    str     r5, [sp, #END]
    mov     r5, #FOUR_BYTES
    mul     r5, r4, r5
    str     r5, [sp, #SKIP3]
    ldr     r4, [sp, #Q31X15_SHIFT]
    mov     r5, #1
    lsl     r5, r5, r4
    str     r5, [sp, #FACTOR]
    ldr     r4, [sp, #Q31X15_FRAMES]
    add     r4, r4, #3
    lsrs    r4, r4, #2
    beq.w   .Lq31x15_done
    str     r4, [sp, #PASSES]
    passes  SKIP3, clear2, load_four, four, none, add4, 8, 16
.Lq31x15_done:
    leave   ps_fir_q31x15

#endif
