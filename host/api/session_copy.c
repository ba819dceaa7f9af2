/* Copies of sessions. */
#include "api/session.h"

#include "wasi/tree.h"

#include <string.h>

/* Files in memory, of which a copy has its own. */
static int copy_files(struct wlpy_session *copy)
{
    struct wlpy_dir *dirs = (struct wlpy_dir *)copy->kept.config.dirs;

    for (; copy->own_files < copy->kept.config.dir_count; copy->own_files++) {
        struct wlpy_files **f = &dirs[copy->own_files].files, *given = *f;

        *f = given ? files_copy(given) : NULL;
        if (given && !*f)
            return err_set(&copy->job.err, ERR_SETUP, "out of memory");
    }
    return 0;
}

struct pair {
    const struct wlpy_session *from, *copy;
};

static struct tree *tree_of(void *arg, const struct tree *of)
{
    const struct pair *p = arg;

    for (size_t i = 0; i < p->from->kept.config.dir_count; i++)
        if (p->from->kept.config.dirs[i].files && p->from->kept.config.dirs[i].files->tree == of)
            return p->copy->kept.config.dirs[i].files->tree;
    return NULL;
}

static void forget_copies(const struct wlpy_session *s)
{
    for (size_t i = 0; i < s->kept.config.dir_count; i++)
        if (s->kept.config.dirs[i].files)
            tree_forget_copies(s->kept.config.dirs[i].files->tree);
}

static int override(struct wlpy_session *copy, const struct wlpy_run_config *given)
{
    struct wlpy_run_config *c = &copy->kept.config, other;
    struct err *err = &copy->job.err;

    c->control = NULL;
    if (!given)
        return 0;
    if (api_take_config(&other, given, err) < 0)
        return -ERR_SETUP;
    if (other.function_count != c->function_count)
        return err_set(err, ERR_SETUP, "cannot copy a session with %zu functions for one with %zu", c->function_count,
                       other.function_count);
    c->in = other.in;
    c->out = other.out;
    c->err = other.err;
    c->control = other.control;
    c->functions = other.functions;
    return 0;
}

static int copy_guest(struct wlpy_session *copy, const struct wlpy_session *from)
{
    struct job *j = &copy->job;

    j->quota = from->job.quota;
    j->fixed = from->job.fixed;
    if (from->native)
        copy->native = runtime_fork(from->native, &copy->runtime, &j->err);
    else
        copy->instance = api_ops->fork_session(from->instance, &j->run, &j->err);
    if (!copy->native && !copy->instance)
        return -(int)j->err.code;
    copy->room = from->room;
    copy->room_n = from->room_n;
    copy->cells = from->cells;
    copy->alive = true;
    return 0;
}

static int fork_it(struct wlpy_session *copy, const struct wlpy_session *from, const struct wlpy_run_config *config)
{
    struct pair pair = {from, copy};
    struct job *j = &copy->job;
    int r = -(int)j->err.code;

    if (r == 0 && !from->alive)
        r = err_set(&j->err, ERR_SETUP, "cannot copy a session that has ended");
    if (r == 0)
        r = override(copy, config);
    if (r == 0)
        r = copy_files(copy);
    if (r == 0)
        r = session_prepare(copy, from->job.program);
    if (r == 0)
        r = job_grant_copy(j, &from->job.wasi, tree_of, &pair);
    return r < 0 ? r : copy_guest(copy, from);
}

int wlpy_session_fork(struct wlpy_session *session, const struct wlpy_run_config *config, struct wlpy_session **copy,
                      struct wlpy_err *err)
{
    struct wlpy_session *s;
    int r = 0;

    if (!session || !copy)
        return api_null(session ? "the place for a session" : "a session", err);
    *copy = NULL;
    if (!session_enter(session, err))
        return -WLPY_E_SETUP;
    s = session_new(&session->job.config);
    if (s)
        r = fork_it(s, session, config);
    forget_copies(session);
    session_leave(session);
    return session_deliver(r, s, copy, err);
}

struct wlpy_files *wlpy_session_files(struct wlpy_session *session, const char *guest)
{
    if (!session || !guest)
        return NULL;
    for (size_t i = session->kept.config.dir_count; i-- > 0;)
        if (!strcmp(session->kept.config.dirs[i].guest, guest))
            return session->kept.config.dirs[i].files;
    return NULL;
}
