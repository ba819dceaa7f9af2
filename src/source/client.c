#include "source/client.h"

#include "util/fs.h"
#include "util/run.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum { CLIENT_TIMEOUT_MS = 10 * 60 * 1000, MAX_REASON = 300 };

void client_env(struct strv *env, const char *const *without)
{
    for (char **e = environ; *e; e++) {
        bool keep = true;

        for (const char *const *w = without; *w && keep; w++)
            keep = !(starts_with(*e, *w) && (*e)[strlen(*w)] == '=');
        if (keep)
            strv_add(env, *e);
    }
}

static bool is_reason(const char *line)
{
    static const char *const marks[] = {"error", "npm err", "npm error", "fatal", "e: ", "curl:"};

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (!strncasecmp(line, marks[i], strlen(marks[i])))
            return true;
    return false;
}

/* npm prints a line with a code, then what is wrong, then advice. */
static bool is_npm(const char *line)
{
    return !strncasecmp(line, "npm err", 7);
}

static bool is_npm_code(const char *line)
{
    return !strncasecmp(line, "npm error code", 14) || !strncasecmp(line, "npm ERR! code", 13);
}

/* The last line that looks like an error (npm: the first), or else the last line; without control characters and
 * without passwords in addresses, since it may be stored. */
static char *reason_of(const char *output)
{
    const char *best = "", *line = output;
    size_t best_n = 0;
    bool marked = false;
    char *s, *plain;

    while (*line) {
        size_t n = strcspn(line, "\n"), trim = 0;

        while (trim < n && isspace((unsigned char)line[trim]))
            trim++;
        if (n > trim && (is_reason(line + trim) || !marked) && !is_npm_code(line + trim) && !(marked && is_npm(best))) {
            marked = marked || is_reason(line + trim);
            best = line + trim;
            best_n = n - trim;
        }
        line += n + (line[n] == '\n');
    }
    s = xstrndup(best, best_n < MAX_REASON ? best_n : MAX_REASON);
    for (char *p = s; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    plain = hide_logins(s);
    free(s);
    return plain;
}

static bool is_installed(const char *program)
{
    WL_CLEANUP_FREE char *path = run_which(program);

    return path != NULL;
}

static int not_installed(const struct client *c, struct wl_err *err)
{
    return wl_err_set(err, WL_E_FETCH, "%s is not installed: install the package %s",
                      c->module && is_installed(c->argv[0]) ? c->module : c->argv[0], c->package);
}

/* Runs an installed program. *missing: it is python3, and the module is not installed. */
static int run_once(const struct client *c, char **output, bool *missing, struct wl_err *err)
{
    struct run run = {.argv = c->argv,
                      .env = c->env ? c->env->v : NULL,
                      .input = c->input,
                      .cwd = c->cwd,
                      .cancel = c->o->cancel,
                      .timeout_ms = c->timeout_s ? c->timeout_s * 1000 : CLIENT_TIMEOUT_MS};
    WL_CLEANUP_FREE char *text = NULL, *why = NULL, *no_module = NULL;
    int status, r = run_capture(&run, &status, &text, err);

    if (r < 0) {
        /* Another address may serve, so a client that does not work ends nothing but this attempt. */
        if (err->cls == WL_E_FAILED || err->cls == WL_E_TOOLCHAIN)
            err->cls = WL_E_FETCH;
        return -(int)err->cls;
    }
    if (status == 0) {
        if (output) {
            *output = text;
            text = NULL;
        }
        return 0;
    }
    why = reason_of(text);
    if (c->output_on_failure) {
        free(*c->output_on_failure);
        *c->output_on_failure = text;
        text = NULL;
    }
    no_module = c->module ? xasprintf("No module named %s", c->module) : NULL;
    *missing = no_module && strstr(why, no_module);
    return *missing
               ? not_installed(c, err)
               : wl_err_set(err, WL_E_FETCH, "%s failed with status %d%s%s", c->argv[0], status, *why ? ": " : "", why);
}

/* wl-make.sh installs what it can; the caller sees whether that was enough. */
static int install(const struct client *c, struct wl_err *err)
{
    char *argv[] = {"sh", (char *)c->o->installer, "--install", (char *)c->package, NULL};
    WL_CLEANUP_FREE char *text = NULL, *line = NULL;
    WL_CLEANUP_ERR struct wl_err why = WL_ERR_INIT;
    int status, r;

    if (c->o->on_note) {
        line = xasprintf("%s is not installed: trying to install the package %s", c->module ? c->module : c->argv[0],
                         c->package);
        c->o->on_note(c->o->data, line);
    }
    r = run_capture(&(struct run){.argv = argv, .cancel = c->o->cancel, .timeout_ms = CLIENT_TIMEOUT_MS}, &status,
                    &text, &why);
    return r == -WL_E_INTERRUPTED ? cancel_error(err) : 0;
}

int client_run(const struct client *c, char **output, struct wl_err *err)
{
    bool missing = !is_installed(c->argv[0]);
    int r = 0;

    if (cancel_pending(c->o->cancel))
        return cancel_error(err);
    if (!missing)
        r = run_once(c, output, &missing, err);
    if (!missing)
        return r;
    if (!c->o->installer || c->o->offline)
        return not_installed(c, err);
    r = install(c, err);
    if (r < 0)
        return r;
    if (!is_installed(c->argv[0]))
        return not_installed(c, err);
    wl_err_free(err);
    return run_once(c, output, &missing, err);
}

int scratch_dir(const char *part, char **dir, struct wl_err *err)
{
    WL_CLEANUP_FREE char *name = xasprintf("%s.tmp", part);
    int r = remove_tree(name, err);

    if (r == 0)
        r = make_dirs(name, err);
    if (r < 0)
        return r;
    /* Clients run in it, so its path must be absolute. */
    *dir = path_absolute(name);
    return 0;
}

int move_to_part(const char *file, const char *part, struct wl_err *err)
{
    struct stat st;

    if (lstat(file, &st) < 0 || !S_ISREG(st.st_mode))
        return wl_err_set(err, WL_E_FETCH, "the client did not download %s", path_base(file));
    if (rename(file, part) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", part);
    return 0;
}

int copy_to_part(const char *file, const char *part, struct wl_err *err)
{
    WL_CLEANUP_FREE char *real = realpath(file, NULL);
    WL_CLEANUP_FD int fd = real ? open(real, O_RDONLY | O_CLOEXEC) : -1;
    struct stat st;
    int r;

    if (fd < 0)
        return wl_err_set(err, WL_E_FETCH, "%s", strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return wl_err_set(err, WL_E_FETCH, "it is not a file");
    if (unlink(part) < 0 && errno != ENOENT)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", part);
    r = copy_tree(real, part, err);
    if (r < 0)
        return r;
    if (chmod(part, 0644) < 0)
        return wl_err_errno(err, WL_E_IO, "cannot set the mode of %s", part);
    return 0;
}
