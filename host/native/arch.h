/* What differs between processors: arch/NAME/. */
#ifndef WL_ARCH_H
#define WL_ARCH_H

#include <stdint.h>

/* Calls a function on another stack, whose end is `top`. */
void arch_call_on(uint8_t *top, void (*function)(void));

/* The stack pointer of what a signal has interrupted; context is the handler's third argument. */
const uint8_t *arch_stack_pointer(const void *context);

#endif
