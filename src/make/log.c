#include "make/log.h"

#include "util/fs.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int log_open(struct log *l, const char *path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *dir = path_dir(path);
    int r = make_dirs(dir, err);

    *l = (struct log){.path = path, .fd = -1};
    if (r < 0)
        return r;
    l->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return l->fd < 0 ? wl_err_errno(err, WL_E_IO, "cannot write the log %s", path) : 0;
}

static int write_part(struct log *l, const char *text, size_t n, struct wl_err *err)
{
    return write_all(l->fd, text, n) < 0 ? wl_err_errno(err, WL_E_IO, "cannot write the log %s", l->path) : 0;
}

/* The place of byte number n in the ring. */
static size_t place(unsigned long long n)
{
    return (size_t)((n - LOG_BEGINNING) % LOG_END);
}

int log_write(struct log *l, const char *text, size_t n, struct wl_err *err)
{
    size_t first = l->n < LOG_BEGINNING ? LOG_BEGINNING - (size_t)l->n : 0;
    int r = 0;

    if (first > n)
        first = n;
    if (first)
        r = write_part(l, text, first, err);
    l->n += first;
    for (size_t i = first; r == 0 && i < n;) {
        size_t at = place(l->n), some = LOG_END - at < n - i ? LOG_END - at : n - i;

        if (!l->end)
            l->end = xmalloc(LOG_END);
        memcpy(l->end + at, text + i, some);
        l->n += some;
        i += some;
    }
    return r;
}

static int write_end(struct log *l, struct wl_err *err)
{
    unsigned long long behind = l->n - LOG_BEGINNING;
    WL_CLEANUP_FREE char *gap = NULL;
    int r;

    if (behind <= LOG_END)
        return write_part(l, l->end, (size_t)behind, err);
    gap = xasprintf("\n[... %llu bytes of output are left out here ...]\n", behind - LOG_END);
    r = write_part(l, gap, strlen(gap), err);
    if (r == 0)
        r = write_part(l, l->end + place(l->n), LOG_END - place(l->n), err);
    return r < 0 ? r : write_part(l, l->end, place(l->n), err);
}

int log_close(struct log *l, struct wl_err *err)
{
    WL_CLEANUP_ERR struct wl_err ignored = WL_ERR_INIT;
    int r = l->end ? write_end(l, err ? err : &ignored) : 0;

    free(l->end);
    close_fdp(&l->fd);
    return r;
}
