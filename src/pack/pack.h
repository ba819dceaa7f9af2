/* Makes an app: a program, its packages and its data in one module with a Python that has imported them already.
 *
 * The files are collected and compiled (collect.py), written as an archive (port toolchain/rofs-pack), and given to a
 * Python of the flavour single, which takes them into its memory, imports, and is saved as it is (guest/start.c,
 * wl-run --snapshot). */
#ifndef WL_PACK_H
#define WL_PACK_H

#include "make/events.h"
#include "source/source.h"
#include "store/store.h"
#include "util/cancel.h"
#include "util/err.h"

#include <stdbool.h>

struct pack {
    /* What is packed. */
    const char *program;      /* a script or a folder with __main__.py; NULL: module or entry alone */
    const char *module;       /* run as by `python -m`; NULL: none */
    const char *entry;        /* name of a console script of a requirement; NULL: none */
    const char *requirements; /* NULL: none */
    const char *lock;         /* NULL: beside the requirements, "requirements.lock" */
    const struct strv *imports, *data, *without_native;
    const char
        *hash_seed; /* of str's hashes, which is in the snapshot: a number, "random", or NULL: the project's own */
    bool update, strip_source, no_imports;
    const char *out;

    /* With what: paths of artifacts. */
    const char *python;       /* python-single.wasm */
    const char *series;       /* "3.13" */
    const char *version;      /* "3.13.5" */
    const char *build_python; /* the Python of the build machine for it: the folder, and its key */
    const char *build_python_key;
    const char *rofs_pack, *wl_run;
    const char *collect; /* collect.py */
    const char *ask_pip; /* ask_pip.py */

    const struct store *store;
    const struct fetch_options *fetch;
    const struct cancel *cancel;
    const struct events *events;
};

/* Makes the file `out`; what it was before stays until the new one is whole. */
int pack(const struct pack *k, struct wl_err *err);

#endif
