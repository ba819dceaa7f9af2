/* wl-cc, wl-c++: the compiler of packages that are built for WASI by their own build systems. It calls clang, but what
 * would be a shared library becomes a bundle: one object file that has everything of an extension module, in which
 * only the function that starts the module is visible to others. docs/bundles.md explains bundles.
 *
 * Called as wl-strip, it is llvm-strip, but leaves bundles as they are. Called as wl-bundle, it collects bundles. */
#include "collect.h"
#include "driver.h"

#include "files.h"
#include "object.h"

#include <stdlib.h>
#include <string.h>

/* Whether a file is an object file, whose symbols are needed. */
static bool is_object(const char *path)
{
    struct error ignored;
    struct object o;
    uint8_t *bytes;
    size_t n;
    bool is;

    if (file_read(path, &bytes, &n, &ignored) < 0)
        return false;
    is = object_read(&o, path, bytes, n, &ignored) == 0;
    object_free(&o);
    free(bytes);
    return is;
}

static void copy(const char *from, const char *to)
{
    struct bytes b = {NULL, 0, 0};
    struct error e;

    if (file_read(from, &b.at, &b.n, &e) < 0)
        fail("%s", e.text);
    write_file(to, &b, true);
    free(b.at);
}

static void strip(const struct config *config, char **words, size_t n)
{
    struct words argv = {NULL, 0};
    const char *out = NULL, *bundle = NULL;
    size_t files = 0;

    words_add(&argv, config->strip);
    for (size_t i = 0; i < n; i++) {
        bool is_out = strcmp(words[i], "-o") == 0 && i + 1 < n;

        if (is_out)
            out = words[i + 1];
        if (words[i][0] != '-' && is_object(words[i])) {
            bundle = words[i];
            continue;
        }
        files += words[i][0] != '-';
        words_add(&argv, words[i]);
        if (is_out)
            words_add(&argv, words[++i]);
    }
    if (!bundle || files)
        become(&argv);
    if (out)
        copy(bundle, out);
}

int main(int argc, char **argv)
{
    struct words arguments = {NULL, 0};
    struct config config;
    struct call call;

    if (strcmp(base_of(argv[0]), "wl-bundle") == 0)
        return bundle_main(argc, argv);
    config_read(&config, argv[0]);
    if (ends_with(base_of(argv[0]), "strip")) {
        strip(&config, argv + 1, (size_t)argc - 1);
        return 0;
    }
    words_expand(&arguments, argv + 1, (size_t)argc - 1);
    call_read(&call, &arguments, ends_with(base_of(argv[0]), "++"));
    if (call.kind == CALL_LINKER) {
        struct words linker = {NULL, 0};

        words_add(&linker, config.ld);
        for (size_t i = 2; i < arguments.n; i++)
            words_add(&linker, arguments.list[i]);
        become(&linker);
    }
    linker_words(&call);
    if (call.kind == CALL_BUNDLE)
        link_bundle(&config, &call);
    else if (call.kind == CALL_COMPILE)
        compile_objects(&config, &call);
    else
        link_program(&config, &call);
    return 0;
}
