#include "wasi/space.h"

#include "wasi/channel.h"
#include "wasi/permissions.h"

#include <errno.h>
#include <sys/statvfs.h>

static uint64_t at_most(uint64_t n, uint64_t limit)
{
    return n < limit ? n : limit;
}

/* fs.space FD: BLOCK BLOCKS FREE AVAILABLE FILES FREE AVAILABLE NAME ro|rw. Of what is available, no more than the
 * guest may still take. */
static uint32_t space(struct wasi_request *r)
{
    uint32_t e;
    const struct wasi_fd *f = wasi_word_fd(r, &e);
    uint64_t bytes = UINT64_MAX, entries = UINT64_MAX, block;
    struct statvfs s;
    bool read_only;

    if (!f)
        return e;
    if (f->channel || f->host < 0 || (f->type != WASI_REGULAR_FILE && f->type != WASI_DIRECTORY))
        return WASI_ENOTSUP;
    if (fstatvfs(f->host, &s) < 0)
        return wasi_from_errno(errno);
    if (r->w->quota) {
        bytes = r->w->quota->bytes;
        entries = r->w->quota->entries;
    }
    block = s.f_frsize ? s.f_frsize : 1;
    read_only = s.f_flag & ST_RDONLY || (f->type == WASI_DIRECTORY && !(f->inheriting & WASI_R_FD_WRITE));
    wasi_say(r, "%llu %llu %llu %llu %llu %llu %llu %lu %s", (unsigned long long)block, (unsigned long long)s.f_blocks,
             (unsigned long long)s.f_bfree, (unsigned long long)at_most(s.f_bavail, bytes / block),
             (unsigned long long)s.f_files, (unsigned long long)s.f_ffree,
             (unsigned long long)at_most(s.f_favail, entries), s.f_namemax, read_only ? "ro" : "rw");
    return WASI_SUCCESS;
}

static const struct wasi_request_kind kinds[] = {
    {"fs.space", 1, 1, space},
    {"fs.modes", 0, 0, wasi_modes_request},
    {"fs.open", 9, 9, wasi_open_request},
    {"fs.mkdir", 4, 4, wasi_make_dir_request},
    {"fs.chmod", 2, 5, wasi_chmod_request},
    {"fs.access", 4, 5, wasi_access_request},
};

int wasi_space_serve(struct wasi *w)
{
    static const struct wasi_request_set set = {
        .name = "fs", .version = 1, .kinds = kinds, .n = sizeof kinds / sizeof *kinds};

    return wasi_serve(w, &set);
}
