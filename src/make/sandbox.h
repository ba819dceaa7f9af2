/* The sandbox of steps: bubblewrap, where the machine allows it. */
#ifndef WL_SANDBOX_H
#define WL_SANDBOX_H

#include "util/str.h"

#include <stdbool.h>

/* Where the steps see their box. */
#define SANDBOX_ROOT "/wl"

/* Whether bubblewrap works here; if not, *why gives the reason (the caller frees it). The result is cached in the
 * directory cache (NULL: it is tried each time) for as long as program, user, mount namespace and boot are the same. */
bool sandbox_works(const char *cache, char **why);

struct sandbox {
    const char *dir;           /* seen as SANDBOX_ROOT, writable */
    const char *stage;         /* seen read-only as SANDBOX_ROOT/stage; NULL: that of dir */
    const struct strv *mounts; /* pairs: a file or directory of this machine, and where it is seen, read-only */
    const struct strv *shared; /* the same, writable */
    int user;                  /* who the program seems to be; 0: who it is */
    bool network;              /* that of this machine; otherwise none */
    const char *preload;       /* a library that its programs load, but not bubblewrap; NULL: none */
    bool keep_terminal;        /* for a person's shell */
};

/* Adds the command that runs a program in the sandbox, without the program. */
void sandbox_command(const struct sandbox *s, struct strv *argv);

#endif
