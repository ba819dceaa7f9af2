/* Makes an app: a program, its packages and its data in one module with a Python that has imported them already.
 *
 * The program's files are gathered. In a box they are compiled (collect.py), written as an archive (port
 * toolchain/rofs-pack), and given to a Python of the flavour single, which takes them into its memory, imports, and is
 * saved as it is (guest/start.c, wl-run --snapshot). The app is an artifact, and so are its installed requirements. */
#ifndef WL_PACK_H
#define WL_PACK_H

#include "make/make.h"
#include "source/source.h"
#include "util/err.h"

#include <stdbool.h>

/* An artifact that apps are made with. */
struct pack_tool {
    const char *dir, *key;
};

struct pack {
    /* What is packed. */
    const char *program;      /* a script or a directory with __main__.py; NULL: module or entry alone */
    const char *module;       /* run as by `python -m`; NULL: none */
    const char *entry;        /* name of a console script of a requirement; NULL: none */
    const char *requirements; /* NULL: none */
    const char *lock;         /* the lock file, which belongs to them already (wheels_lock) */
    const struct strv *imports, *data, *without_native;
    const char
        *hash_seed; /* of str's hashes, which is in the snapshot: a number, "random", or NULL: the project's own */
    bool strip_source, no_imports;
    const char *out;
    /* Set to the directory with its installed requirements, which the caller frees, if it has any; or NULL. */
    char **site;

    /* With what. */
    const char *series;                                       /* of the Python: "3.13" */
    const char *version;                                      /* "3.13.5" */
    struct pack_tool python, build_python, rofs_pack, wl_run; /* python: of the flavour single */
    const char *collect;                                      /* collect.py */
    const char *ask_pip;                                      /* ask_pip.py */

    const struct make_options *o;
    const struct fetch_options *fetch;
};

/* Makes the file `out`; what it was before stays until the new one is whole. */
int pack(const struct pack *k, struct wl_err *err);

#endif
