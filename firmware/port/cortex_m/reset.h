/* What every vector table begins with. */
#ifndef PS_RESET_H
#define PS_RESET_H

#include <stdint.h>

/* The top of the stack, set by sections.ld. */
extern uint32_t linker_stack_top[];

typedef union {
    void (*handler)(void);
    void *initial_stack;
} vector_t;

void reset_handler(void);

#endif
