/* Entries of a remote store: what is in one, and what has to be true of it before it is used. */
#include "remote/content.h"
#include "remote/remote_private.h"

#include "util/fs.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONTENT "content.zst"
#define SOURCES "sources.txt"
#define OF_SOURCES "-sources"
#define UPLOAD "upload"

enum { MOST_MANIFEST = 64 << 20, MOST_SOURCES = 1 << 20 };

/* --- reading --- */

/* Reads a file of a thing and its signature, which must be by a trusted key, and writes it to path: 1 if there is none.
 * The bytes that were signed are those of that file. */
static int get_signed(const struct remote *r, struct remote_link *l, const char *thing, const char *name, size_t most,
                      const char *path, struct wl_err *err)
{
    WL_CLEANUP_FREE char *of_signature = xasprintf("%s" SIGN_SUFFIX, name), *signature = NULL, *text = NULL;
    size_t signature_n = 0, n = 0;
    int e = l->place->kind->read(l, thing, of_signature, SIGN_MOST_TEXT, &signature, &signature_n, err);

    if (e != 0)
        return e;
    e = l->place->kind->read(l, thing, name, most, &text, &n, err);
    if (e == 1)
        return wl_err_set(err, WL_E_VERIFY, "it has a signature, but no %s", name);
    if (e == 0)
        e = file_write(path, text, n, err);
    return e < 0 ? e : sign_verify(r->o->keys, r->o->keys_n, path, signature, signature_n, NULL, NULL, err);
}

/* Fetches the content and makes the artifact of it. */
static int get_content(const struct remote *r, struct remote_link *l, struct store_work *w, const char *manifest,
                       const struct manifest *m, unsigned long long *size, struct wl_err *err)
{
    WL_CLEANUP_FREE char *part = xasprintf("%s/%s.part", r->dir, m->key), *entry = path_join(w->dir, "entry");
    unsigned long long most = content_most(m);
    struct store_bytes bytes;
    struct content *c;
    bool resumed;
    int e;

    if (!most)
        return wl_err_set(err, WL_E_VERIFY, "its manifest names impossible sizes");
    do {
        struct stat st;

        resumed = path_exists(part);
        e = l->place->kind->get(l, m->key, CONTENT, (long long)most, part, err);
        if (e == 1)
            return wl_err_set(err, WL_E_VERIFY, "it has a manifest, but no content");
        if (e < 0)
            return e;
        *size += stat(part, &st) == 0 ? (unsigned long long)st.st_size : 0;
        e = content_open(part, &c, &bytes, err);
        if (e == 0)
            e = store_adopt(w, manifest, &bytes, r->o->cancel, err);
        content_close(c);
        if (e != -WL_E_INTERRUPTED)
            unlink(part);
        if (e < 0 && remove_tree(entry, err) < 0)
            return -WL_E_IO;
        /* The beginning may have been that of another machine's content, so fetch it once more. */
    } while (e == -WL_E_VERIFY && resumed);
    return e;
}

int entry_get(const struct remote *r, struct remote_link *l, struct store_work *w, unsigned long long *size,
              struct wl_err *err)
{
    WL_CLEANUP_FREE char *manifest = path_join(w->dir, STORE_MANIFEST);
    WL_CLEANUP_MANIFEST struct manifest m = {0};
    int e = get_signed(r, l, w->name, STORE_MANIFEST, MOST_MANIFEST, manifest, err);

    if (e != 0)
        return e < 0 ? e : 0;
    e = manifest_read(manifest, &m, err);
    if (e == 0 && strcmp(m.key, w->name) != 0)
        e = wl_err_set(err, WL_E_VERIFY, "its manifest belongs to another artifact, %s", m.name);
    if (e == 0)
        e = get_content(r, l, w, manifest, &m, size, err);
    return e < 0 ? e : 1;
}

/* --- writing --- */

static int describe_file(struct remote_file *f, const char *path, struct wl_err *err)
{
    struct stat st;

    f->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0 || fstat(f->fd, &st) < 0)
        return wl_err_unreadable(err, WL_E_IO, "cannot read %s", path);
    f->size = (unsigned long long)st.st_size;
    return hash_file(path, f->sha256, err);
}

static void describe_text(struct remote_file *f, const char *text)
{
    struct hash *h = hash_new();

    f->fd = -1;
    f->text = text;
    f->size = strlen(text);
    hash_add(h, text, strlen(text));
    hash_end(h, f->sha256);
}

static int sign_thing(const struct remote *r, const char *path, const char *thing, char **text, struct wl_err *err)
{
    WL_CLEANUP_FREE char *comment =
        xasprintf("timestamp:%lld\tfile:%s\thashed\twl-make:%s", (long long)time(NULL), path_base(path), thing);

    return sign_file(r->o->secret, path, comment, text, err);
}

static int pack_entry(const struct remote *r, const char *key, const char *dir, struct remote_file *content,
                      struct wl_err *err)
{
    WL_CLEANUP_FREE char *entry = store_entry(r->o->store, key), *manifest = path_join(entry, STORE_MANIFEST),
                         *tree = store_path(r->o->store, key), *packed = path_join(dir, CONTENT);
    WL_CLEANUP_MANIFEST struct manifest m = {0};
    int e = manifest_read(manifest, &m, err);

    if (e < 0)
        return e;
    content->fd = open(packed, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (content->fd < 0)
        return wl_err_errno(err, WL_E_IO, "cannot write %s", packed);
    return content_pack(&m, tree, content->fd, r->o->cancel, &content->size, content->sha256, err);
}

int entry_put(const struct remote *r, struct remote_link *l, const char *key, bool again, struct wl_err *err)
{
    WL_CLEANUP_FREE char *entry = store_entry(r->o->store, key), *manifest = path_join(entry, STORE_MANIFEST),
                         *signature = NULL;
    struct remote_file files[] = {{.name = CONTENT, .fd = -1},
                                  {.name = STORE_MANIFEST, .fd = -1},
                                  {.name = STORE_MANIFEST SIGN_SUFFIX, .fd = -1}};
    enum { FILES = sizeof files / sizeof *files };
    WL_CLEANUP_TEMP_DIR struct temp_dir temp = {.fd = -1};
    int e = again ? 0 : l->place->kind->has(l, key, files[FILES - 1].name, err);

    if (e != 0)
        return e < 0 ? e : 0;
    e = temp_dir_make(&temp, r->dir, UPLOAD, err);
    if (e == 0)
        e = pack_entry(r, key, temp.path, &files[0], err);
    if (e == 0)
        e = describe_file(&files[1], manifest, err);
    if (e == 0)
        e = sign_thing(r, manifest, key, &signature, err);
    if (e == 0) {
        describe_text(&files[2], signature);
        e = l->place->kind->put(l, key, files, FILES, err);
    }
    close_fdp(&files[0].fd);
    close_fdp(&files[1].fd);
    return e;
}

/* --- the archives that stand for a key --- */

/* The first line is the key, so that the list of another one is not taken for it. */
int sources_get(const struct remote *r, struct remote_link *l, const char *key, struct strv *sha256, struct wl_err *err)
{
    WL_CLEANUP_FREE char *thing = xasprintf("%s" OF_SOURCES, key), *path = NULL, *text = NULL;
    WL_CLEANUP_TEMP_DIR struct temp_dir temp = {.fd = -1};
    size_t n = 0, line = 0;
    int e = temp_dir_make(&temp, r->dir, UPLOAD, err);

    if (e < 0)
        return e;
    path = path_join(temp.path, SOURCES);
    e = get_signed(r, l, thing, SOURCES, MOST_SOURCES, path, err);
    if (e == 0)
        e = file_read(path, MOST_SOURCES, &text, &n, err);
    if (e != 0)
        return e < 0 ? e : 0;
    for (char *save = NULL, *word = strtok_r(text, "\n", &save); word; word = strtok_r(NULL, "\n", &save)) {
        if (!is_hex(word, HASH_HEX_SIZE - 1) || (line == 0 && strcmp(word, key) != 0))
            return wl_err_set(err, WL_E_VERIFY, "its list of sources is not one of this key");
        if (line++)
            strv_add_once(sha256, word);
    }
    return line > 1;
}

int sources_put(const struct remote *r, struct remote_link *l, const char *key, const struct strv *sha256,
                struct wl_err *err)
{
    WL_CLEANUP_FREE char *thing = xasprintf("%s" OF_SOURCES, key), *path = NULL, *signature = NULL;
    struct remote_file files[] = {{.name = SOURCES}, {.name = SOURCES SIGN_SUFFIX}};
    WL_CLEANUP_TEMP_DIR struct temp_dir temp = {.fd = -1};
    WL_CLEANUP_STR struct str text = {0};
    int e = l->place->kind->has(l, thing, files[1].name, err);

    if (e != 0)
        return e < 0 ? e : 0;
    str_addf(&text, "%s\n", key);
    for (size_t i = 0; i < sha256->n; i++)
        str_addf(&text, "%s\n", sha256->v[i]);
    e = temp_dir_make(&temp, r->dir, UPLOAD, err);
    if (e < 0)
        return e;
    path = path_join(temp.path, SOURCES);
    e = file_write(path, text.s, text.len, err);
    if (e == 0)
        e = sign_thing(r, path, thing, &signature, err);
    if (e != 0)
        return e;
    describe_text(&files[0], text.s);
    describe_text(&files[1], signature);
    return l->place->kind->put(l, thing, files, sizeof files / sizeof *files, err);
}
