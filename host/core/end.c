#include "core/end.h"

const char *const trap_texts[TRAPS] = {
    [TRAP_MEMORY] = "it used memory outside its bounds",
    [TRAP_ALIGNMENT] = "it used an atomic value at an odd address",
    [TRAP_TABLE] = "it used an element outside a table's bounds",
    [TRAP_BOUNDS] = "it used memory or a table outside its bounds",
    [TRAP_NULL] = "it called a null function pointer",
    [TRAP_TYPE] = "it called a function through a pointer of another type",
    [TRAP_CALL] = "it called a function pointer that is null or of another type",
    [TRAP_OVERFLOW] = "a result did not fit into an integer",
    [TRAP_ZERO] = "it divided by zero",
    [TRAP_CONVERSION] = "a number did not fit into an integer",
    [TRAP_ABORT] = "it aborted",
    [TRAP_EXCEPTION] = "it threw an exception that nothing caught",
    [TRAP_STACK] = "its calls went too deep for its stack",
};
