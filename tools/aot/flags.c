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

void add_cc(const struct build *b, struct words *w)
{
    add_all(w, b->cc);
    /* (Objects do not name the compiler.) */
    add_word(w, "-Qn");
    if (b->target)
        add_made(w, text("--target=%s-%s", b->target, has_musl(b) ? "musl" : "gnu"));
    if (b->sysroot && !has_musl(b))
        add_made(w, text("--sysroot=%s", b->sysroot));
}

void add_compiler(const struct build *b, const char *headers, struct words *w)
{
    add_cc(b, w);
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
        add_made(w, text(is_for(b, "aarch64") ? "-mcpu=%s" : "-march=%s", b->cpu));
    /* (Functions of the compiler's library, which a program with musl lacks, would ask the processor each time.) */
    if (is_for(b, "aarch64"))
        add_word(w, "-mno-outline-atomics");
}

void add_checked(const struct build *b, struct words *w)
{
    /* The same flags as for wl-run in host/meson.build. */
    add_all(w, "-std=c17 -O2 -Wall -Wextra -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection");
    if (is_for(b, "x86_64"))
        add_word(w, "-fcf-protection=full");
    if (is_for(b, "aarch64"))
        add_word(w, "-mbranch-protection=standard");
}
