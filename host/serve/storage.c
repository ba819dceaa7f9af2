#include "storage.h"

#include "clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* What a file costs besides its content and its name: so that there are never very many. */
enum { OVERHEAD = 4096 };

struct entry {
    char name[STORAGE_NAME];
    char *path;
    uint8_t *bytes;
    size_t n;
    int64_t time_ns;
    struct entry *next;
};

struct directory {
    char name[STORAGE_NAME];
    uint64_t used; /* the number of the last use */
    struct entry *files;
    struct directory *next;
};

struct storage {
    pthread_mutex_t lock;
    uint64_t left, uses;
    struct directory *directories;
};

struct storage *storage_new(uint64_t most)
{
    struct storage *s = calloc(1, sizeof *s);

    if (s) {
        pthread_mutex_init(&s->lock, NULL);
        s->left = most;
    }
    return s;
}

void storage_name(char name[STORAGE_NAME])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char random[STORAGE_NAME - 1];

    /* (So few bytes come in one piece, once the system has started.) */
    if (getrandom(random, sizeof random, 0) != sizeof random)
        abort();
    for (size_t i = 0; i < sizeof random; i++)
        name[i] = letters[random[i] & 63];
    name[STORAGE_NAME - 1] = '\0';
}

/* ---- the lock is held ---- */

static uint64_t cost(size_t path, size_t n)
{
    return (uint64_t)path + n + OVERHEAD;
}

static void drop_file(struct storage *s, struct entry **at)
{
    struct entry *e = *at;

    *at = e->next;
    s->left += cost(strlen(e->path), e->n);
    free(e->path);
    free(e->bytes);
    free(e);
}

static void drop_directory(struct storage *s, struct directory **at)
{
    struct directory *f = *at;

    while (f->files)
        drop_file(s, &f->files);
    *at = f->next;
    free(f);
}

static struct directory *find_directory(struct storage *s, const char *name)
{
    struct directory *f = s->directories;

    while (f && strcmp(f->name, name) != 0)
        f = f->next;
    if (f)
        f->used = ++s->uses;
    return f;
}

/* Without the directory `but`. */
static bool make_room(struct storage *s, uint64_t needed, const struct directory *but)
{
    while (s->left < needed) {
        struct directory **oldest = NULL;

        for (struct directory **f = &s->directories; *f; f = &(*f)->next)
            if (*f != but && (!oldest || (*f)->used < (*oldest)->used))
                oldest = f;
        if (!oldest)
            return false;
        drop_directory(s, oldest);
    }
    return true;
}

static struct directory *need_directory(struct storage *s, const char *name)
{
    struct directory *f = find_directory(s, name);

    if (f || strlen(name) >= STORAGE_NAME || !(f = calloc(1, sizeof *f)))
        return f;
    strcpy(f->name, name);
    f->used = ++s->uses;
    f->next = s->directories;
    s->directories = f;
    return f;
}

/* A directory without files costs nothing, so there is none. */
static void drop_if_empty(struct storage *s, const struct directory *f)
{
    struct directory **at = &s->directories;

    if (!f || f->files)
        return;
    while (*at != f)
        at = &(*at)->next;
    drop_directory(s, at);
}

static struct entry *new_entry(const char *path, const void *bytes, size_t n)
{
    struct entry *e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    e->path = strdup(path);
    e->bytes = malloc(n + 1);
    if (!e->path || !e->bytes) {
        free(e->path);
        free(e->bytes);
        free(e);
        return NULL;
    }
    if (n)
        memcpy(e->bytes, bytes, n);
    e->n = n;
    e->time_ns = clock_unix_ns();
    storage_name(e->name);
    return e;
}

/* ---- from outside ---- */

bool storage_add(struct storage *s, const char *directory, const char *path, const void *bytes, size_t n,
                 char name[STORAGE_NAME])
{
    struct entry *e = new_entry(path, bytes, n);
    struct directory *f;
    bool well;

    if (!e)
        return false;
    pthread_mutex_lock(&s->lock);
    f = need_directory(s, directory);
    well = f && make_room(s, cost(strlen(path), n), f);
    if (well) {
        s->left -= cost(strlen(path), n);
        memcpy(name, e->name, STORAGE_NAME);
        e->next = f->files;
        f->files = e;
    }
    drop_if_empty(s, f);
    pthread_mutex_unlock(&s->lock);
    if (!well) {
        free(e->path);
        free(e->bytes);
        free(e);
    }
    return well;
}

static struct entry **find_file(struct directory *f, const char *name)
{
    struct entry **at = &f->files;

    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return *at ? at : NULL;
}

bool storage_remove(struct storage *s, const char *directory, const char *name)
{
    struct entry **at = NULL;
    struct directory *f;

    pthread_mutex_lock(&s->lock);
    f = find_directory(s, directory);
    if (f)
        at = find_file(f, name);
    if (at)
        drop_file(s, at);
    drop_if_empty(s, f);
    pthread_mutex_unlock(&s->lock);
    return at != NULL;
}

size_t storage_find(struct storage *s, const char *directory, const char *name,
                    void (*each)(void *arg, const struct storage_file *file), void *arg)
{
    struct directory *f;
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    f = find_directory(s, directory);
    for (const struct entry *e = f ? f->files : NULL; e; e = e->next) {
        if (name && strcmp(e->name, name) != 0)
            continue;
        each(arg, &(struct storage_file){e->name, e->path, e->bytes, e->n, e->time_ns});
        n++;
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

void storage_free(struct storage *s)
{
    if (!s)
        return;
    while (s->directories)
        drop_directory(s, &s->directories);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
