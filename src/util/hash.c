#include "util/hash.h"

#include "util/fs.h"
#include "util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct hash {
    EVP_MD_CTX *ctx;
};

static struct hash *hash_of(const EVP_MD *kind)
{
    struct hash *h = xcalloc(1, sizeof *h);

    h->ctx = EVP_MD_CTX_new();
    if (!h->ctx || !EVP_DigestInit_ex(h->ctx, kind, NULL)) {
        fputs("wl-make: OpenSSL does not compute hashes\n", stderr);
        abort();
    }
    return h;
}

struct hash *hash_new(void)
{
    return hash_of(EVP_sha256());
}

void hash_add(struct hash *h, const void *data, size_t n)
{
    EVP_DigestUpdate(h->ctx, data, n);
}

void hash_field(struct hash *h, const char *label, const char *value)
{
    WL_CLEANUP_FREE char *head = NULL;

    if (value)
        head = xasprintf("%s %zu\n", label, strlen(value));
    else
        head = xasprintf("%s -\n", label);
    hash_add(h, head, strlen(head));
    if (value)
        hash_add(h, value, strlen(value));
    hash_add(h, "\n", 1);
}

void hash_fields(struct hash *h, const char *label, const struct strv *values)
{
    for (size_t i = 0; i < values->n; i++)
        hash_field(h, label, values->v[i]);
}

void hash_end(struct hash *h, char hex[HASH_HEX_SIZE])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    EVP_DigestFinal_ex(h->ctx, md, &n);
    EVP_MD_CTX_free(h->ctx);
    free(h);
    for (unsigned i = 0; i < n; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", md[i]);
}

static int hash_bytes(const char *path, const EVP_MD *kind, char hex[HASH_HEX_SIZE], struct wl_err *err)
{
    WL_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    WL_CLEANUP_FREE char *buf = NULL;
    enum { CHUNK = 1 << 18 };
    struct hash *h;
    ssize_t n;

    if (fd < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot open %s", path);
    h = hash_of(kind);
    buf = xmalloc(CHUNK);
    do {
        n = read(fd, buf, CHUNK);
        if (n > 0)
            hash_add(h, buf, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    hash_end(h, hex);
    if (n < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot read %s", path);
    return 0;
}

int hash_file(const char *path, char hex[HASH_HEX_SIZE], struct wl_err *err)
{
    return hash_bytes(path, EVP_sha256(), hex, err);
}

int hash_file_sha1(const char *path, char hex[41], struct wl_err *err)
{
    char all[HASH_HEX_SIZE];
    int r = hash_bytes(path, EVP_sha1(), all, err);

    if (r == 0)
        memcpy(hex, all, 41);
    return r;
}

int hash_file_md5(const char *path, char hex[HASH_HEX_SIZE], struct wl_err *err)
{
    return hash_bytes(path, EVP_md5(), hex, err);
}

void hash_text_md5(const char *text, char hex[HASH_HEX_SIZE])
{
    struct hash *h = hash_of(EVP_md5());

    hash_add(h, text, strlen(text));
    hash_end(h, hex);
}

static int add_tree(struct hash *h, const char *path, const char *label, struct wl_err *err)
{
    char hex[HASH_HEX_SIZE];
    struct stat st;
    int r;

    if (lstat(path, &st) < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot read %s", path);
    if (S_ISLNK(st.st_mode)) {
        WL_CLEANUP_FREE char *target = link_target(path);

        if (!target)
            return wl_err_unreadable(err, WL_E_IO, "cannot read the link %s", path);
        hash_field(h, "link", label);
        hash_field(h, "to", target);
        return 0;
    }
    if (S_ISDIR(st.st_mode)) {
        WL_CLEANUP_STRV struct strv names = {0};

        r = dir_list(path, &names, err);
        if (r < 0)
            return r;
        hash_field(h, "folder", label);
        for (size_t i = 0; i < names.n; i++) {
            WL_CLEANUP_FREE char *sub = path_join(path, names.v[i]);
            WL_CLEANUP_FREE char *sub_label = path_join(label, names.v[i]);

            r = add_tree(h, sub, sub_label, err);
            if (r < 0)
                return r;
        }
        return 0;
    }
    r = hash_file(path, hex, err);
    if (r < 0)
        return r;
    hash_field(h, st.st_mode & 0100 ? "program" : "file", label);
    hash_field(h, "sha256", hex);
    return 0;
}

int hash_tree(const char *path, char hex[HASH_HEX_SIZE], struct wl_err *err)
{
    struct hash *h = hash_new();
    int r = add_tree(h, path, ".", err);

    hash_end(h, hex);
    return r;
}
