/* The host's part of native programs: the files that its sources list, and wasm2c's runtime, as objects. They are the
 * same for all modules, so they are compiled once (port toolchain/aot-host). */
#include "aot.h"

#include <stdlib.h>
#include <string.h>

#define RESULT "host"

static struct words host_command(const struct build *b, const char *sources, const char *more, const char *from,
                                 const char *to)
{
    struct words w = {0};

    add_compiler(b, sources, &w);
    add_checked(b, &w);
    add_all(&w, more);
    add_all(&w, b->host_cflags);
    add_output(&w, from, to);
    return w;
}

static struct words runtime_command(const struct build *b, const char *sources)
{
    struct words w = {0};
    char *from = text("%s/share/wabt/wasm2c/wasm-rt-impl.c", b->wabt);

    add_compiler(b, sources, &w);
    add_all(&w, "-Dcalloc=runtime_calloc -Drealloc=runtime_realloc -Dfree=runtime_free -O2 -w");
    add_all(&w, b->host_cflags);
    add_output(&w, from, RESULT "/wasm-rt-impl.o");
    free(from);
    return w;
}

/* host/native_run.o for native/run.c. */
static char *object_of(const char *from)
{
    char *name = text("%.*s", (int)strcspn(from, "."), from), *object;

    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '_';
    object = text(RESULT "/%s.o", name);
    free(name);
    return object;
}

/* Lines "WHEN FILE [PROCESSOR]" in the file native/sources: WHEN is all, program, library or musl. */
static void add_listed(const struct build *b, const char *sources, struct command_list *commands)
{
    char *name = text("%s/native/sources", sources), *state;
    size_t n;
    char *list = (char *)read_file(name, &n);

    list[n] = '\0';
    for (char *line = strtok_r(list, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        char when[16], file[200], processor[16] = "", *from, *to;
        bool musl;

        if (*line == '#')
            continue;
        if (sscanf(line, "%15s %199s %15s", when, file, processor) < 2)
            end("%s: a line without a file", name);
        musl = !strcmp(when, "musl");
        if (!strcmp(when, b->library ? "program" : "library") || (musl && !has_musl(b)) ||
            (*processor && !is_for(b, processor)))
            continue;
        from = text("%s/%s", sources, file);
        to = object_of(file);
        /* (A compiler that knows the C library's functions would turn these replacements into calls of themselves.) */
        add_command(commands, host_command(b, sources, musl ? "-ffreestanding -fno-stack-protector" : "", from, to),
                    false);
        free(from);
        free(to);
    }
    free(list);
    free(name);
}

void host_compile(const struct build *b, const char *sources)
{
    struct command_list commands = {0};

    make_directory(RESULT);
    add_listed(b, sources, &commands);
    add_command(&commands, runtime_command(b, sources), false);
    commands_run(commands.v, commands.n, NULL);
}
