/* Hosts that did not answer in this run. */
#include "source/transfer.h"

#include <pthread.h>
#include <string.h>

struct dead_hosts {
    pthread_mutex_t lock;
    struct strv hosts, why;
};

struct dead_hosts *dead_hosts_new(void)
{
    struct dead_hosts *d = xcalloc(1, sizeof *d);

    pthread_mutex_init(&d->lock, NULL);
    return d;
}

void dead_hosts_free(struct dead_hosts *d)
{
    if (!d)
        return;
    strv_free(&d->hosts);
    strv_free(&d->why);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

void dead_hosts_add(struct dead_hosts *d, const char *host, const char *why)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->lock);
    if (!strv_has(&d->hosts, host)) {
        strv_add(&d->hosts, host);
        strv_add(&d->why, why);
    }
    pthread_mutex_unlock(&d->lock);
}

char *dead_hosts_find(struct dead_hosts *d, const char *host)
{
    char *why = NULL;

    if (!d)
        return NULL;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < d->hosts.n && !why; i++)
        if (!strcmp(d->hosts.v[i], host))
            why = xstrdup(d->why.v[i]);
    pthread_mutex_unlock(&d->lock);
    return why;
}
