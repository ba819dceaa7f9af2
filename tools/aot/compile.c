/* From a module to an executable or a library: wasm2c translates it into several C files, which are compiled in
 * parallel with the host's. */
#include "aot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- words of a command --- */

struct words {
    char **v;
    size_t n;
};

static void add(struct words *w, const char *word)
{
    w->v = need(realloc(w->v, (w->n + 2) * sizeof *w->v));
    w->v[w->n++] = text("%s", word);
    w->v[w->n] = NULL;
}

/* Each of the words in a text with spaces. */
static void add_all(struct words *w, const char *words)
{
    char *copy = text("%s", words), *state;

    for (char *word = strtok_r(copy, " ", &state); word; word = strtok_r(NULL, " ", &state))
        add(w, word);
    free(copy);
}

static void add_made(struct words *w, char *made)
{
    add(w, made);
    free(made);
}

struct commands {
    struct command *v;
    size_t n;
};

static void add_command(struct commands *c, struct words w, const char *out, bool counted)
{
    c->v = need(realloc(c->v, (c->n + 1) * sizeof *c->v));
    c->v[c->n++] = (struct command){w.v, out, counted};
}

static void run_one(struct words w, const char *out, const char *refusal)
{
    commands_run(&(struct command){w.v, out, false}, 1, refusal);
}

/* --- wasm2c --- */

void translate(const struct build *b)
{
    struct words w = {0};
    char *refusal = text("wasm2c cannot translate %s", b->name);

    add_made(&w, text("%s/bin/wasm2c", b->wabt));
    add_all(&w, "-n guest");
    /* With a single file, wasm2c would not write the names that the other files use. */
    add_made(&w, text("--num-outputs=%u", b->parts));
    add_all(&w, "guest.wasm -o guest.c");
    run_one(w, NULL, refusal);
    free(refusal);
}

/* --- the profile --- */

/* The profiles as one file for the compiler; NULL: there are none. */
static const char *merge_profiles(const struct build *b)
{
    struct words merge = {0};
    char *refusal = text("a profile is not for this compiler");

    if (!*b->profiles)
        return NULL;
    add(&merge, b->profdata);
    add_all(&merge, "merge -o profile");
    for (size_t i = 0; b->profiles[i]; i++) {
        struct words unpack = {0};
        char *name = text("profile.%zu", i),
             *why = text("%s is not a profile that wl-make profile --native wrote", b->profiles[i]);

        add_all(&unpack, "xz -dc --");
        add(&unpack, b->profiles[i]);
        run_one(unpack, name, why);
        add(&merge, name);
    }
    run_one(merge, NULL, refusal);
    return "profile";
}

/* The functions that every start of a Python runs, so that they share few pages of the file. */
static void write_order(const struct build *b)
{
    FILE *order = make_file("order");

    for (size_t i = 0; b->orders[i]; i++) {
        size_t n;
        char *names = (char *)read_file(b->orders[i], &n), *state;

        names[n] = '\0';
        for (char *name = strtok_r(names, "\n", &state); name; name = strtok_r(NULL, "\n", &state))
            fprintf(order, "w2c_guest_%s\n", name);
        free(names);
    }
    end_file(order, "order");
}

/* --- flags --- */

static bool has_sanitizers(const struct build *b)
{
    return strstr(b->host_cflags, "-fsanitize") != NULL;
}

/* Counters and sanitizers need the machine's C library. Other programs do not use it, because it would be found,
 * loaded and relocated at each start, and it executes some 70 cpuid instructions, each of which a virtual machine
 * passes on to its host. Together this takes longer than a Python of the flavour snapshot runs. */
static bool has_musl(const struct build *b)
{
    return b->musl && !b->library && !b->counters && !has_sanitizers(b);
}

static void add_place(const struct build *b, struct words *w)
{
    /* Only wlpy_native_program is visible from outside, so no symbol is looked up at run time. */
    add_all(w, b->library ? "-fPIC -fvisibility=hidden -ftls-model=initial-exec" : "-fPIE");
}

/* The host has its own guard pages, fault handler and stack guard (host/native). So wasm-rt neither installs
 * handlers nor counts calls. A load whose value is not used may be left out, even if it would have trapped: this is
 * harmless, and keeping all loads would fix each of them to its place. */
static void add_cpp_flags(const struct build *b, struct words *w)
{
    add(w, "-I.");
    add_made(w, text("-I%s/host", b->share));
    add_made(w, text("-I%s/share/wabt/wasm2c", b->wabt));
    add_made(w, text("-I%s/include", b->wabt));
    add_all(w, "-D_GNU_SOURCE -DWASM_RT_USE_MMAP=1 -DWASM_RT_MEMCHECK_GUARD_PAGES=1 -DWASM_RT_SKIP_SIGNAL_RECOVERY=1 "
               "-DWASM_RT_NONCONFORMING_UNCHECKED_STACK_EXHAUSTION=1 "
               "-DWASM_RT_NONCONFORMING_ALLOW_OOB_READ_ELIMINATION=1 -DWASM_RT_TRAP_HANDLER=runtime_trap -DNDEBUG");
    /* A program has one guest, whose memory can be at an address that the code knows. A library has many guests. */
    if (!b->library && !has_sanitizers(b))
        add(w, "-DRUNTIME_ONE_GUEST");
    if (has_musl(b)) {
        add_all(w, "-nostdlibinc -isystem");
        add_made(w, text("%s/include", b->musl));
    }
}

static void add_use(const struct build *b, const char *profile, struct words *w)
{
    if (profile)
        add_made(w, text("-fprofile-use=%s", profile));
    if (b->counters)
        add(w, "-fprofile-generate");
}

static void add_own_flags(const struct build *b, struct words *w)
{
    if (b->cpu)
        add_made(w, text("-march=%s", b->cpu));
}

static void add_output(struct words *w, const char *from, const char *to)
{
    add(w, "-c");
    add(w, from);
    add(w, "-o");
    add(w, to);
}

/* The compiler must not use undefined overflow or aliasing, because wasm allows both, and one big frame must not
 * step over the stack's guard. */
static struct words guest_command(const struct build *b, const char *profile, const char *from, const char *to)
{
    struct words w = {0};

    add_all(&w, b->cc);
    add_cpp_flags(b, &w);
    if (b->constant_table)
        add(&w, "-DWASM_RT_CONSTANT_TABLE=\"native/calls.h\"");
    add(&w, b->opt);
    add_all(&w, b->lto);
    add_use(b, profile, &w);
    add_place(b, &w);
    add_all(&w, "-fno-optimize-sibling-calls -fno-strict-aliasing -fwrapv -fstack-clash-protection -include");
    add_made(&w, text("%s/host/native/base.h", b->share));
    add(&w, "-w");
    add_own_flags(b, &w);
    add_output(&w, from, to);
    return w;
}

static struct words host_command(const struct build *b, const char *more, const char *from, const char *to)
{
    struct words w = {0};

    add_all(&w, b->cc);
    add_cpp_flags(b, &w);
    add_place(b, &w);
    /* The same flags as for wl-run in host/meson.build. */
    add_all(&w, "-std=c17 -O2 -Wall -Wextra -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection");
#if defined __x86_64__
    add(&w, "-fcf-protection=full");
#endif
    add_all(&w, more);
    add_own_flags(b, &w);
    add_all(&w, b->host_cflags);
    add_output(&w, from, to);
    return w;
}

static struct words runtime_command(const struct build *b, const char *to)
{
    struct words w = {0};
    char *from = text("%s/share/wabt/wasm2c/wasm-rt-impl.c", b->wabt);

    add_all(&w, b->cc);
    add_cpp_flags(b, &w);
    add_all(&w, "-Dcalloc=runtime_calloc -Drealloc=runtime_realloc -Dfree=runtime_free -O2");
    add_place(b, &w);
    add(&w, "-w");
    add_own_flags(b, &w);
    add_all(&w, b->host_cflags);
    add_output(&w, from, to);
    return w;
}

/* --- objects --- */

struct objects {
    struct commands commands;
    struct words files; /* in the order in which they are linked */
};

static void add_guest(const struct build *b, const char *profile, struct objects *o)
{
    for (unsigned i = 0; i < b->parts; i++) {
        char *from = b->parts == 1 ? text("guest.c") : text("guest_%u.c", i);
        char *to = text("%.*s.o", (int)strlen(from) - 2, from);

        add_command(&o->commands, guest_command(b, profile, from, to), NULL, true);
        add(&o->files, to);
        free(from);
        free(to);
    }
}

/* Compiles a file of the host, unless its object was kept. */
static void add_host_object(const struct build *b, struct words w, struct objects *o)
{
    const char *to = w.v[w.n - 1];

    add(&o->files, to);
    if (!b->host_objects || access(to, R_OK) < 0)
        add_command(&o->commands, w, NULL, false);
}

static char *host_object(const struct build *b, const char *from)
{
    char *name = text("%.*s", (int)strcspn(from, "."), from), *object;

    for (char *p = name; *p; p++)
        if (*p == '/')
            *p = '_';
    object = text("%s%shost_%s.o", b->host_objects ? b->host_objects : "", b->host_objects ? "/" : "", name);
    free(name);
    return object;
}

/* Lines "WHEN FILE" in the file host/native/sources: WHEN is all, program, library or musl. */
static void add_host(const struct build *b, struct objects *o)
{
    char *name = text("%s/host/native/sources", b->share), *state;
    size_t n;
    char *list = (char *)read_file(name, &n);

    list[n] = '\0';
    for (char *line = strtok_r(list, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
        char when[16], file[200], *from, *to;
        bool musl;

        if (*line == '#')
            continue;
        if (sscanf(line, "%15s %199s", when, file) != 2)
            end("%s: a line without a file", name);
        musl = !strcmp(when, "musl");
        if (!strcmp(when, b->library ? "program" : "library") || (musl && !has_musl(b)))
            continue;
        from = text("%s/host/%s", b->share, file);
        to = host_object(b, file);
        /* (A compiler that knows the C library's functions would turn these replacements into calls of themselves.) */
        add_host_object(b, host_command(b, musl ? "-ffreestanding -fno-stack-protector" : "", from, to), o);
        free(from);
        free(to);
    }
    free(list);
    free(name);
}

static void add_assembler(const struct build *b, const char *name, struct objects *o)
{
    struct words w = {0};
    char *from = text("%s.s", name), *to = text("%s.o", name);

    add_all(&w, b->cc);
    add_output(&w, from, to);
    add_command(&o->commands, w, NULL, false);
    add(&o->files, to);
    free(from);
    free(to);
}

static void add_rest(const struct build *b, struct objects *o)
{
    char *runtime = host_object(b, "wasm-rt-impl.c");

    add_command(&o->commands, host_command(b, "", "glue.c", "glue.o"), NULL, false);
    add(&o->files, "glue.o");
    add_assembler(b, "image", o);
    if (b->constant_table)
        add_assembler(b, "table", o);
    add_host_object(b, runtime_command(b, runtime), o);
    free(runtime);
}

/* --- linking --- */

static const char *result(const struct build *b)
{
    return b->library ? "guest.so" : "program";
}

static struct words link_command(const struct build *b, const char *profile, const struct words *files)
{
    struct words w = {0};
    const char *lib[] = {"rcrt1.o", "crti.o", "libc.a", "crtn.o"};

    add_all(&w, b->cc);
    add_own_flags(b, &w);
    add_all(&w, b->host_cflags);
    /* A library uses the hash of its content to find out whether the file at its path is still the one that was
     * loaded (host/native/image.c). */
    add_all(&w, "-Wl,--build-id=sha1 -Wl,-z,relro,-z,now");
    if (*b->lto || profile || b->counters) {
        add(&w, b->opt);
        add_all(&w, b->lto);
        add_use(b, profile, &w);
        add(&w, "-w");
    }
    if (*b->lto) {
        /* The functions that every start runs are placed together, so that they need few pages. (With LTO each
         * function is a section of its own.) */
        add(&w, "-Wl,--symbol-ordering-file=order,--no-warn-symbol-ordering");
        add_made(&w, text("-Wl,--thinlto-jobs=%d", commands_free_jobs()));
    }
    if (b->library)
        add_all(&w, "-shared -Wl,-soname,guest.so,-z,nodelete");
    else
        add_all(&w, has_musl(b) ? "-static-pie -nostdlib" : "-pie");
    add(&w, "-o");
    add(&w, result(b));
    for (size_t i = 0; i < files->n; i++)
        add(&w, files->v[i]);
    if (has_musl(b))
        for (size_t i = 0; i < sizeof lib / sizeof *lib; i++)
            add_made(&w, text("%s/lib/%s", b->musl, lib[i]));
    else
        add_all(&w, "-lm -lpthread");
    return w;
}

void compile(const struct build *b)
{
    struct objects o = {0};
    const char *profile;

    write_order(b);
    profile = merge_profiles(b);
    if (b->host_objects && mkdir(b->host_objects, 0777) < 0 && errno != EEXIST)
        end("cannot create %s: %s", b->host_objects, strerror(errno));
    add_guest(b, profile, &o);
    add_host(b, &o);
    add_rest(b, &o);
    report_phase("compiling");
    commands_run(o.commands.v, o.commands.n, NULL);
    report_phase(*b->lto ? "optimising as a whole and linking" : "linking");
    run_one(link_command(b, profile, &o.files), NULL, NULL);
}
