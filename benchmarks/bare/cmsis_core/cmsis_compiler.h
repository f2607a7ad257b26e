/*
 * CMSIS-DSP includes a header of this name from CMSIS-Core, which its source distribution does not carry. This
 * one has what CMSIS-DSP needs of it, made of GCC's own Arm C Language Extensions (arm_acle.h).
 */
#ifndef PS_CMSIS_COMPILER_H
#define PS_CMSIS_COMPILER_H

#include <arm_acle.h>
#include <stdint.h>

#define __ASM                __asm
#define __INLINE             inline
#define __STATIC_INLINE      static inline
#define __STATIC_FORCEINLINE __attribute__((always_inline)) static inline
#define __RESTRICT           __restrict
#define __WEAK               __attribute__((weak))
#define __ALIGNED(bytes)     __attribute__((aligned(bytes)))
#define __PACKED_STRUCT      struct __attribute__((packed))

#define __CLZ(value)        ((uint8_t)__clz(value))
#define __SSAT(value, bits) __ssat((value), (bits))
#define __USAT(value, bits) __usat((value), (bits))

/* arm_acle.h has these in lower case and signed, CMSIS-Core unsigned. */
#define __SMLALD(x, y, sum)  ((uint64_t)__smlald((int16x2_t)(x), (int16x2_t)(y), (int64_t)(sum)))
#define __SMUAD(x, y)        ((uint32_t)__smuad((int16x2_t)(x), (int16x2_t)(y)))
#define __SMLAD(x, y, sum)   ((uint32_t)__smlad((int16x2_t)(x), (int16x2_t)(y), (int32_t)(sum)))
#define __SMLADX(x, y, sum)  ((uint32_t)__smladx((int16x2_t)(x), (int16x2_t)(y), (int32_t)(sum)))
#define __SMLALDX(x, y, sum) ((uint64_t)__smlaldx((int16x2_t)(x), (int16x2_t)(y), (int64_t)(sum)))
/* arm_acle.h of GCC 12 lacks PKHBT, and GCC makes three instructions of the same in C. */
#define __PKHBT(x, y, shift)                                                                                 \
    __extension__({                                                                                          \
        uint32_t packed;                                                                                     \
        __asm("pkhbt %0, %1, %2, lsl %3" : "=r"(packed) : "r"(x), "r"(y), "I"(shift));                       \
        packed;                                                                                              \
    })
#define __QADD16(x, y) ((uint32_t)__qadd16((int16x2_t)(x), (int16x2_t)(y)))
#define __QADD(x, y)   __qadd((x), (y))
#define __QSUB(x, y)   __qsub((x), (y))

#endif
