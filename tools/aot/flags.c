/* Flags of the compiler and the linker that the module's code and the host's files have in common. */
#include "aot.h"

#include <string.h>

static bool has_sanitizers(const struct build *b)
{
    return strstr(b->host_cflags, "-fsanitize") != NULL;
}

/* Counters and sanitizers need the machine's C library. Other programs do not use it, because it would be found,
 * loaded and relocated at each start, and it executes some 70 cpuid instructions, each of which a virtual machine
 * passes on to its host. Together this takes longer than a Python of the flavour snapshot runs. */
bool has_musl(const struct build *b)
{
    return b->musl && !b->library && !b->counters && !has_sanitizers(b);
}

/* The host has its own guard pages, fault handler and stack guard (host/native). So wasm-rt neither installs
 * handlers nor counts calls. A load whose value is not used may be left out, even if it would have trapped: this is
 * harmless, and keeping all loads would fix each of them to its place. */
static void add_definitions(const struct build *b, struct words *w)
{
    add_all(w, "-D_GNU_SOURCE -DWASM_RT_USE_MMAP=1 -DWASM_RT_MEMCHECK_GUARD_PAGES=1 -DWASM_RT_SKIP_SIGNAL_RECOVERY=1 "
               "-DWASM_RT_NONCONFORMING_UNCHECKED_STACK_EXHAUSTION=1 "
               "-DWASM_RT_NONCONFORMING_ALLOW_OOB_READ_ELIMINATION=1 -DWASM_RT_TRAP_HANDLER=runtime_trap -DNDEBUG");
    /* A program has one guest, whose memory can be at an address that the code knows. A library has many guests. */
    if (!b->library && !has_sanitizers(b))
        add_word(w, "-DRUNTIME_ONE_GUEST");
}

void add_compiler(const struct build *b, const char *headers, struct words *w)
{
    add_all(w, b->cc);
    add_word(w, "-I.");
    add_made(w, text("-I%s", headers));
    add_made(w, text("-I%s/share/wabt/wasm2c", b->wabt));
    add_made(w, text("-I%s/include", b->wabt));
    add_definitions(b, w);
    if (has_musl(b)) {
        add_all(w, "-nostdlibinc -isystem");
        add_made(w, text("%s/include", b->musl));
    }
    /* Only wlpy_native_program is visible from outside, so no symbol is looked up at run time. */
    add_all(w, b->library ? "-fPIC -fvisibility=hidden -ftls-model=initial-exec" : "-fPIE");
    add_processor(b, w);
}

void add_processor(const struct build *b, struct words *w)
{
    if (b->cpu)
        add_made(w, text("-march=%s", b->cpu));
}

void add_checked(struct words *w)
{
    /* The same flags as for wl-run in host/meson.build. */
    add_all(w, "-std=c17 -O2 -Wall -Wextra -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection");
#if defined __x86_64__
    add_word(w, "-fcf-protection=full");
#endif
}
