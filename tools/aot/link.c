/* An executable or a library from a translation and the host's objects. */
#include "aot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the program calls itself is not part of the translation, which modules of any name share. */
static const char name_source[] = "    .section .rodata.guest_name,\"a\",@progbits\n"
                                  "    .globl guest_name\n"
                                  "    .hidden guest_name\n"
                                  "guest_name:\n"
                                  "    .asciz \"%s\"\n"
                                  "    .section .note.GNU-stack,\"\",@progbits\n";

static void compile_name(const struct build *b)
{
    FILE *file = make_file("name.s");
    struct words w = {0};

    fprintf(file, name_source, b->name);
    end_file(file, "name.s");
    add_cc(b, &w);
    add_output(&w, "name.s", "name.o");
    run_one(w, NULL, NULL);
}

static void add_objects(const char *directory, struct words *w)
{
    char **files = files_in(directory, ".o");

    if (!*files)
        end("%s has no objects", directory);
    for (size_t i = 0; files[i]; i++)
        add_made(w, files[i]);
    free(files);
}

/* The functions that every start runs are placed together, so that they need few pages. (With LTO each function is a
 * section of its own.) */
static void add_order(const char *translation, struct words *w)
{
    char *order = text("%s/" ORDER, translation);

    if (access(order, R_OK) == 0)
        add_made(w, text("-Wl,--symbol-ordering-file=%s,--no-warn-symbol-ordering", order));
    free(order);
}

static void add_libraries(const struct build *b, struct words *w)
{
    const char *lib[] = {"rcrt1.o", "crti.o", "libc.a", "libgcc.a", "crtn.o"};

    if (!has_musl(b)) {
        add_all(w, "-lm -lpthread");
        return;
    }
    for (size_t i = 0; i < sizeof lib / sizeof *lib; i++)
        if (strcmp(lib[i], "libgcc.a") != 0)
            add_made(w, text("%s/lib/%s", b->musl, lib[i]));
        /* The functions for long double, which musl's printf() calls. For another machine they are beside musl. */
        else if (is_for(b, "aarch64"))
            add_made(w, b->target ? text("%s/lib/libgcc.a", b->musl) : text("-lgcc"));
}

static struct words link_command(const struct build *b, const char *translation, const char *host)
{
    struct words w = {0};

    add_cc(b, &w);
    add_all(&w, b->host_cflags);
    /* A library uses the hash of its content to find out whether the file at its path is still the one that was
     * loaded (host/native/image.c). */
    add_all(&w, "-fuse-ld=lld -Wl,--build-id=sha1 -Wl,-z,relro,-z,now");
    if (b->counters)
        add_word(&w, "-fprofile-generate");
    add_order(translation, &w);
    if (b->library)
        add_all(&w, "-shared -Wl,-soname,guest.so,-z,nodelete");
    else
        add_all(&w, has_musl(b) ? "-static-pie -nostdlib" : "-pie");
    add_word(&w, "-o");
    add_word(&w, b->library ? "guest.so" : "program");
    add_objects(host, &w);
    add_objects(translation, &w);
    add_word(&w, "name.o");
    add_libraries(b, &w);
    return w;
}

void link_program(const struct build *b, const char *translation, const char *host)
{
    compile_name(b);
    run_one(link_command(b, translation, host), NULL, NULL);
}
