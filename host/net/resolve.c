#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A resolver waits for half a minute and more for a server that is silent; a guest that gives up and asks again must
 * not heap threads up meanwhile. The one count of the process: threads are the process's, whichever run started them.
 */
enum { MOST_AT_WORK = 32 };
static atomic_int at_work;

struct net_lookup {
    atomic_int owners; /* the caller and the thread */
    int event, family, error;
    char name[NET_NAME_SIZE];
    size_t n;
    struct net_address answers[NET_MOST_ANSWERS];
};

static void let_go(struct net_lookup *l)
{
    if (atomic_fetch_sub(&l->owners, 1) != 1)
        return;
    close(l->event);
    free(l);
}

static bool known(const struct net_lookup *l, const struct net_address *a)
{
    for (size_t i = 0; i < l->n; i++)
        if (!memcmp(l->answers[i].bytes, a->bytes, sizeof a->bytes))
            return true;
    return false;
}

static void *work(void *data)
{
    struct net_lookup *l = data;
    const struct addrinfo hints = {.ai_family = l->family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const uint64_t one = 1;
    ssize_t ignored;

    l->error = getaddrinfo(l->name, NULL, &hints, &list);
    for (const struct addrinfo *i = l->error ? NULL : list; i && l->n < NET_MOST_ANSWERS; i = i->ai_next)
        if (net_from_sockaddr(i->ai_addr, i->ai_addrlen, &l->answers[l->n]) && !known(l, &l->answers[l->n]))
            l->n++;
    if (!l->error)
        freeaddrinfo(list);
    atomic_fetch_sub(&at_work, 1);
    ignored = write(l->event, &one, sizeof one);
    (void)ignored;
    let_go(l);
    return NULL;
}

struct net_lookup *net_lookup_start(const char *name, int family)
{
    struct net_lookup *l = calloc(1, sizeof *l);
    pthread_attr_t attributes;
    pthread_t thread;
    int error;

    if (!l)
        return NULL;
    *l = (struct net_lookup){.owners = 2, .family = family};
    strncpy(l->name, name, sizeof l->name - 1);
    l->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->event < 0) {
        free(l);
        return NULL;
    }
    if (atomic_fetch_add(&at_work, 1) >= MOST_AT_WORK) {
        error = EAGAIN;
    } else {
        sigset_t all, before;

        /* The thread is nobody's to interrupt. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_attr_init(&attributes);
        if (!error) {
            pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
            error = pthread_create(&thread, &attributes, work, l);
            pthread_attr_destroy(&attributes);
        }
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (error) {
        atomic_fetch_sub(&at_work, 1);
        close(l->event);
        free(l);
        errno = error;
        return NULL;
    }
    return l;
}

int net_lookup_fd(const struct net_lookup *l)
{
    return l->event;
}

int net_lookup_answer(const struct net_lookup *l, struct net_address *answers, size_t *n)
{
    *n = l->n;
    memcpy(answers, l->answers, l->n * sizeof *answers);
    return l->error;
}

void net_lookup_free(struct net_lookup *l)
{
    if (l)
        let_go(l);
}
