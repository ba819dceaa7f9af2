#include "make/box.h"

#include "make/extensions.h"
#include "plan/memo.h"
#include "recipe/known_ports.h"
#include "util/fs.h"
#include "util/run.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BOX_ROOT "/wl"

/* Folders of the machine that steps may read: programs and their libraries, nothing of anybody's home. */
static void add_system(struct strv *argv)
{
    static const char *const top[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

    strv_add(argv, "--ro-bind");
    strv_add(argv, "/usr");
    strv_add(argv, "/usr");
    for (size_t i = 0; i < sizeof top / sizeof *top; i++) {
        WL_CLEANUP_FREE char *target = link_target(top[i]);

        if (target) {
            strv_add(argv, "--symlink");
            strv_add(argv, target);
        } else if (path_is_dir(top[i])) {
            strv_add(argv, "--ro-bind");
            strv_add(argv, top[i]);
        } else {
            continue;
        }
        strv_add(argv, top[i]);
    }
    /* alternatives: cc and c++ are links through it on Debian. */
    for (const char *const *f = (const char *const[]){"/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf",
                                                      "/etc/ld.so.conf.d", NULL};
         *f; f++)
        if (path_exists(*f)) {
            strv_add(argv, "--ro-bind");
            strv_add(argv, *f);
            strv_add(argv, *f);
        }
    strv_add(argv, "--proc");
    strv_add(argv, "/proc");
    strv_add(argv, "--dev");
    strv_add(argv, "/dev");
    strv_add(argv, "--tmpfs");
    strv_add(argv, "/tmp");
}

/* What this process may do: its capabilities, and how many filters its system calls pass. A service or a container may
 * be refused namespaces in the mount namespace of everybody else. */
static char *own_rights(void)
{
    static const char *const fields[] = {"\nCapEff:", "\nNoNewPrivs:", "\nSeccomp:", "\nSeccomp_filters:"};
    WL_CLEANUP_FREE char *status = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct str rights = {0};

    if (file_read("/proc/self/status", 1 << 16, &status, NULL, &ignored) < 0)
        return xstrdup("?");
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *line = strstr(status, fields[i]), *value = line ? line + strlen(fields[i]) : "";

        value += strspn(value, " \t");
        str_addf(&rights, "%s%.*s", i ? "," : "", (int)strcspn(value, "\n"), value);
    }
    return str_take(&rights);
}

/* All that decides whether bubblewrap works, as far as it can be told without trying. */
static char *sandbox_question(const char *bwrap)
{
    WL_CLEANUP_FREE char *file = memo_file_identity(bwrap), *rights = own_rights(), *boot = NULL;
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    struct stat ns = {0};

    stat("/proc/self/ns/mnt", &ns);
    if (file_read("/proc/sys/kernel/random/boot_id", 256, &boot, NULL, &ignored) < 0)
        boot = xstrdup("?");
    return xasprintf("sandbox %s %u %llu %s %s", file ? file : bwrap, (unsigned)getuid(), (unsigned long long)ns.st_ino,
                     rights, boot);
}

bool box_can_sandbox(const char *cache, char **why)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *output = NULL, *bwrap = run_which("bwrap"), *question = NULL, *known = NULL;
    int status;

    *why = NULL;
    if (!bwrap) {
        *why = xstrdup("bubblewrap is not installed");
        return false;
    }
    question = sandbox_question(bwrap);
    known = cache ? memo_get(cache, question) : NULL;
    if (known)
        return true;
    strv_add(&argv, "bwrap");
    strv_add(&argv, "--unshare-all");
    strv_add(&argv, "--die-with-parent");
    add_system(&argv);
    strv_add(&argv, "true");
    if (run_capture(&(struct run){.argv = argv.v, .timeout_ms = 10000}, &status, &output, &err) < 0) {
        *why = xstrdup(err.text);
        return false;
    }
    if (status != 0) {
        output[strcspn(output, "\n")] = '\0';
        *why = xstrdup(*output ? output : "bubblewrap failed");
    } else if (cache)
        memo_put(cache, question, "yes");
    return status == 0;
}

/* NEED_LIBS_ZLIB for libs/zlib; NEED_BUILD_PYTHON for build-python/v3.11.2, or in full NEED_BUILD_PYTHON_V3_11_2. */
static char *variable_of(const char *port, bool full)
{
    const char *base = path_base(port);
    bool versioned = base != port && base[0] == 'v' && isdigit((unsigned char)base[1]);
    size_t n = versioned && !full ? (size_t)(base - port - 1) : strlen(port);
    struct str out = {0};

    str_add(&out, "NEED_");
    for (size_t i = 0; i < n; i++)
        str_addc(&out, isalnum((unsigned char)port[i]) ? (char)toupper((unsigned char)port[i]) : '_');
    return str_take(&out);
}

/* What the steps know a need by: in full where another one that is seen would have the same short name. */
static char *need_variable(const struct plan *p, size_t need, const bool *seen)
{
    char *name = variable_of(p->nodes[need].recipe->name, false);

    for (size_t i = 0; i < p->n; i++) {
        WL_CLEANUP_FREE char *other = i != need && seen[i] ? variable_of(p->nodes[i].recipe->name, false) : NULL;

        if (other && !strcmp(name, other)) {
            free(name);
            return variable_of(p->nodes[need].recipe->name, true);
        }
    }
    return name;
}

static char *folder_name(const char *port)
{
    char *s = xstrdup(port);

    for (char *p = s; *p; p++)
        if (*p == '/')
            *p = '-';
    return s;
}

/* Shows a folder of this machine in the box under ROOT/NAME; gives the path as the steps see it. */
static int show(struct box *b, const char *folder, const char *name, char **seen, struct wl_err *err)
{
    WL_CLEANUP_FREE char *here = path_join(b->dir, name);

    *seen = path_join(b->root, name);
    strv_add(&b->mounts, folder);
    strv_add(&b->mounts, *seen);
    if (b->sandboxed)
        return make_dirs(here, err);
    if (symlink(folder, here) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot make the link %s", here);
    return 0;
}

static long long epoch_of(const char *date)
{
    struct tm tm = {0};

    if (!*date || !strptime(date, "%Y-%m-%d", &tm))
        return 315532800; /* 1980-01-01, the first day a zip can tell */
    return (long long)timegm(&tm);
}

/* Where headers, libraries and .pc files of the linked needs are, as compiler flags. */
struct flags {
    struct str include, lib, pkgconfig;
};

/* Shows the artifact of a port, one of those seen; gives its path as the steps see it. */
static int show_need(struct box *b, const struct box_options *o, size_t need, const bool *seen, char **path,
                     struct wl_err *err)
{
    const struct node *n = &o->plan->nodes[need];
    WL_CLEANUP_FREE char *store = store_path(o->store, n->key), *folder = folder_name(n->recipe->name);
    WL_CLEANUP_FREE char *name = xasprintf("needs/%s", folder), *var = need_variable(o->plan, need, seen);
    WL_CLEANUP_FREE char *start = xasprintf("%s=", var);
    int r = 0;

    for (size_t i = 0; r == 0 && i < b->env.n; i++)
        if (starts_with(b->env.v[i], start))
            r = wl_err_set(err, WL_E_RECIPE, "%s needs two ports that its steps would both know as $%s: one is %s",
                           o->plan->nodes[o->node].recipe->name, var, n->recipe->name);
    if (r == 0)
        r = show(b, store, name, path, err);
    if (r == 0)
        strv_addf(&b->env, "%s%s", start, *path);
    return r;
}

/* Which ports the steps (or tests) of a port see: linked gets the libraries, seen those and all others. */
static void find_seen(const struct box_options *o, bool *linked, bool *seen)
{
    const struct node *node = &o->plan->nodes[o->node];

    plan_link_closure(o->plan, o->node, linked);
    memcpy(seen, linked, o->plan->n * sizeof *seen);
    for (size_t k = 0; k < node->needs_n; k++)
        if (node->needs[k].kind == NEED_BUILD || (node->needs[k].kind == NEED_TEST && o->for_tests))
            seen[node->needs[k].node] = true;
}

static int show_needs(struct box *b, const struct box_options *o, struct flags *f, char **sysroot, struct wl_err *err)
{
    bool *linked = xcalloc(o->plan->n, sizeof *linked), *seen = xcalloc(o->plan->n, sizeof *seen);
    const char *of = o->plan->nodes[o->node].recipe->flavour_of;
    int r = 0;

    find_seen(o, linked, seen);
    for (size_t i = 0; r == 0 && i < o->plan->n; i++) {
        const struct node *need = &o->plan->nodes[i];
        WL_CLEANUP_FREE char *path = NULL;

        if (!seen[i])
            continue;
        r = show_need(b, o, i, seen, &path, err);
        if (r < 0)
            break;
        if (!strcmp(need->recipe->name, SYSROOT_PORT))
            *sysroot = xstrdup(path);
        if (of && !strcmp(need->recipe->name, of))
            strv_addf(&b->env, "PLAIN=%s", path);
        if (linked[i]) {
            str_addf(&f->include, " -I%s/include", path);
            str_addf(&f->lib, " -L%s/lib", path);
            str_addf(&f->pkgconfig, "%s%s/lib/pkgconfig", f->pkgconfig.len ? ":" : "", path);
        }
    }
    free(linked);
    free(seen);
    return r;
}

static void add_variables(struct box *b, const struct box_options *o, const struct flags *f, int jobs)
{
    const struct recipe *r = o->plan->nodes[o->node].recipe;
    const struct toolchain *t = plan_toolchain(o->plan, &o->plan->nodes[o->node]);
    /* So that no debug information or assert() names a folder of this machine. */
    WL_CLEANUP_FREE char *map = xasprintf("-ffile-prefix-map=%s=" BOX_ROOT, b->root);
    static const char *const folders[][2] = {{"ROOT", ""},        {"SRC", "/src"},     {"BUILD", "/build"},
                                             {"STAGE", "/stage"}, {"FILES", "/files"}, {"HOME", "/home"},
                                             {"TMPDIR", "/tmp"}};

    strv_add(&b->env, "PATH=/usr/local/bin:/usr/bin:/bin");
    strv_add(&b->env, "LC_ALL=C.UTF-8");
    strv_add(&b->env, "TZ=UTC");
    strv_add(&b->env, "CONFIG_SITE=/dev/null");
    /* Where the sandbox does not keep it from that, a Python of the store would write byte code into its artifact,
     * which then is no longer what its manifest says. */
    if (!b->sandboxed)
        strv_add(&b->env, "PYTHONDONTWRITEBYTECODE=1");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        strv_addf(&b->env, "%s=%s%s", folders[i][0], b->root, folders[i][1]);
    strv_addf(&b->env, "SOURCE_DATE_EPOCH=%lld", epoch_of(r->date));
    strv_addf(&b->env, "PORT=%s", r->name);
    strv_addf(&b->env, "VERSION=%s", r->version);
    strv_addf(&b->env, "JOBS=%d", jobs);
    strv_addf(&b->env, "DEBUG=%s", o->debug ? "1" : "");
    strv_addf(&b->env, "EXTENSIONS=%s%s", r->extensions_n ? b->root : "", r->extensions_n ? "/" EXTENSIONS_RULES : "");
    strv_addf(&b->env, "CPPFLAGS=%s", f->include.s ? f->include.s + 1 : "");
    strv_addf(&b->env, "CFLAGS=-O2 %s%s", map, o->debug ? " -g" : "");
    strv_addf(&b->env, "CXXFLAGS=-O2 %s%s", map, o->debug ? " -g" : "");
    strv_addf(&b->env, "LDFLAGS=%s%s", t ? t->link : "", f->lib.s ? f->lib.s : "");
    /* An empty list would mean the machine's own .pc files. */
    strv_addf(&b->env, "PKG_CONFIG_LIBDIR=%s", f->pkgconfig.len ? f->pkgconfig.s : "/nonexistent");
    strv_add(&b->env, "PKG_CONFIG_PATH=");
    for (size_t i = 0; i < r->vars.n; i++) {
        WL_CLEANUP_FREE char *var = xasprintf("VAR_%s", r->vars.v[i]);

        for (char *p = var; *p && *p != '='; p++)
            *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
        strv_add(&b->env, var);
    }
    for (size_t i = 0; i < r->env.n; i++)
        strv_add(&b->env, r->env.v[i]);
}

static int copy_files(const struct strv *files, const char *dir, struct wl_err *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < files->n; i++) {
        WL_CLEANUP_FREE char *to = xasprintf("%s/files/%s", dir, path_base(files->v[i]));

        r = remove_tree(to, err);
        if (r == 0)
            r = copy_tree(files->v[i], to, err);
    }
    return r;
}

int box_make(struct box *b, const char *dir, const struct box_options *o, struct wl_err *err)
{
    static const char *const folders[] = {"src", "build", "stage", "files", "home", "tmp", "needs"};
    const struct node *node = &o->plan->nodes[o->node];
    const struct toolchain *t = plan_toolchain(o->plan, node);
    WL_CLEANUP_FREE char *sysroot = NULL, *sdk = NULL;
    struct flags f = {0};
    int r;

    *b = (struct box){.dir = xstrdup(dir), .root = xstrdup(o->sandboxed ? BOX_ROOT : dir), .sandboxed = o->sandboxed};
    if (!o->sandboxed && strpbrk(dir, " \t\n'\"$\\")) {
        wl_err_set(err, WL_E_IO,
                   "cannot build in %s without bubblewrap: make and configure scripts break on a path "
                   "with spaces or quotes",
                   dir);
        return wl_err_hint(err, "install bubblewrap, or name a plain folder with --cache-dir");
    }
    r = remove_tree(dir, err);
    for (size_t i = 0; r == 0 && i < sizeof folders / sizeof *folders; i++) {
        WL_CLEANUP_FREE char *folder = path_join(dir, folders[i]);

        r = make_dirs(folder, err);
    }
    if (r == 0)
        r = copy_files(&node->recipe->files, dir, err);
    if (r == 0 && o->for_tests)
        r = copy_files(&node->recipe->check_files, dir, err);
    if (r == 0 && t && t->sdk)
        r = show(b, t->sdk, "sdk", &sdk, err);
    if (r == 0)
        r = show_needs(b, o, &f, &sysroot, err);
    if (r == 0 && t)
        toolchain_env(t, sdk, sysroot, &b->env);
    if (r == 0)
        add_variables(b, o, &f, o->jobs ? o->jobs->n : 1);
    if (r == 0)
        r = extensions_write(node->recipe, dir, b->root, &b->env, err);
    if (r == 0 && o->jobs)
        strv_addf(&b->env, "MAKEFLAGS=%s", o->jobs->makeflags);
    if (r == 0 && o->for_tests) {
        b->stage_source = store_path(o->store, node->key);
        /* What nothing protects is a copy: tests may write where they should not. */
        if (!b->sandboxed) {
            WL_CLEANUP_FREE char *stage = path_join(dir, "stage");

            r = copy_tree(b->stage_source, stage, err);
        }
    }
    str_free(&f.include);
    str_free(&f.lib);
    str_free(&f.pkgconfig);
    return r;
}

/* After steps, which can write everywhere in the box: a folder of it that is not a link to some other place. */
static int own_folder(const struct box *b, const char *name, struct wl_err *err)
{
    WL_CLEANUP_FREE char *path = path_join(b->dir, name);
    struct stat st;
    int r = lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : remove_tree(path, err);

    return r < 0 ? r : make_dirs(path, err);
}

int box_for_checks(struct box *b, const struct box_options *o, struct wl_err *err)
{
    const struct node *node = &o->plan->nodes[o->node];
    bool *linked = xcalloc(o->plan->n, sizeof *linked), *seen = xcalloc(o->plan->n, sizeof *seen);
    bool *all = xcalloc(o->plan->n, sizeof *all);
    int r = own_folder(b, "files", err);

    if (r == 0)
        r = own_folder(b, "needs", err);
    if (r == 0)
        r = copy_files(&node->recipe->check_files, b->dir, err);
    find_seen(o, linked, seen);
    memcpy(all, seen, o->plan->n * sizeof *all);
    for (size_t k = 0; k < node->needs_n; k++)
        if (node->needs[k].kind == NEED_CHECK)
            all[node->needs[k].node] = true;
    for (size_t i = 0; r == 0 && i < o->plan->n; i++) {
        WL_CLEANUP_FREE char *path = NULL, *folder = folder_name(o->plan->nodes[i].recipe->name);
        WL_CLEANUP_FREE char *name = xasprintf("%s/needs/%s", b->dir, folder);

        if (!all[i] || seen[i])
            continue;
        r = remove_tree(name, err);
        if (r == 0)
            r = show_need(b, o, i, all, &path, err);
    }
    free(all);
    free(linked);
    free(seen);
    b->stage_source = path_join(b->dir, "stage");
    return r;
}

void box_free(struct box *b)
{
    free(b->dir);
    free(b->root);
    free(b->stage_source);
    strv_free(&b->env);
    strv_free(&b->mounts);
    *b = (struct box){0};
}

/* The command that runs a program in the box, without the program. A person's shell keeps its terminal. */
static void add_wrapper(const struct box *b, bool keep_terminal, struct strv *argv)
{
    if (!b->sandboxed)
        return;
    strv_add(argv, "bwrap");
    strv_add(argv, "--unshare-all");
    strv_add(argv, "--die-with-parent");
    /* run.h gives a step a session of its own already: what it runs must not depend on that. */
    if (!keep_terminal)
        strv_add(argv, "--new-session");
    add_system(argv);
    strv_add(argv, "--bind");
    strv_add(argv, b->dir);
    strv_add(argv, BOX_ROOT);
    for (size_t i = 0; i + 1 < b->mounts.n; i += 2) {
        strv_add(argv, "--ro-bind");
        strv_add(argv, b->mounts.v[i]);
        strv_add(argv, b->mounts.v[i + 1]);
    }
    if (b->stage_source) {
        strv_add(argv, "--ro-bind");
        strv_add(argv, b->stage_source);
        strv_add(argv, BOX_ROOT "/stage");
    }
    strv_add(argv, "--chdir");
    strv_add(argv, BOX_ROOT "/build");
}

struct sink {
    const struct box_step *step;
    int fd;
};

static int keep_output(void *data, const char *text, size_t n, struct wl_err *err)
{
    struct sink *s = data;

    if (write_all(s->fd, text, n) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write the log %s", s->step->log);
    if (s->step->on_output)
        s->step->on_output(s->step->data, text, n);
    return 0;
}

int box_run(const struct box *b, const struct box_step *s, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_FREE char *cwd = path_join(b->dir, "build"), *log_dir = path_dir(s->log);
    struct sink sink = {.step = s};
    WL_CLEANUP_FD int log = -1;
    int fds[4] = {-1, -1, -1, -1}, n = 0, status, r;

    r = make_dirs(log_dir, err);
    if (r < 0)
        return r;
    log = open(s->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (log < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write the log %s", s->log);
    sink.fd = log;
    add_wrapper(b, false, &argv);
    strv_add(&argv, "/bin/sh");
    strv_add(&argv, "-eu");
    strv_add(&argv, "-c");
    strv_add(&argv, s->run);
    if (s->jobs) {
        fds[n++] = s->jobs->fds[0];
        fds[n++] = s->jobs->fds[1];
    }
    if (s->lock_fd >= 0)
        fds[n++] = s->lock_fd;
    r = run_command(&(struct run){.argv = argv.v,
                                  .env = b->env.v,
                                  .cwd = cwd,
                                  .keep_fds = fds,
                                  .cancel = s->cancel,
                                  .on_output = keep_output,
                                  .data = &sink},
                    &status, err);
    if (r < 0)
        return r;
    if (status > 128)
        return wl_err_set(err, WL_E_FAILED, "%s '%s' was ended by signal %d (%s)", s->what, s->name, status - 128,
                          strsignal(status - 128));
    if (status != 0)
        return wl_err_set(err, WL_E_FAILED, "%s '%s' failed with exit status %d", s->what, s->name, status);
    return 0;
}

int box_write_enter(const struct box *b, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(b->dir, "enter.sh"), *cwd = path_join(b->dir, "build"), *command = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_STR struct str text = {0};
    int r;

    strv_add(&argv, "env");
    strv_add(&argv, "-i");
    for (size_t i = 0; i < b->env.n; i++)
        if (!starts_with(b->env.v[i], "MAKEFLAGS=")) /* that jobserver is gone by then */
            strv_add(&argv, b->env.v[i]);
    strv_add(&argv, "TERM=xterm");
    add_wrapper(b, true, &argv);
    strv_add(&argv, "/bin/sh");
    command = run_text(argv.v);
    str_add(&text,
            "#!/bin/sh\n# Opens a shell in this build folder, with the environment and the sandbox of its steps.\n");
    {
        WL_CLEANUP_FREE char *quoted = shell_quote(cwd);

        str_addf(&text, "cd %s || exit 1\nexec %s\n", quoted, command);
    }
    /* (A pipe that a step has put there would be waited for.) */
    r = remove_tree(file, err);
    if (r == 0)
        r = file_write(file, text.s, text.len, err);
    if (r == 0 && chmod(file, 0755) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", file);
    return r;
}
