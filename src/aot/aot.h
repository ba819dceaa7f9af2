/* Makes a native program or a library of a module: the program in the port toolchain/aot does it, in boxes.
 *
 * There are two artifacts. The translation is the native code of the module, which takes minutes for a Python: its key
 * is made from the module's bytes, the translator and the compiler. The program or library is linked of the translation
 * and the host's objects (port toolchain/aot-host), in a second. So a change of the host translates nothing again. */
#ifndef WL_AOT_H
#define WL_AOT_H

#include "aot/target.h"
#include "make/make.h"
#include "plan/plan.h"
#include "util/err.h"
#include "util/hash.h"
#include "util/str.h"

#include <stdbool.h>

struct aot {
    const struct make_options *o;
    const struct plan *plan;         /* has those ports, with their keys */
    bool library;                    /* instead of a program */
    const char *profile;             /* a profile for clang; NULL: those of the port, "none": none */
    const struct aot_target *target; /* NULL: for this machine */
    const char *cpu;                 /* for which processor, as clang names it; NULL: any of the machine's kind */
    /* The most that each process may take of processor time and of memory; 0: by the size of the module
     * (docs/native.md). */
    unsigned long long max_seconds, max_memory;

    /* What it is made of. */
    const char *module; /* a file; the program gets its name */
    const char *sha256; /* of its bytes, which are compared when they are read */
};

/* What a program calls itself: the module's file name without its ending, and without what C or a shell would stumble
 * over. The caller frees it. */
char *aot_name(const char *module);

/* Whether the compiler is installed; if not, WL_E_TOOLCHAIN. Ask before building the ports. */
int aot_find_compiler(struct wl_err *err);

/* What is made, or would be. */
struct aot_program {
    char key[HASH_HEX_SIZE], translation[HASH_HEX_SIZE];
    char profile[HASH_HEX_SIZE]; /* of the profile's bytes; "" where it is not a file */
    char *name, *compiler;       /* the compiler's identity */
};

/* Finds the keys. No compiler is WL_E_TOOLCHAIN, no such profile WL_E_USAGE. aot_program_free frees p, also after a
 * failure. */
int aot_find(const struct aot *a, struct aot_program *p, struct wl_err *err);
void aot_program_free(struct aot_program *p);

/* The path of the program, or of the library (a program for host/include/wlpy.h), in the store; it need not exist. The
 * caller frees it. */
char *aot_result(const struct aot *a, const struct aot_program *p);

/* Whether the module was translated before, so that only linking is left. The translation is not compared with its
 * manifest. */
bool aot_is_translated(const struct aot *a, const struct aot_program *p);

/* Whether the program exists and is intact: 1 yes, 0 no. A damaged one is removed, with a note as event. */
int aot_check(const struct aot *a, const struct aot_program *p, struct wl_err *err);

/* Makes it, unless it exists. A module that cannot be translated is WL_E_USAGE with the reason; one that takes too
 * much is WL_E_FAILED. */
int aot_make(const struct aot *a, const struct aot_program *p, struct wl_err *err);

#endif
