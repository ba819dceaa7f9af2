#include "make/box.h"

#include "make/log.h"
#include "make/sandbox.h"
#include "util/fs.h"
#include "util/hash.h"
#include "util/run.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int box_init(struct box *b, const char *dir, bool sandboxed, struct wl_err *err)
{
    static const char *const folders[] = {"src", "build", "stage", "files", "home", "tmp", "needs"};
    int r;

    *b = (struct box){.dir = xstrdup(dir), .root = xstrdup(sandboxed ? SANDBOX_ROOT : dir), .sandboxed = sandboxed};
    if (!sandboxed && strpbrk(dir, " \t\n'\"$\\")) {
        wl_err_set(err, WL_E_IO,
                   "cannot build in %s without bubblewrap: make and configure scripts break on a path "
                   "with spaces or quotes",
                   dir);
        return wl_err_hint(err, "install bubblewrap, or name a plain directory with --cache-dir");
    }
    r = remove_tree(dir, err);
    for (size_t i = 0; r == 0 && i < sizeof folders / sizeof *folders; i++) {
        WL_CLEANUP_FREE char *folder = path_join(dir, folders[i]);

        r = make_dirs(folder, err);
    }
    strv_add(&b->env, "PATH=/usr/local/bin:/usr/bin:/bin");
    strv_add(&b->env, "LC_ALL=C.UTF-8");
    strv_add(&b->env, "TZ=UTC");
    /* Without a sandbox, a Python of the store would write byte code into its artifact, which would then differ from
     * its manifest. */
    if (!sandboxed)
        strv_add(&b->env, "PYTHONDONTWRITEBYTECODE=1");
    strv_addf(&b->env, "HOME=%s/home", b->root);
    strv_addf(&b->env, "TMPDIR=%s/tmp", b->root);
    return r;
}

void box_free(struct box *b)
{
    free(b->dir);
    free(b->root);
    free(b->stage_source);
    free(b->preload);
    strv_free(&b->env);
    strv_free(&b->mounts);
    strv_free(&b->shared);
    *b = (struct box){0};
}

/* --- what is in it --- */

static int add_mount(struct box *b, struct strv *mounts, const char *path, const char *name, char **seen,
                     struct wl_err *err)
{
    WL_CLEANUP_FREE char *here = path_join(b->dir, name);

    *seen = path_join(b->root, name);
    strv_add(mounts, path);
    strv_add(mounts, *seen);
    /* (The sandbox makes mount points in needs/ itself.) */
    if (b->sandboxed)
        return starts_with(name, "needs/") ? 0 : make_dirs(here, err);
    /* (After steps something may be there.) */
    if (remove_tree(here, err) < 0)
        return -(int)err->cls;
    return symlink(path, here) < 0 ? wl_err_errno(err, WL_E_IO, "cannot make the link %s", here) : 0;
}

int box_show(struct box *b, const char *path, const char *name, char **seen, struct wl_err *err)
{
    return add_mount(b, &b->mounts, path, name, seen, err);
}

int box_share(struct box *b, const char *path, const char *name, char **seen, struct wl_err *err)
{
    return add_mount(b, &b->shared, path, name, seen, err);
}

int box_show_port(struct box *b, const struct store *s, const struct plan *p, const char *port, char **seen,
                  struct wl_err *err)
{
    const struct node *n = plan_find(p, port);
    WL_CLEANUP_FREE char *artifact = NULL, *name = xasprintf("needs/%s", port);

    if (!n)
        return wl_err_set(err, WL_E_FAILED, "%s is not in the plan", port);
    for (char *c = name + strlen("needs/"); *c; c++)
        if (*c == '/')
            *c = '-';
    artifact = store_path(s, n->key);
    return box_show(b, artifact, name, seen, err);
}

int box_take(struct box *b, const char *file, const char *sha256, const char *name, char **seen, struct wl_err *err)
{
    WL_CLEANUP_FREE char *here = path_join(b->dir, name), *dir = path_dir(here);
    char hex[HASH_HEX_SIZE];
    int r = make_dirs(dir, err);

    *seen = path_join(b->root, name);
    if (r == 0)
        r = file_copy(file, here, 0644, err);
    if (r == 0 && sha256)
        r = hash_file(here, hex, err);
    if (r == 0 && sha256 && strcmp(hex, sha256) != 0) {
        wl_err_set(err, WL_E_FAILED, "%s changed while it was read", file);
        return wl_err_hint(err, "run it again when nothing writes to that file");
    }
    return r;
}

int box_own_dir(const struct box *b, const char *name, struct wl_err *err)
{
    WL_CLEANUP_FREE char *path = path_join(b->dir, name);
    struct stat st;
    int r = lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : remove_tree(path, err);

    return r < 0 ? r : make_dirs(path, err);
}

/* --- running steps --- */

/* The directory in which a step starts. In the sandbox, bubblewrap changes to build/: an earlier step may have put a
 * link there. */
static char *working_dir(const struct box *b)
{
    return b->sandboxed ? xstrdup(b->dir) : path_join(b->dir, "build");
}

static void add_sandbox(const struct box *b, bool keep_terminal, struct strv *argv)
{
    if (b->sandboxed)
        sandbox_command(&(struct sandbox){.dir = b->dir,
                                          .stage = b->stage_source,
                                          .mounts = &b->mounts,
                                          .shared = &b->shared,
                                          .user = b->user,
                                          .network = b->network,
                                          .preload = b->preload,
                                          .keep_terminal = keep_terminal},
                        argv);
}

/* Passes the output of a step to the log and to the caller. */
struct sink {
    const struct box_step *step;
    struct log log;
    struct str line; /* of the status, not at its end yet */
};

static int keep_output(void *data, const char *text, size_t n, struct wl_err *err)
{
    struct sink *s = data;

    if (s->step->on_output)
        s->step->on_output(s->step->data, text, n);
    return log_write(&s->log, text, n, err);
}

static void keep_status(void *data, const char *text, size_t n)
{
    enum { MOST_LINE = 4096 };
    struct sink *s = data;

    for (size_t i = 0; i < n; i++) {
        if (text[i] != '\n' && s->line.len < MOST_LINE)
            str_addc(&s->line, text[i]);
        if (text[i] == '\n') {
            s->step->on_status(s->step->data, s->line.s ? s->line.s : "");
            str_free(&s->line);
        }
    }
}

/* Runs the step, once the log and the pipe for the status exist. */
static int run_in(const struct box *b, const struct box_step *s, struct sink *sink, const int status_pipe[2],
                  int *status, struct wl_err *err)
{
    WL_CLEANUP_STRV struct strv argv = {0}, env = {0};
    WL_CLEANUP_FREE char *cwd = working_dir(b);
    /* The modes of files that steps make must not depend on who builds. (In the same line, so that the shell counts the
     * lines of the recipe.) */
    WL_CLEANUP_FREE char *script = xasprintf("umask 022; %s", s->run);
    int fds[5] = {-1, -1, -1, -1, -1}, n = 0;

    add_sandbox(b, false, &argv);
    strv_add_all(&argv, "/bin/sh", "-eu", "-c", script, NULL);
    strv_addv(&env, &b->env);
    if (b->preload && !b->sandboxed)
        strv_addf(&env, "LD_PRELOAD=%s", b->preload);
    if (s->jobs) {
        fds[n++] = s->jobs->fds[0];
        fds[n++] = s->jobs->fds[1];
    }
    if (s->lock_fd >= 0)
        fds[n++] = s->lock_fd;
    if (status_pipe[1] >= 0) {
        fds[n++] = status_pipe[1];
        strv_addf(&env, "STATUS_FD=%d", status_pipe[1]);
    }
    return run_command(&(struct run){.argv = argv.v,
                                     .env = env.v,
                                     .cwd = cwd,
                                     .keep_fds = fds,
                                     .cancel = s->cancel,
                                     .on_output = keep_output,
                                     .also_read = status_pipe[0] >= 0 ? &status_pipe[0] : NULL,
                                     .on_also = keep_status,
                                     .data = sink},
                       status, err);
}

/* A stage that is shown read-only is a mount point: a link there would lead out of the box. */
static int check_stage(const struct box *b, struct wl_err *err)
{
    WL_CLEANUP_FREE char *stage = path_join(b->dir, "stage");
    struct stat st;

    if (b->stage_source && (lstat(stage, &st) < 0 || !S_ISDIR(st.st_mode)))
        return wl_err_set(err, WL_E_FAILED, "%s is no longer a directory", stage);
    return 0;
}

int box_run(const struct box *b, const struct box_step *s, struct wl_err *err)
{
    struct sink sink = {.step = s};
    WL_CLEANUP_FD int read_end = -1, write_end = -1;
    int fds[2] = {-1, -1}, status, closed, r = check_stage(b, err);

    if (s->status)
        *s->status = -1;
    if (r == 0 && s->on_status && pipe2(fds, O_CLOEXEC) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot make a pipe");
    read_end = fds[0];
    write_end = fds[1];
    if (r == 0)
        r = log_open(&sink.log, s->log, err);
    if (r < 0)
        return r;
    r = run_in(b, s, &sink, fds, &status, err);
    closed = log_close(&sink.log, r < 0 ? NULL : err);
    str_free(&sink.line);
    if (r < 0 || closed < 0)
        return r < 0 ? r : closed;
    if (s->status)
        *s->status = status;
    if (status > 128)
        return wl_err_set(err, WL_E_FAILED, "%s '%s' was ended by signal %d (%s)", s->what, s->name, status - 128,
                          strsignal(status - 128));
    if (status != 0)
        return wl_err_set(err, WL_E_FAILED, "%s '%s' failed with exit status %d", s->what, s->name, status);
    return 0;
}

int box_write_enter(const struct box *b, struct wl_err *err)
{
    WL_CLEANUP_FREE char *file = path_join(b->dir, "enter.sh"), *cwd = working_dir(b), *command = NULL, *quoted = NULL;
    WL_CLEANUP_STRV struct strv argv = {0};
    WL_CLEANUP_STR struct str text = {0};
    int r;

    strv_add_all(&argv, "env", "-i", NULL);
    for (size_t i = 0; i < b->env.n; i++)
        if (!starts_with(b->env.v[i], "MAKEFLAGS=")) /* that jobserver is gone by then */
            strv_add(&argv, b->env.v[i]);
    strv_add(&argv, "TERM=xterm");
    add_sandbox(b, true, &argv);
    strv_add(&argv, "/bin/sh");
    command = run_text(argv.v);
    quoted = shell_quote(cwd);
    str_addf(&text,
             "#!/bin/sh\n"
             "# Opens a shell in this build directory, with the environment and the sandbox of its steps.\n"
             "cd %s || exit 1\nexec %s\n",
             quoted, command);
    /* If a step has put a pipe there, writing to it would wait forever. */
    r = remove_tree(file, err);
    if (r == 0)
        r = file_write(file, text.s, text.len, err);
    if (r == 0 && chmod(file, 0755) < 0)
        r = wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", file);
    return r;
}
