/* A session as a module of its own. */
#include "api/session.h"

#include "core/sha256.h"
#include "core/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The module would have its number, and not the file. */
static bool has_open_file(const struct wasi *w)
{
    for (size_t i = 0; i < w->fds_n; i++) {
        const struct wasi_fd *f = &w->fds[i];

        if (f->used && !f->standard && !f->preopen && !f->channel)
            return true;
    }
    return false;
}

/* ---- the module ---- */

static int read_module(const char *file, struct module_bytes *wasm, struct err *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), r;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        err_set(err, ERR_MISSING, "cannot read %s: %s", file, strerror(errno));
        r = err_hint(err, "name the .wasm file that the session's program is from");
    } else if (!S_ISREG(st.st_mode)) {
        r = err_set(err, ERR_MODULE, "cannot save a session with %s: it is not a regular file", file);
    } else {
        r = module_read(wasm, fd, &st, file, err);
    }
    if (fd >= 0)
        close(fd);
    return r;
}

static bool is_native_module(const struct native_guest *guest, const struct module_bytes *wasm)
{
    struct sha256 sha;
    char hex[65];

    sha256_init(&sha);
    sha256_add(&sha, wasm->at, wasm->size);
    sha256_hex(&sha, hex);
    return !strcmp(hex, guest->module);
}

/* With the memory of another module it would be nonsense. */
static int check_module(const struct wlpy_program *p, const char *file, const struct module_bytes *wasm,
                        struct err *err)
{
    if (p->native ? is_native_module(p->native->guest, wasm)
                  : program_is(&p->program, &p->engine->loader, wasm->at, wasm->size))
        return 0;
    err_set(err, ERR_MODULE, "cannot save a session of %s with %s: that is another module", p->name, file);
    return err_hint(err, "name the .wasm file that the program was loaded or made from, unchanged");
}

/* ---- saving ---- */

static int make_ready(struct job *j)
{
    return session_call(session_of(j), SESSION_SAVE, 0);
}

/* s: a copy, which is of no use afterwards. */
static int write_copy(struct wlpy_session *s, const char *file, const struct module_bytes *wasm, const char *out)
{
    struct job *j = &s->job;
    struct guest_memory m;
    const char *line;
    int r = job_do(j, make_ready), n;

    if (r < 0)
        return r;
    if (!s->alive)
        return err_set(&j->err, ERR_SETUP, "cannot save the session: %s", j->end.text);
    if (s->call.answer != 0) {
        line = session_last_line(s, &n);
        err_set(&j->err, ERR_MODULE, "cannot save a session of %s: its Python does not allow it%s%.*s",
                j->program->name, n ? ": " : "", n, line);
        return err_hint(&j->err, "use a Python of the flavour snapshot");
    }
    m = wasi_memory(&j->wasi);
    return snapshot_write(file, wasm->at, wasm->size, NULL, m.base, m.size, out, &j->err);
}

static int save(struct wlpy_session *copy, const char *file, const char *out)
{
    struct wlpy_program *p = copy->job.program;
    struct module_bytes wasm = {.fd = -1};
    int r = read_module(file, &wasm, &copy->job.err);

    if (r == 0)
        r = check_module(p, file, &wasm, &copy->job.err);
    if (r == 0)
        r = write_copy(copy, file, &wasm, out);
    module_release(&wasm);
    return r;
}

static int refuse(const char *what, const char *hint, struct wlpy_err *err)
{
    struct err why;

    err_set(&why, ERR_SETUP, "cannot save the session: %s", what);
    err_hint(&why, "%s", hint);
    return api_err(&why, err);
}

int wlpy_session_save(struct wlpy_session *session, const char *module, const char *out, struct wlpy_err *err)
{
    const struct wlpy_program *p;
    struct wlpy_session *copy;
    int r;

    if (!session || !out)
        return api_null(session ? "the file for a session" : "a session", err);
    p = session->job.program;
    if (!module && p->native)
        return refuse("its program is native", "name the .wasm file that wl-make aot has made the program from", err);
    if (!session_enter(session, err))
        return -WLPY_E_SETUP;
    r = has_open_file(&session->job.wasi) ? refuse("it has a file or a socket of the host open", "close it first", err)
                                          : 0;
    session_leave(session);
    if (r == 0)
        r = wlpy_session_fork(session, NULL, &copy, err);
    if (r != 0)
        return r;
    r = save(copy, module ? module : p->name, out);
    if (r < 0)
        api_err(&copy->job.err, err);
    wlpy_session_free(copy);
    return r;
}
