#include "source/offers.h"

#include "util/fs.h"
#include "util/version.h"

#include <pthread.h>
#include <string.h>

/* One list, looked up by the first thread that wants it while others wait. */
struct entry {
    char *key;
    bool done;
    struct strv names;
    int result;
    struct wl_err err;
};

struct offers {
    const struct fetch_options *f;
    char *work;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct entry **entries;
    size_t n;
};

struct offers *offers_new(const struct fetch_options *f, const char *work)
{
    struct offers *o = xcalloc(1, sizeof *o);

    *o = (struct offers){.f = f, .work = xstrdup(work)};
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->changed, NULL);
    return o;
}

void offers_free(struct offers *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->n; i++) {
        free(o->entries[i]->key);
        strv_free(&o->entries[i]->names);
        wl_err_free(&o->entries[i]->err);
        free(o->entries[i]);
    }
    free(o->entries);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->changed);
    free(o->work);
    free(o);
}

const struct fetch_options *offers_fetch(const struct offers *o)
{
    return o->f;
}

const char *offers_work(const struct offers *o)
{
    return o->work;
}

static struct entry *find_entry(struct offers *o, const char *key)
{
    for (size_t i = 0; i < o->n; i++)
        if (!strcmp(o->entries[i]->key, key))
            return o->entries[i];
    return NULL;
}

int offers_list(struct offers *o, const char *key, offers_lookup *lookup, const void *data, const struct strv **names,
                struct wl_err *err)
{
    struct entry *e;

    pthread_mutex_lock(&o->lock);
    e = find_entry(o, key);
    if (e) {
        while (!e->done)
            pthread_cond_wait(&o->changed, &o->lock);
    } else {
        WL_CLEANUP_TEMP_DIR struct temp_dir scratch = {.fd = -1};
        WL_CLEANUP_FREE char *part = NULL;

        e = xcalloc(1, sizeof *e);
        e->key = xstrdup(key);
        o->entries = xreallocarray(o->entries, o->n + 1, sizeof *o->entries);
        o->entries[o->n++] = e;
        pthread_mutex_unlock(&o->lock);
        e->result = make_dirs(o->work, &e->err);
        if (e->result == 0)
            e->result = temp_dir_make(&scratch, o->work, "lookup", &e->err);
        if (e->result == 0) {
            part = path_join(scratch.path, "part");
            e->result = lookup(o, data, part, &e->names, &e->err);
        }
        pthread_mutex_lock(&o->lock);
        e->done = true;
        pthread_cond_broadcast(&o->changed);
    }
    pthread_mutex_unlock(&o->lock);
    *names = &e->names;
    return e->result < 0 ? wl_err_set(err, e->err.cls, "%s", e->err.text) : 0;
}

bool offer_is_wanted(const struct offer_query *q, const char *version)
{
    return version_is_newer(version, q->version) && version_in_series(version, q->series) &&
           (!version_is_prerelease(version) || version_is_prerelease(q->version));
}
