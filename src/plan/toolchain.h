/* The compilers a build uses, and their identity, which is part of every key. */
#ifndef WL_TOOLCHAIN_H
#define WL_TOOLCHAIN_H

#include "recipe/recipe.h"
#include "util/err.h"

/* The LLVM that the tool asks Debian for; what its programs are called ends in it. */
#define WL_LLVM "22"

struct toolchain {
    enum toolchain_kind kind;
    char *sdk;           /* wasi-sdk's directory on this machine, or NULL: LLVM of the system and the sysroot port */
    int sdk_version;     /* 33; 0 without sdk */
    const char *target;  /* wasm32-wasip1; NULL for this machine */
    const char *compile; /* flags for compiling programs of the build machine that harden them; "" if none */
    const char *link;    /* flags for linking; "" if none */
    char *identity;      /* a text that changes if the output of the compiler could change */
};

/* Finds the toolchain for wasm: wasi-sdk in the directory sdk_root, or the system's LLVM when that is NULL. If
 * something is missing or too old, WL_E_TOOLCHAIN with a hint how to get it. cache is the cache directory, where the
 * version of a compiler is remembered until its file changes; NULL: the compiler is asked each time. */
int toolchain_find_wasi(const char *sdk_root, const char *cache, struct toolchain *t, struct wl_err *err);

/* Finds the machine's own compiler. */
int toolchain_find_native(const char *cache, struct toolchain *t, struct wl_err *err);

/* Finds the clang of the tool as a compiler for this machine, whatever compiles for wasm. */
int toolchain_find_clang(const char *cache, struct toolchain *t, struct wl_err *err);

/* Adds the paths of the programs that decide the identity of the system's toolchains. */
void toolchain_programs(struct strv *paths);

/* Whether the toolchain can build this recipe (min-sdk). */
int toolchain_check(const struct toolchain *t, const struct recipe *r, struct wl_err *err);

/* Adds CC, AR, ... as NAME=value. sdk and sysroot are the directories as the steps see them (NULL where there is none).
 */
void toolchain_env(const struct toolchain *t, const char *sdk, const char *sysroot, struct strv *env);

void toolchain_free(struct toolchain *t);

#endif
