/* From a module to the objects of its code: wasm2c translates it into several C files, which are compiled in parallel
 * and optimised as a whole. Of the host this code knows the headers in host/abi, and calls its functions by name. */
#include "aot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- wasm2c --- */

static void run_wasm2c(const struct build *b)
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
    add_word(&merge, b->profdata);
    add_all(&merge, "merge -o profile");
    for (size_t i = 0; b->profiles[i]; i++) {
        struct words unpack = {0};
        char *name = text("profile.%zu", i),
             *why = text("%s is not a profile that wl-make profile --native wrote", b->profiles[i]);

        add_all(&unpack, "xz -dc --");
        add_word(&unpack, b->profiles[i]);
        run_one(unpack, name, why);
        add_word(&merge, name);
    }
    run_one(merge, NULL, refusal);
    return "profile";
}

/* The functions that every start of a Python runs, for the linker (link.c). */
static void write_order(const struct build *b)
{
    FILE *order = make_file(TRANSLATION "/" ORDER);

    for (size_t i = 0; b->orders[i]; i++) {
        size_t n;
        char *names = (char *)read_file(b->orders[i], &n), *state;

        names[n] = '\0';
        for (char *name = strtok_r(names, "\n", &state); name; name = strtok_r(NULL, "\n", &state))
            fprintf(order, "w2c_guest_%s\n", name);
        free(names);
    }
    end_file(order, ORDER);
}

static void add_use(const struct build *b, const char *profile, struct words *w)
{
    if (profile)
        add_made(w, text("-fprofile-use=%s", profile));
    if (b->counters)
        add_word(w, "-fprofile-generate");
}

/* --- compiling --- */

/* The only headers of the host that this code can include: those of host/abi. */
static char *abi_headers(const struct build *b)
{
    return text("%s/include", b->share);
}

/* The compiler must not use undefined overflow or aliasing, because wasm allows both, and one big frame must not
 * step over the stack's guard. */
static struct words guest_command(const struct build *b, const char *profile, const char *from, const char *to)
{
    struct words w = {0};
    char *headers = abi_headers(b);

    add_compiler(b, headers, &w);
    if (b->constant_table)
        add_word(&w, "-DWASM_RT_CONSTANT_TABLE=\"abi/indirect.h\"");
    add_word(&w, b->opt);
    add_all(&w, b->lto);
    add_use(b, profile, &w);
    /* (Some processors multiply and add in one instruction, without rounding between them.) */
    add_word(&w, "-ffp-contract=off");
    add_all(&w, "-fno-optimize-sibling-calls -fno-strict-aliasing -fwrapv -fstack-clash-protection -include");
    add_made(&w, text("%s/abi/base.h", headers));
    add_word(&w, "-w");
    add_output(&w, from, to);
    free(headers);
    return w;
}

static void add_guest(const struct build *b, const char *profile, struct command_list *commands, struct words *objects)
{
    for (unsigned i = 0; i < b->parts; i++) {
        char *from = b->parts == 1 ? text("guest.c") : text("guest_%u.c", i);
        char *to = *b->lto ? text("%.*s.o", (int)strlen(from) - 2, from) : text(TRANSLATION "/code_%04u.o", i);

        add_command(commands, guest_command(b, profile, from, to), true);
        add_word(objects, to);
        free(from);
        free(to);
    }
}

static void add_assembler(const struct build *b, const char *name, struct command_list *commands, struct words *objects)
{
    struct words w = {0};
    char *from = text("%s.s", name), *to = text(TRANSLATION "/%s.o", name);

    add_cc(b, &w);
    add_output(&w, from, to);
    add_command(commands, w, false);
    add_word(objects, to);
    free(from);
    free(to);
}

/* The files that refer to the code of the module. */
static void add_rest(const struct build *b, struct command_list *commands, struct words *objects)
{
    struct words glue = {0};
    char *headers = abi_headers(b);

    add_compiler(b, headers, &glue);
    add_checked(b, &glue);
    add_output(&glue, "glue.c", TRANSLATION "/glue.o");
    add_command(commands, glue, false);
    add_word(objects, TRANSLATION "/glue.o");
    add_assembler(b, "image", commands, objects);
    if (b->constant_table)
        add_assembler(b, "table", commands, objects);
    free(headers);
}

/* --- optimising as a whole --- */

/* The linker's plug-in for LTO leaves the native objects, and what else it would link is not used. Only the objects
 * of the translation name functions of the module, so the optimiser knows all their callers, as if the host were here.
 */
static struct words lto_command(const struct build *b, const char *profile, const struct words *objects)
{
    struct words w = {0};

    add_cc(b, &w);
    add_processor(b, &w);
    add_word(&w, b->opt);
    add_all(&w, b->lto);
    add_use(b, profile, &w);
    add_word(&w, "-w");
    add_all(&w, b->library ? "-shared" : has_musl(b) ? "-static-pie" : "-pie");
    add_all(&w, "-nostdlib -Wl,--unresolved-symbols=ignore-all,--entry=0,--lto-obj-path=" TRANSLATION "/code");
    add_made(&w, text("-Wl,--thinlto-jobs=%d", commands_free_jobs()));
    add_all(&w, "-o /dev/null");
    for (size_t i = 0; i < objects->n; i++)
        add_word(&w, objects->v[i]);
    return w;
}

/* The linker has written "code", for what is not of ThinLTO, and "code1" and so on. */
static void name_objects(const struct build *b)
{
    for (unsigned i = 0; i <= b->parts; i++) {
        char *from = i ? text(TRANSLATION "/code%u", i) : text(TRANSLATION "/code"),
             *to = text(TRANSLATION "/code_%04u.o", i);

        if (rename(from, to) < 0)
            end("the linker has written no %s", from);
        free(from);
        free(to);
    }
}

void translate(const struct build *b)
{
    struct command_list commands = {0};
    struct words objects = {0};
    const char *profile;

    run_wasm2c(b);
    make_directory(TRANSLATION);
    profile = merge_profiles(b);
    add_guest(b, profile, &commands, &objects);
    add_rest(b, &commands, &objects);
    report_phase("compiling");
    commands_run(commands.v, commands.n, NULL);
    if (!*b->lto)
        return;
    report_phase("optimising as a whole");
    write_order(b);
    run_one(lto_command(b, profile, &objects), NULL, NULL);
    name_objects(b);
}
