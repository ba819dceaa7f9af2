#include "aot/aot.h"

#include "make/box.h"
#include "plan/toolchain.h"
#include "recipe/known_ports.h"
#include "util/clock.h"
#include "util/fs.h"
#include "util/run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLANG "clang-" WL_LLVM
#define PROFDATA "llvm-profdata-" WL_LLVM

/* How many files wasm2c writes: each function is in one of them, and a file is compiled by one process. */
#define PARTS "24"
/* What build.mk says after each of them, and before it links. */
#define COMPILED "compiled guest"
#define LINKING "linking"

void aot_ports(struct strv *names)
{
    strv_add_once(names, WABT_PORT);
    strv_add_once(names, MUSL_PORT);
}

/* What every program is compiled with. */
#define PROFILES "native/profiles"

/* Where it is in the artifact. */
static const char *place(const struct aot *a)
{
    return a->library ? "lib/guest.so" : "bin/program";
}

/* Of aot.sh. */
enum { STATUS_NOT_FIT = 3 };
enum { LAST_LINES = 15, MOST_LINE = 4096, MOST_OUTPUT = 256 << 10 };

/* The most of processor time, of memory and of a file that a process may take: so much, and so much more for each MB of
 * the module. A Python takes a tenth of it on a quick machine. */
enum { SECONDS = 600, SECONDS_MB = 300, FILE_LEAST_MB = 16, FILE_MB = 64 };
#define MEMORY (4ull << 30)
#define MEMORY_MB (256ull << 20)

char *aot_name(const char *module)
{
    const char *base = path_base(module);
    char *name = xstrndup(base, strlen(base) - (ends_with(base, ".wasm") && strlen(base) > 5 ? 5 : 0));

    for (char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".-_", *p))
            *p = '_';
    /* (These two are no names of files.) */
    if (!strcmp(name, ".") || !strcmp(name, ".."))
        memset(name, '_', strlen(name));
    return name;
}

/* What the artifacts that it is made with are themselves made from. */
static int hash_ports(const struct aot *a, struct hash *h, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv names = {0};

    aot_ports(&names);
    for (size_t i = 0; i < names.n; i++) {
        const struct node *n = plan_find(a->plan, names.v[i]);

        if (!n)
            return wl_err_set(err, WL_E_FAILED, "%s is not in the plan", names.v[i]);
        hash_field(h, names.v[i], n->key);
    }
    return 0;
}

int aot_key(const struct aot *a, const char *module, const char *name, char key[HASH_HEX_SIZE], struct wl_err *err)
{
    static const char *const parts[] = {"host/native",      "host/cli",         "host/core",   "host/wasi",
                                        "host/interrupt.c", "host/interrupt.h", "host/wasm.h", "host/wlpy.h"};
    WL_CLEANUP_FREE char *clang = run_which(CLANG);
    char profile[HASH_HEX_SIZE] = "none";
    struct toolchain t = {0};
    struct hash *h;
    int r;

    if (!clang) {
        wl_err_set(err, WL_E_TOOLCHAIN, "%s is not installed, which compiles native programs", CLANG);
        return wl_err_hint(err, "install the package %s", CLANG);
    }
    if (a->profile && strcmp(a->profile, "none") != 0 && hash_file(a->profile, profile, err) < 0) {
        err->cls = WL_E_USAGE;
        return wl_err_hint(err, "--profile takes a file that wl-make profile --native wrote, or none");
    }
    r = toolchain_find_wasi(NULL, a->store->cache, &t, err);
    if (r < 0)
        return r;
    h = hash_new();
    hash_field(h, "aot", "4");
    hash_field(h, "module", module);
    hash_field(h, "name", name);
    hash_field(h, "compiler", t.identity);
    hash_field(h, "parts", PARTS);
    hash_field(h, "result", place(a));
    hash_field(h, "cpu", a->cpu ? a->cpu : "");
    hash_field(h, "profile", a->profile ? profile : "default");
    toolchain_free(&t);
    r = hash_ports(a, h, err);
    for (size_t i = 0; r == 0 && i < sizeof parts / sizeof *parts; i++) {
        WL_CLEANUP_FREE char *path = path_join(a->repo, parts[i]);
        char hex[HASH_HEX_SIZE];

        r = hash_tree(path, hex, err);
        if (r == 0)
            hash_field(h, parts[i], hex);
    }
    hash_end(h, key);
    return r;
}

char *aot_result(const struct aot *a, const char *key)
{
    WL_CLEANUP_FREE char *artifact = store_path(a->store, key);

    return path_join(artifact, place(a));
}

static void tell(const struct aot *a, enum event_kind kind, const char *name, const char *text, double seconds)
{
    a->events->emit(a->events->data, &(struct event){.kind = kind,
                                                     .port = name,
                                                     .text = text,
                                                     .length = text ? strlen(text) : 0,
                                                     .index = 1,
                                                     .count = 1,
                                                     .seconds = seconds});
}

/* What a line of output can mean for the error. */
enum trouble { NONE, NO_SPACE, TOO_LONG, TOO_MUCH_MEMORY, TOO_LARGE_FILE };

static enum trouble trouble_of(const char *line)
{
    static const struct {
        const char *text;
        enum trouble it;
    } known[] = {
        {"No space left on device", NO_SPACE},
        {"CPU time limit exceeded", TOO_LONG},
        {"needed more time than it may have", TOO_LONG},
        {"File size limit exceeded", TOO_LARGE_FILE},
        {"would have written a larger file than it may", TOO_LARGE_FILE},
        {"needed more memory or stack than it may have", TOO_MUCH_MEMORY},
        {"out of memory", TOO_MUCH_MEMORY},
        {"bad_alloc", TOO_MUCH_MEMORY},
        {"Cannot allocate memory", TOO_MUCH_MEMORY},
        {"failed to map segment", TOO_MUCH_MEMORY},
        {"Segmentation fault", TOO_MUCH_MEMORY},
        {"Killed", TOO_MUCH_MEMORY},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(line, known[i].text))
            return known[i].it;
    return NONE;
}

struct listener {
    const struct aot *a;
    const char *name;
    struct str line;   /* the one that is not at its end yet */
    struct str output; /* the end of it */
    enum trouble trouble;
    int compiled;
};

static void end_line(struct listener *l)
{
    const char *line = l->line.s ? l->line.s : "";

    if (starts_with(line, COMPILED)) {
        WL_CLEANUP_FREE char *phase = xasprintf("%d of " PARTS " files compiled", ++l->compiled);

        tell(l->a, EVENT_PHASE, l->name, phase, 0);
    } else if (starts_with(line, LINKING)) {
        tell(l->a, EVENT_PHASE, l->name, "optimising as a whole and linking", 0);
    } else if (l->trouble == NONE) {
        l->trouble = trouble_of(line);
    }
    str_addf(&l->output, "%s\n", line);
    if (l->output.len > MOST_OUTPUT) {
        memmove(l->output.s, l->output.s + l->output.len - MOST_OUTPUT / 2, MOST_OUTPUT / 2 + 1);
        l->output.len = MOST_OUTPUT / 2;
    }
    str_free(&l->line);
}

/* Keeps the end of the output, and tells of each file that has been compiled. */
static void listen(void *data, const char *text, size_t n)
{
    struct listener *l = data;

    l->a->events->emit(l->a->events->data,
                       &(struct event){.kind = EVENT_OUTPUT, .port = l->name, .text = text, .length = n});
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\n')
            end_line(l);
        else if (l->line.len < MOST_LINE)
            str_addc(&l->line, text[i]);
}

static int failed(const struct listener *l, int status, const char *log, struct wl_err *err)
{
    static const char *const what[] = {[TOO_LONG] = "a process took more processor time than its limit",
                                       [TOO_MUCH_MEMORY] =
                                           "a process took more memory or stack than its limit, or was killed",
                                       [TOO_LARGE_FILE] = "a file would have been larger than its limit"};
    const char *output = l->output.s ? l->output.s : "";
    WL_CLEANUP_FREE char *line = last_line(output);

    if (status == STATUS_NOT_FIT) {
        wl_err_set(err, WL_E_USAGE, "%s", line);
        return wl_err_hint(err, "docs/native.md says which modules can be translated");
    }
    if (l->trouble == NO_SPACE) {
        wl_err_set(err, WL_E_IO, "%s was not compiled: no space left on the disk of the cache", l->name);
        return wl_err_hint(err, "free some, or name another with --cache-dir");
    }
    if (l->trouble != NONE) {
        wl_err_set(err, WL_E_FAILED, "%s was not compiled: %s; the output is %s", l->name, what[l->trouble], log);
        return wl_err_hint(err, l->trouble == TOO_LARGE_FILE
                                    ? "docs/native.md tells the limits; this one grows with the module"
                                    : "docs/native.md tells the limits; wl-make aot raises them by --max-compile-time "
                                      "and --max-compile-memory");
    }
    tell(l->a, EVENT_FAILED, l->name, last_lines(output, l->output.len, LAST_LINES), 0);
    return wl_err_set(err, WL_E_FAILED, "%s was not compiled; the whole output is %s", l->name, log);
}

/* Puts the result where the artifact has it: as a copy, which starts sooner than what the linker has written page by
 * page (fs.c). */
static int stage(const struct aot *a, const struct store_work *w, struct wl_err *err)
{
    WL_CLEANUP_FREE char *from = xasprintf("%s/build/%s", w->dir, path_base(place(a))), *artifact = store_stage(w);
    WL_CLEANUP_FREE char *to = path_join(artifact, place(a)), *dir = path_dir(to);
    struct stat st;
    int r = make_dirs(dir, err);

    if (r == 0 && (lstat(from, &st) < 0 || !S_ISREG(st.st_mode)))
        return wl_err_set(err, WL_E_FAILED, "the compiler has written no %s", from);
    return r < 0 ? r : copy_tree(from, to, err);
}

/* Shows something of this machine in the box as NAME, read-only; gives its path as the steps see it. */
static int show(struct box *b, const char *path, const char *name, char **seen, struct wl_err *err)
{
    WL_CLEANUP_FREE char *here = path_join(b->dir, name);

    if (!b->sandboxed) {
        *seen = xstrdup(path);
        return 0;
    }
    *seen = path_join(b->root, name);
    strv_add(&b->mounts, path);
    strv_add(&b->mounts, *seen);
    return make_dirs(here, err);
}

/* Copies a file into the box: what was hashed is what is used, whatever becomes of the file meanwhile. */
static int take(struct box *b, const char *file, const char *sha256, const char *name, char **seen, struct wl_err *err)
{
    WL_CLEANUP_FREE char *here = path_join(b->dir, name), *dir = path_dir(here);
    char hex[HASH_HEX_SIZE];
    int r = make_dirs(dir, err);

    *seen = path_join(b->root, name);
    if (r == 0)
        r = copy_tree(file, here, err);
    if (r == 0 && sha256)
        r = hash_file(here, hex, err);
    if (r == 0 && sha256 && strcmp(hex, sha256) != 0) {
        wl_err_set(err, WL_E_FAILED, "%s has changed while it was read", file);
        return wl_err_hint(err, "run it again when nothing writes to that file");
    }
    return r;
}

/* The profiles that clang is given, a line each; host is where the steps see that folder. */
static int profiles(const struct aot *a, struct box *b, const char *host, char **files, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_join(a->repo, "host/" PROFILES), *seen = NULL;
    WL_CLEANUP_STRV struct strv names = {0};
    struct str list = {0};
    int r = 0;

    if (!a->profile)
        r = dir_list(dir, &names, err);
    else if (strcmp(a->profile, "none") != 0) {
        const char *base = strchr(path_base(a->profile), '\n') ? "profile" : path_base(a->profile);
        WL_CLEANUP_FREE char *name = xasprintf("src/profile/%s", base);

        r = take(b, a->profile, NULL, name, &seen, err);
        str_add(&list, seen);
    }
    for (size_t i = 0; i < names.n; i++)
        if (ends_with(names.v[i], ".xz"))
            str_addf(&list, "%s/" PROFILES "/%s\n", host, names.v[i]);
    *files = list.s ? list.s : xstrdup("");
    return r;
}

/* As the shell sets them; where less is allowed already, that stays. */
static void add_limits(const struct aot *a, unsigned long long module_size, struct str *run)
{
    unsigned long long mb = (module_size >> 20) + 1;
    unsigned long long seconds = a->max_seconds ? a->max_seconds : SECONDS + SECONDS_MB * mb;
    unsigned long long memory = a->max_memory ? a->max_memory : MEMORY + MEMORY_MB * mb;

    str_addf(run,
             "for limit in 'c 0' 'v %llu' 'f %llu' 'Ht %llu' 'St %llu'; do ulimit -$limit 2>/dev/null || :; done\n",
             memory >> 10, (FILE_LEAST_MB + FILE_MB * mb) * 2048, seconds + 10, seconds);
}

static void add_word(struct str *run, const char *word)
{
    WL_CLEANUP_FREE char *quoted = shell_quote(word);

    str_addf(run, " %s", quoted);
}

/* Makes the box, with what the step needs, and the step. */
static int prepare(const struct aot *a, struct box *b, const char *module, const char *sha256, const char *name,
                   struct str *run, struct wl_err *err)
{
    static const char *const folders[] = {"build", "home", "tmp"};
    const struct node *wabt = plan_find(a->plan, WABT_PORT), *musl = plan_find(a->plan, MUSL_PORT);
    WL_CLEANUP_FREE char *host_here = path_join(a->repo, "host"), *wabt_here = store_path(a->store, wabt->key),
                         *musl_here = store_path(a->store, musl->key), *host = NULL, *wabt_seen = NULL,
                         *musl_seen = NULL, *given = NULL, *files = NULL, *script = NULL, *copy = NULL;
    struct stat st = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof folders / sizeof *folders; i++) {
        WL_CLEANUP_FREE char *folder = path_join(b->dir, folders[i]);

        r = make_dirs(folder, err);
    }
    if (r == 0)
        r = show(b, host_here, "host", &host, err);
    if (r == 0)
        r = show(b, wabt_here, "needs/wabt", &wabt_seen, err);
    if (r == 0)
        r = show(b, musl_here, "needs/musl", &musl_seen, err);
    if (r == 0)
        r = take(b, module, sha256, "src/module.wasm", &given, err);
    if (r == 0)
        r = profiles(a, b, host, &files, err);
    if (r < 0)
        return r;
    copy = path_join(b->dir, "src/module.wasm");
    stat(copy, &st);
    script = path_join(host, "native/make/aot.sh");
    add_limits(a, (unsigned long long)st.st_size, run);
    str_add(run, "sh");
    for (const char *const *word =
             (const char *const[]){script, wabt_seen, given, name, PARTS, path_base(place(a)), NULL};
         *word; word++)
        add_word(run, *word);
    str_add(run, " -s");
    for (const char *const *word =
             (const char *const[]){"MUSL=", musl_seen, a->cpu ? "CFLAGS=-march=" : NULL, a->cpu, NULL};
         *word; word += 2) {
        WL_CLEANUP_FREE char *both = xasprintf("%s%s", word[0], word[1]);

        add_word(run, both);
    }
    str_addf(run, " -j%d LDFLAGS=-Wl,--thinlto-jobs=%d || { echo $? >../status; exit 1; }\n", a->jobs, a->jobs);
    strv_add(&b->env, "PATH=/usr/local/bin:/usr/bin:/bin");
    strv_add(&b->env, "LC_ALL=C.UTF-8");
    strv_addf(&b->env, "HOME=%s/home", b->root);
    strv_addf(&b->env, "TMPDIR=%s/tmp", b->root);
    strv_add(&b->env, "CC=" CLANG " -fno-crash-diagnostics");
    strv_add(&b->env, "LLVM_PROFDATA=" PROFDATA);
    strv_addf(&b->env, "PROFILES=%s", files);
    return 0;
}

/* The exit status of aot.sh; 0: it was not told. */
static int status_of(const struct box *b)
{
    WL_CLEANUP_FREE char *file = path_join(b->dir, "status"), *text = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;

    return file_read(file, 64, &text, NULL, &ignored) == 0 ? atoi(text) : 0;
}

static int compile(const struct aot *a, const struct store_work *w, const char *module, const char *sha256,
                   const char *name, struct wl_err *err)
{
    WL_CLEANUP_FREE char *port = xasprintf("native/%s", name), *logs = store_log_dir(a->store, port, w->name),
                         *log = path_join(logs, "compile.log");
    struct box b = {.dir = xstrdup(w->dir), .root = xstrdup(a->sandboxed ? "/wl" : w->dir), .sandboxed = a->sandboxed};
    struct listener l = {.a = a, .name = name};
    struct str run = {0};
    int r = prepare(a, &b, module, sha256, name, &run, err);

    if (r == 0 && a->no_sandbox)
        a->events->emit(a->events->data, &(struct event){.kind = EVENT_UNBOXED, .text = a->no_sandbox});
    if (r == 0)
        r = box_run(&b,
                    &(struct box_step){.what = "compiling",
                                       .name = name,
                                       .run = run.s,
                                       .log = log,
                                       .lock_fd = w->lock,
                                       .cancel = a->cancel,
                                       .on_output = listen,
                                       .data = &l},
                    err);
    if (l.line.len)
        end_line(&l);
    if (r == -WL_E_FAILED && run.s)
        r = failed(&l, status_of(&b), log, err);
    str_free(&run);
    str_free(&l.line);
    str_free(&l.output);
    box_free(&b);
    return r < 0 ? r : stage(a, w, err);
}

static void tell_wait(void *data)
{
    const struct aot *a = data;

    events_note(a->events, "another wl-make is compiling the same module; waiting for it");
}

static void tell_damage(void *data, const char *what)
{
    const struct aot *a = data;
    WL_CLEANUP_FREE char *text = xasprintf("the stored native program is damaged (%s); making it again", what);

    events_note(a->events, text);
}

/* What the artifact is made from. */
static int describe(const struct aot *a, const struct store_work *w, const char *module, const char *name,
                    struct manifest *m, struct wl_err *err)
{
    WL_CLEANUP_FREE char *copy = path_join(w->dir, "src/module.wasm");
    WL_CLEANUP_STRV struct strv ports = {0};
    struct toolchain t = {0};
    char hex[HASH_HEX_SIZE];
    int r = hash_file(copy, hex, err);

    if (r == 0)
        r = toolchain_find_wasi(NULL, a->store->cache, &t, err);
    if (r < 0)
        return r;
    m->kind = xstrdup("native");
    m->name = xstrdup(name);
    m->toolchain = xstrdup(t.identity);
    manifest_add_source(m, path_base(module), hex, NULL);
    aot_ports(&ports);
    for (size_t i = 0; i < ports.n; i++)
        manifest_add_need(m, ports.v[i], plan_find(a->plan, ports.v[i])->key, "build");
    toolchain_free(&t);
    return 0;
}

static int make(const struct aot *a, struct store_work *w, const char *module, const char *sha256, const char *name,
                struct wl_err *err)
{
    WL_CLEANUP_MANIFEST struct manifest made = {0};
    double start = clock_seconds();
    int r;

    tell(a, EVENT_PLANNED, name, NULL, 0);
    tell(a, EVENT_START, name, NULL, 0);
    tell(a, EVENT_PHASE, name, "translating to C, this once (a Python takes minutes)", 0);
    r = compile(a, w, module, sha256, name, err);
    if (r == 0)
        r = describe(a, w, module, name, &made, err);
    if (r == 0)
        r = store_commit(w, &made, err);
    tell(a, r == 0 ? EVENT_DONE : EVENT_FAILED, name, NULL, clock_seconds() - start);
    return r;
}

int aot_there(const struct aot *a, const char *key, struct wl_err *err)
{
    WL_CLEANUP_FREE char *damage = NULL;
    int r = store_check(a->store, key, &damage, err);

    if (damage)
        tell_damage((void *)a, damage);
    return r;
}

int aot_make(const struct aot *a, const char *key, const char *module, const char *sha256, const char *name,
             struct wl_err *err)
{
    const struct store_calls calls = {
        .cancel = a->cancel, .on_wait = tell_wait, .on_damage = tell_damage, .data = (void *)a};
    struct store_work w;
    int r = aot_there(a, key, err);

    if (r != 0)
        return r < 0 ? r : 0;
    r = store_begin(&w, a->store, key, &calls, err);
    if (r == 0)
        r = make(a, &w, module, sha256, name, err);
    work_end(&w, false);
    return r < 0 ? r : 0;
}
