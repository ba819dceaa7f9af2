/* What differs between processors: arch/NAME/. */
#ifndef WL_ARCH_H
#define WL_ARCH_H

#include <stdint.h>

/* Calls a function on another stack, whose end is `top`. *left is the place to which this one is used until then. */
void arch_call_on(uint8_t *top, void (*function)(void), uint8_t **left);

/* The stack pointer of what a signal has interrupted; context is the handler's third argument. */
const uint8_t *arch_stack_pointer(const void *context);

#endif
