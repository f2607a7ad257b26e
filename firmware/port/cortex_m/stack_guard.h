/* A stack that grows too deep is a fault, and each fault has its own number. */
#ifndef PS_STACK_GUARD_H
#define PS_STACK_GUARD_H

#include <stdint.h>

/* Bytes below the stack that the MPU lets nobody touch; sections.ld keeps them free, on a multiple of this.
 */
#define STACK_GUARD_BYTES 256u

/* `low`: where the stack ends. */
void stack_guard(const uint32_t *low);

#endif
