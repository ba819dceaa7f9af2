#include "remote/content.h"

#include "util/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

/* Level 3 packs as fast as a disk writes; the highest ones save a tenth of the size and take fifty times as long. */
enum { BLOCK = 1 << 18, LEVEL = 3 };
/* No artifact is as large; the sum of the sizes must not overflow. */
#define MOST_BYTES (1ULL << 40)

static ssize_t read_some(int fd, void *buffer, size_t n)
{
    ssize_t got;

    do
        got = read(fd, buffer, n);
    while (got < 0 && errno == EINTR);
    return got;
}

/* --- packing --- */

struct packing {
    const struct cancel *cancel;
    ZSTD_CCtx *zstd;
    int fd;
    struct hash *hash; /* of what is written */
    unsigned long long size;
    char *in, *out;
};

/* Compresses some bytes; at the end everything that is left. */
static int pack_bytes(struct packing *p, const void *bytes, size_t n, bool end, struct wl_err *err)
{
    ZSTD_inBuffer in = {bytes, n, 0};
    size_t left;

    do {
        ZSTD_outBuffer out = {p->out, BLOCK, 0};

        left = ZSTD_compressStream2(p->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return wl_err_set(err, WL_E_FAILED, "zstd: %s", ZSTD_getErrorName(left));
        if (write_all(p->fd, p->out, out.pos) < 0)
            return wl_err_errno(err, WL_E_IO, "cannot pack an artifact");
        hash_add(p->hash, p->out, out.pos);
        p->size += out.pos;
    } while (in.pos < in.size || (end && left));
    return 0;
}

static int pack_file(struct packing *p, const struct manifest_file *f, const char *path, struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct hash *h = hash_new();
    unsigned long long size = 0;
    char hex[HASH_HEX_SIZE];
    ssize_t n = -1;
    int r = 0;

    while (r == 0 && fd >= 0 && (n = read_some(fd, p->in, BLOCK)) > 0) {
        hash_add(h, p->in, (size_t)n);
        size += (size_t)n;
        r = size > f->size ? -1 : pack_bytes(p, p->in, (size_t)n, false, err);
        if (r == 0 && cancel_pending(p->cancel))
            r = cancel_error(err);
    }
    hash_end(h, hex);
    if (n < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot read %s", path);
    if (size > f->size || (r == 0 && strcmp(hex, f->sha256) != 0))
        return wl_err_set(err, WL_E_VERIFY, "%s: its bytes have changed", f->path);
    return r;
}

int content_pack(const struct manifest *m, const char *tree, int fd, const struct cancel *cancel,
                 unsigned long long *size, char sha256[HASH_HEX_SIZE], struct wl_err *err)
{
    struct packing p = {.cancel = cancel, .zstd = ZSTD_createCCtx(), .fd = fd, .hash = hash_new()};
    int r = 0;

    p.in = xmalloc(BLOCK);
    p.out = xmalloc(BLOCK);
    ZSTD_CCtx_setParameter(p.zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(p.zstd, ZSTD_c_checksumFlag, 1);
    for (size_t i = 0; r == 0 && i < m->files_n; i++) {
        WL_CLEANUP_FREE char *path = path_join(tree, m->files[i].path);

        if (m->files[i].type == MANIFEST_FILE)
            r = pack_file(&p, &m->files[i], path, err);
    }
    if (r == 0)
        r = pack_bytes(&p, "", 0, true, err);
    hash_end(p.hash, sha256);
    *size = p.size;
    ZSTD_freeCCtx(p.zstd);
    free(p.in);
    free(p.out);
    return r;
}

unsigned long long content_most(const struct manifest *m)
{
    enum { FRAME = 1024 };
    unsigned long long all = 0;

    for (size_t i = 0; i < m->files_n; i++) {
        if (m->files[i].size > MOST_BYTES || all > MOST_BYTES)
            return 0;
        all += m->files[i].size;
    }
    /* (ZSTD_compressBound is for one block of memory; a stream of blocks takes little more.) */
    return all + (all >> 7) + FRAME;
}

/* --- unpacking --- */

struct content {
    int fd;
    ZSTD_DCtx *zstd;
    char *block;
    ZSTD_inBuffer in;
    size_t left; /* what zstd still wants: 0 at the end of a frame */
};

static ssize_t unpack_some(void *data, void *buffer, size_t n, struct wl_err *err)
{
    struct content *c = data;
    ZSTD_outBuffer out = {buffer, n, 0};

    for (;;) {
        ssize_t got;

        /* (Before more is read: zstd may hold bytes that did not fit into the buffer of the last call.) */
        if (c->left) {
            c->left = ZSTD_decompressStream(c->zstd, &out, &c->in);
            if (ZSTD_isError(c->left))
                return wl_err_set(err, WL_E_VERIFY, "its content cannot be unpacked: %s", ZSTD_getErrorName(c->left));
            if (out.pos)
                return (ssize_t)out.pos;
        }
        if (c->in.pos < c->in.size && c->left)
            continue;
        /* One frame is all: empty ones could follow without end. */
        if (c->in.pos < c->in.size)
            return wl_err_set(err, WL_E_VERIFY, "something follows its content");
        got = read_some(c->fd, c->block, BLOCK);
        if (got < 0)
            return wl_err_unreadable(err, WL_E_IO, "cannot read what was fetched");
        if (got == 0)
            return c->left ? wl_err_set(err, WL_E_VERIFY, "its content ends too early") : 0;
        c->in = (ZSTD_inBuffer){c->block, (size_t)got, 0};
    }
}

int content_open(const char *file, struct content **c, struct store_bytes *bytes, struct wl_err *err)
{
    int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    *c = NULL;
    if (fd < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot read %s", file);
    *c = xcalloc(1, sizeof **c);
    **c = (struct content){.fd = fd, .zstd = ZSTD_createDCtx(), .block = xmalloc(BLOCK), .left = 1};
    *bytes = (struct store_bytes){unpack_some, *c};
    return 0;
}

void content_close(struct content *c)
{
    if (!c)
        return;
    close_fdp(&c->fd);
    ZSTD_freeDCtx(c->zstd);
    free(c->block);
    free(c);
}
