#include "plan/toolchain.h"

#include "plan/memo.h"
#include "util/fs.h"
#include "util/hash.h"
#include "util/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Which wasi-sdk can be used: PEP 816 has CPython 3.11 on SDK 21; in 26 and 27 clang 20 hangs on CPython. */
enum { OLDEST_SDK = 21, CLANG_OF_OLDEST = 17, CLANG_WITH_FLAG = 19 };

static bool sdk_hangs(int version)
{
    return version == 26 || version == 27;
}

/* Objects for WASI do not name the compiler: its version has the revision of the package that it comes from, so the
 * same source would give other bytes where clang is of another release of the distribution. */
#define NO_IDENT "-Qn"

/* Programs of the build machine read sources, modules and archives that nobody has checked. So they are all compiled
 * and linked to be at an address that nobody can guess, with tables that cannot be written after the start, checked
 * stacks and copies, and functions that only a call can reach. tests/e2e/hardening.sh looks at them. host/meson.build
 * and tools/aot/flags.c have the same for what is compiled without this tool, or for other machines. */
#if defined __x86_64__
#define HARDEN_CALLS " -fcf-protection=full"
#elif defined __aarch64__
#define HARDEN_CALLS " -mbranch-protection=standard"
#else
#define HARDEN_CALLS ""
#endif
static const char harden_compile[] =
    "-fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2" HARDEN_CALLS;
/* (Not -pie: behind -shared it would make a program of a library. Compilers link programs that way by themselves.) */
static const char harden_link[] = "-Wl,-z,relro,-z,now,-z,noexecstack";

static char *ask_version(const char *program, struct wl_err *err)
{
    char *argv[] = {(char *)program, "--version", NULL}, *text = NULL;
    struct run r = {.argv = argv, .timeout_ms = 20000};
    int status;

    if (run_capture(&r, &status, &text, err) < 0)
        return NULL;
    if (status == 0)
        return text;
    free(text);
    wl_err_set(err, WL_E_TOOLCHAIN, "%s --version ends with status %d", program, status);
    wl_err_hint(err, "it cannot run on this machine: install it again");
    return NULL;
}

/* What `program --version` says. Starting clang takes longer than everything else in a build that has nothing to do, so
 * the answer is cached until the file changes. NULL: err says why. The caller frees it. */
static char *program_version(const char *program, const char *cache, struct wl_err *err)
{
    WL_CLEANUP_FREE char *path = run_which(program), *file = path ? memo_file_identity(path) : NULL;
    WL_CLEANUP_FREE char *question = file ? xasprintf("version %s", file) : NULL;
    char *text = cache && question ? memo_get(cache, question) : NULL;

    if (text)
        return text;
    text = ask_version(program, err);
    if (text && cache && question)
        memo_put(cache, question, text);
    return text;
}

static int missing(struct wl_err *err, const char *program, const char *package)
{
    wl_err_set(err, WL_E_TOOLCHAIN, "there is no %s on this machine", program);
    return wl_err_hint(err, "install it (Debian: apt-get install %s)%s; wl-make doctor checks everything", package,
                       starts_with(program, "clang") ? ", or set WASI_SDK_ROOT to a wasi-sdk" : "");
}

static int clang_major(const char *version_text)
{
    const char *v = strstr(version_text, "clang version ");

    return v ? atoi(v + strlen("clang version ")) : 0;
}

/* Flags for linking. If clang finds a wasm-opt on the machine, it runs it on the linked module: the result would depend
 * on the machine, and take minutes. Older clangs do that too, but have no flag against it. */
static const char *link_flags(const char *version_text)
{
    return clang_major(version_text) >= CLANG_WITH_FLAG ? "--no-wasm-opt" : "";
}

/* The version of the system's clang, if all of LLVM is there that ports are built with; otherwise NULL, and err says
 * why. */
static char *find_system_llvm(const char *cache, struct wl_err *err)
{
    static const char *const programs[][2] = {{"clang-" WL_LLVM, "clang-" WL_LLVM},
                                              {"wasm-ld-" WL_LLVM, "lld-" WL_LLVM},
                                              {"llvm-ar-" WL_LLVM, "llvm-" WL_LLVM},
                                              {"llvm-strip-" WL_LLVM, "llvm-" WL_LLVM}};

    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        WL_CLEANUP_FREE char *path = run_which(programs[i][0]);

        if (!path) {
            missing(err, programs[i][0], programs[i][1]);
            return NULL;
        }
    }
    return program_version(programs[0][0], cache, err);
}

/* The SDK's number: from its VERSION file, whose first number it is ("33.0"). 0: it does not say. */
static int read_sdk_version(const char *root, char **text)
{
    WL_CLEANUP_FREE char *file = path_join(root, "VERSION");
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    if (file_read(file, 1 << 16, text, NULL, &ignored) < 0) {
        *text = xstrdup("");
        return 0;
    }
    return atoi(*text + strcspn(*text, "0123456789"));
}

/* SDKs before 20 or so have no VERSION file: clang's own number tells whether it is old. */
static int find_sdk(const char *root, const char *cache, struct toolchain *t, struct wl_err *err)
{
    WL_CLEANUP_FREE char *clang = path_join(root, "bin/clang"), *version = NULL, *sdk_text = NULL;
    static const char *const targets[] = {"wasm32-wasip1", "wasm32-wasi"};
    char libc_hash[HASH_HEX_SIZE] = "";
    int r;

    if (!path_is_dir(root)) {
        wl_err_set(err, WL_E_TOOLCHAIN, "WASI_SDK_ROOT is %s, but there is no such directory", root);
        return wl_err_hint(err, "set it to an unpacked wasi-sdk, or unset it to use the system's LLVM");
    }
    if (!path_exists(clang)) {
        wl_err_set(err, WL_E_TOOLCHAIN, "WASI_SDK_ROOT is %s, but that holds no bin/clang", root);
        return wl_err_hint(err, "set it to an unpacked wasi-sdk, or unset it to use the system's LLVM");
    }
    version = program_version(clang, cache, err);
    if (!version)
        return -(int)err->cls;
    t->sdk_version = read_sdk_version(root, &sdk_text);
    if (t->sdk_version ? t->sdk_version < OLDEST_SDK : clang_major(version) < CLANG_OF_OLDEST) {
        if (t->sdk_version)
            wl_err_set(err, WL_E_TOOLCHAIN, "the wasi-sdk at %s is version %d; the oldest that can build CPython is %d",
                       root, t->sdk_version, OLDEST_SDK);
        else
            wl_err_set(err, WL_E_TOOLCHAIN, "the wasi-sdk at %s has clang %d; the oldest that can build CPython has %d",
                       root, clang_major(version), CLANG_OF_OLDEST);
        return wl_err_hint(err, "set WASI_SDK_ROOT to a newer wasi-sdk, or unset it to use the system's LLVM");
    }
    if (sdk_hangs(t->sdk_version)) {
        wl_err_set(err, WL_E_TOOLCHAIN, "the wasi-sdk at %s is version %d, whose clang 20 hangs on CPython", root,
                   t->sdk_version);
        return wl_err_hint(err, "set WASI_SDK_ROOT to version 25, or 28 and later");
    }
    for (size_t i = 0; i < sizeof targets / sizeof *targets && !t->target; i++) {
        WL_CLEANUP_FREE char *libc = xasprintf("%s/share/wasi-sysroot/lib/%s/libc.a", root, targets[i]);

        if (!path_exists(libc))
            continue;
        r = hash_file(libc, libc_hash, err);
        if (r < 0)
            return r;
        t->target = targets[i];
    }
    if (!t->target) {
        wl_err_set(err, WL_E_TOOLCHAIN, "the wasi-sdk at %s has no share/wasi-sysroot for wasm32-wasip1", root);
        return wl_err_hint(err, "unpack the whole wasi-sdk, not only its compiler");
    }
    t->sdk = path_absolute(root);
    t->compile = "";
    t->link = link_flags(version);
    t->identity = xasprintf("wasi-sdk\n%s\n%s\n%s\n%s\n%s", sdk_text, version, t->target, libc_hash, NO_IDENT);
    return 0;
}

int toolchain_find_wasi(const char *sdk_root, const char *cache, struct toolchain *t, struct wl_err *err)
{
    WL_CLEANUP_FREE char *version = NULL;

    *t = (struct toolchain){.kind = TOOLCHAIN_WASI};
    if (sdk_root)
        return find_sdk(sdk_root, cache, t, err);
    version = find_system_llvm(cache, err);
    if (!version)
        return -(int)err->cls;
    t->target = "wasm32-wasip1";
    t->compile = "";
    t->link = link_flags(version);
    t->identity = xasprintf("llvm\n%s\n%s", version, NO_IDENT);
    return 0;
}

/* The C library that native programs are linked with, and its version: what was linked with one may not run with an
 * older one, and machines can share a store. The caller frees it. */
static char *c_library(void)
{
    size_t n = confstr(_CS_GNU_LIBC_VERSION, NULL, 0);
    char *name = n ? xcalloc(n, 1) : xstrdup("another C library");

    if (n)
        confstr(_CS_GNU_LIBC_VERSION, name, n);
    return name;
}

int toolchain_find_clang(const char *cache, struct toolchain *t, struct wl_err *err)
{
    WL_CLEANUP_FREE char *version = find_system_llvm(cache, err), *libc = c_library();

    *t = (struct toolchain){.kind = TOOLCHAIN_CLANG, .compile = "", .link = ""};
    if (!version)
        return -(int)err->cls;
    t->identity = xasprintf("clang\n%s\n%s", version, libc);
    return 0;
}

int toolchain_find_native(const char *cache, struct toolchain *t, struct wl_err *err)
{
    WL_CLEANUP_FREE char *cc = run_which("cc"), *make = run_which("make"), *version = NULL, *libc = c_library();

    *t = (struct toolchain){.kind = TOOLCHAIN_NATIVE};
    if (!cc)
        return missing(err, "cc", "build-essential");
    if (!make)
        return missing(err, "make", "make");
    version = program_version("cc", cache, err);
    if (!version)
        return -(int)err->cls;
    t->compile = harden_compile;
    t->link = harden_link;
    t->identity = xasprintf("native\n%s\n%s\n%s %s", version, libc, t->compile, t->link);
    return 0;
}

void toolchain_programs(struct strv *paths)
{
    static const char *const programs[] = {"clang-" WL_LLVM, "cc"};

    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        char *path = run_which(programs[i]);

        if (path)
            strv_take(paths, path);
    }
}

int toolchain_check(const struct toolchain *t, const struct recipe *r, struct wl_err *err)
{
    if (!t->sdk_version || t->sdk_version >= r->min_sdk)
        return 0;
    wl_err_set(err, WL_E_TOOLCHAIN, "%s needs wasi-sdk %d or later; WASI_SDK_ROOT is version %d", r->name, r->min_sdk,
               t->sdk_version);
    return wl_err_hint(err, "set WASI_SDK_ROOT to a newer wasi-sdk, or unset it to use the system's LLVM");
}

void toolchain_env(const struct toolchain *t, const char *sdk, const char *sysroot, struct strv *env)
{
    if (t->kind == TOOLCHAIN_NATIVE) {
        static const char *const native[] = {"CC=cc", "CXX=c++",     "AR=ar", "RANLIB=ranlib",
                                             "NM=nm", "STRIP=strip", "LD=ld", "CC_FOR_BUILD=cc"};

        for (size_t i = 0; i < sizeof native / sizeof *native; i++)
            strv_add(env, native[i]);
    } else if (t->kind == TOOLCHAIN_CLANG) {
        static const char *const clang[] = {
            "CC=clang-" WL_LLVM,   "CXX=clang++-" WL_LLVM,      "AR=llvm-ar-" WL_LLVM, "RANLIB=llvm-ranlib-" WL_LLVM,
            "NM=llvm-nm-" WL_LLVM, "STRIP=llvm-strip-" WL_LLVM, "LD=ld.lld-" WL_LLVM,  "CC_FOR_BUILD=cc"};

        for (size_t i = 0; i < sizeof clang / sizeof *clang; i++)
            strv_add(env, clang[i]);
    } else if (t->kind == TOOLCHAIN_WASI) {
        WL_CLEANUP_FREE char *bin = sdk ? xasprintf("%s/bin/", sdk) : xstrdup("");
        WL_CLEANUP_FREE char *root = sdk ? xasprintf("%s/share/wasi-sysroot", sdk) : xstrdup(sysroot);
        const char *suffix = sdk ? "" : "-" WL_LLVM;

        strv_addf(env, "CC=%sclang%s " NO_IDENT " --target=%s --sysroot=%s", bin, suffix, t->target, root);
        strv_addf(env, "CXX=%sclang++%s " NO_IDENT " --target=%s --sysroot=%s", bin, suffix, t->target, root);
        strv_addf(env, "AR=%sllvm-ar%s", bin, suffix);
        strv_addf(env, "RANLIB=%sllvm-ranlib%s", bin, suffix);
        strv_addf(env, "NM=%sllvm-nm%s", bin, suffix);
        strv_addf(env, "STRIP=%sllvm-strip%s", bin, suffix);
        strv_addf(env, "LD=%swasm-ld%s", bin, suffix);
        strv_addf(env, "TARGET=%s", t->target);
        strv_add(env, "CC_FOR_BUILD=cc");
    }
}

void toolchain_free(struct toolchain *t)
{
    free(t->sdk);
    free(t->identity);
    *t = (struct toolchain){0};
}
