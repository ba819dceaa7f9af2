/* How wasm2c's code calls through a table that never changes (tools/aot/table.c), in place of its own macros. They have
 * the same branches, because a profile identifies a function by them. */
#ifndef WL_ABI_INDIRECT_H
#define WL_ABI_INDIRECT_H

#include "table.h"

/* The function's distance from the table, and its type; type 0: no function. */
extern const struct guest_entry {
    int32_t code;
    uint32_t type;
} guest_table[] __attribute__((visibility("hidden")));

W2C_COLD_FUNC static bool no_such_function(void)
{
    TRAP(CALL_INDIRECT);
    return false;
}

#undef CHECK_CALL_INDIRECT
#define CHECK_CALL_INDIRECT(table, ft, x)                                                                              \
    (LIKELY((x) < GUEST_TABLE_SIZE && guest_table[x].type == NUMBER_OF_##ft) || no_such_function())
#undef DO_CALL_INDIRECT
#define DO_CALL_INDIRECT(table, t, x, ...) ((t)((const char *)guest_table + guest_table[x].code))(__VA_ARGS__)
#undef CALL_INDIRECT_INSTANCE
#define CALL_INDIRECT_INSTANCE(table, x) instance

#endif
