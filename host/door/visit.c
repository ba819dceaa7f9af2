#include "door/visit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_SECONDS = 30, MOST_DRAIN = 1 << 20, DRAIN_MS = 1000 };

/* libcurl asks often whether it shall go on: not if the guest has closed its end. */
static int is_over(void *visit, int64_t a, int64_t b, int64_t c, int64_t d)
{
    const struct visit *v = visit;
    struct pollfd p = {.fd = v->fd, .events = POLLRDHUP};

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return poll(&p, 1, 0) > 0;
}

/* Both directions, for the secrets of this host. */
static int make_filters(struct visit *v)
{
    const struct doors *d = v->doors;

    filter_free(&v->secrets);
    filter_free(&v->answers);
    for (size_t i = 0; i < d->secrets_n; i++) {
        const struct secret *s = &d->secrets[i];
        const size_t n = strlen(s->value);

        if (&d->list[s->host] == v->door && (filter_add(&v->secrets, s->placeholder, s->value, n) < 0 ||
                                             filter_add(&v->answers, s->value, s->placeholder, n) < 0))
            return -1;
    }
    return 0;
}

static struct curl_texts *add_header(struct curl_texts *list, const char *name, const char *value)
{
    const size_t n = strlen(name) + strlen(value) + 3;
    char *text = malloc(n);
    struct curl_texts *more = NULL;

    if (text) {
        /* (libcurl drops a header without a value, unless it ends in a semicolon.) */
        snprintf(text, n, *value ? "%s: %s" : "%s;", name, value);
        more = curl_loaded()->slist_append(list, text);
        explicit_bzero(text, n);
    }
    free(text);
    if (!more)
        curl_loaded()->slist_free_all(list);
    return more;
}

/* The request's headers, with the secrets. NULL: no memory. */
static struct curl_texts *make_headers(struct visit *v)
{
    struct curl_texts *list = add_header(NULL, "Accept-Encoding", "identity");
    bool accepts = false;

    for (size_t i = 0; list && i < v->head.n; i++) {
        const char *name = v->head.lines[i].name;
        char *value = v->head.lines[i].value;

        accepts |= !strcasecmp(name, "Accept");
        if (!head_goes_on(name))
            continue;
        if (head_has_credentials(name) && head_put_secrets(value, &v->secrets, &v->answers) < 0) {
            curl_loaded()->slist_free_all(list);
            return NULL;
        }
        list = add_header(list, name, value);
    }
    /* Those that libcurl would add. */
    if (list && !accepts)
        list = curl_loaded()->slist_append(list, "Accept:");
    return list ? curl_loaded()->slist_append(list, "Expect:") : NULL;
}

static void set_request(struct visit *v, struct curl_texts *headers, const char *url, char *error)
{
    const struct curl *c = curl_loaded();
    void *h = v->handle;
    const bool body = v->head.chunked || v->head.length >= 0;

    c->easy_reset(h);
    c->easy_setopt(h, CURL_NOSIGNAL, 1L);
    c->easy_setopt(h, CURL_ERRORBUFFER, error);
    c->easy_setopt(h, CURL_PROTOCOLS, (long)CURL_ONLY_HTTPS);
    c->easy_setopt(h, CURL_FOLLOWLOCATION, 0L);
    c->easy_setopt(h, CURL_PROXY, "");
    c->easy_setopt(h, CURL_SSLVERSION, (long)CURL_TLS_1_2);
    c->easy_setopt(h, CURL_SSL_VERIFYPEER, 1L);
    c->easy_setopt(h, CURL_SSL_VERIFYHOST, 2L);
    if (v->doors->certificates)
        c->easy_setopt(h, CURL_CAINFO, v->doors->certificates);
    c->easy_setopt(h, CURL_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    c->easy_setopt(h, CURL_TCP_KEEPALIVE, 1L);
    c->easy_setopt(h, CURL_HTTP_VERSION, (long)CURL_HTTP_1_1);
    c->easy_setopt(h, CURL_PATH_AS_IS, 1L);
    c->easy_setopt(h, CURL_URL, url);
    c->easy_setopt(h, CURL_HTTPHEADER, headers);
    if (body) {
        c->easy_setopt(h, CURL_UPLOAD, 1L);
        c->easy_setopt(h, CURL_INFILESIZE_LARGE, v->head.chunked ? (int64_t)-1 : v->head.length);
        c->easy_setopt(h, CURL_READFUNCTION, input_body);
        c->easy_setopt(h, CURL_READDATA, v);
    } else if (!strcmp(v->head.method, "HEAD")) {
        c->easy_setopt(h, CURL_NOBODY, 1L);
    } else {
        c->easy_setopt(h, CURL_HTTPGET, 1L);
    }
    if (body || strcmp(v->head.method, "HEAD") != 0)
        c->easy_setopt(h, CURL_CUSTOMREQUEST, v->head.method);
    c->easy_setopt(h, CURL_HEADERFUNCTION, answer_line);
    c->easy_setopt(h, CURL_HEADERDATA, v);
    c->easy_setopt(h, CURL_WRITEFUNCTION, answer_part);
    c->easy_setopt(h, CURL_WRITEDATA, v);
    c->easy_setopt(h, CURL_NOPROGRESS, 0L);
    c->easy_setopt(h, CURL_XFERINFOFUNCTION, is_over);
    c->easy_setopt(h, CURL_XFERINFODATA, v);
}

static char *make_url(const struct visit *v)
{
    const struct net_secret_host *h = &v->door->host;
    const bool six = h->is_address && strchr(h->text, ':');
    char *url;

    return asprintf(&url, six ? "https://[%s]:%u%s" : "https://%s:%u%s", h->text, h->port, v->head.target) < 0 ? NULL
                                                                                                               : url;
}

/* Forwards the request whose head was read. True: the connection can take another one. */
static bool forward(struct visit *v)
{
    const struct curl *c = curl_loaded();
    char error[CURL_ERROR_ROOM] = "", *url = make_url(v);
    struct curl_texts *headers = url && make_filters(v) == 0 ? make_headers(v) : NULL;
    int r = -1;

    v->left = v->head.length > 0 ? v->head.length : 0;
    v->first = true;
    v->body_done = !v->head.chunked && !v->left;
    v->begun = false;
    v->refused = NULL;
    v->text_n = 0;
    if (headers && (!v->head.expects || visit_send(v, "HTTP/1.1 100 Continue\r\n\r\n", 25) == 0)) {
        set_request(v, headers, url, error);
        r = c->easy_perform(v->handle);
    }
    c->slist_free_all(headers);
    free(url);
    if (r == 0 && answer_end(v) == 0)
        return v->keep;
    if (!v->begun)
        answer_refuse(v, 502,
                      v->refused ? v->refused
                      : !headers ? "out of memory"
                      : *error   ? error
                                 : c->easy_strerror(r));
    return false;
}

/* Closing a socket that has unread bytes would drop what was sent to the guest. */
static void drain(struct visit *v)
{
    struct pollfd p = {.fd = v->fd, .events = POLLIN};
    ssize_t n = 1;

    shutdown(v->fd, SHUT_WR);
    for (size_t all = 0; all < MOST_DRAIN && n > 0 && poll(&p, 1, DRAIN_MS) > 0; all += (size_t)n)
        n = recv(v->fd, v->in, sizeof v->in, MSG_DONTWAIT);
}

static void *visit(void *arg)
{
    struct visit *v = arg;
    bool more = true;
    int status;

    v->handle = curl_loaded()->easy_init();
    while (more && (status = input_head(v)) >= 0) {
        if (status > 0)
            answer_refuse(v, status, "this is not a request that it forwards");
        else if (!v->handle)
            answer_refuse(v, 502, "out of memory");
        more = status == 0 && v->handle && forward(v);
    }
    drain(v);
    close(v->fd);
    if (v->handle)
        curl_loaded()->easy_cleanup(v->handle);
    filter_free(&v->secrets);
    filter_free(&v->answers);
    free(v->text);
    atomic_fetch_sub(&v->doors->visits, 1);
    doors_free(v->doors);
    explicit_bzero(v->in, sizeof v->in);
    free(v);
    return NULL;
}

int visit_start(struct doors *d, const struct door *door, int fd)
{
    struct visit *v = calloc(1, sizeof *v); /* (It is too large for some threads' stacks.) */
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_t thread;
    int error = v ? pthread_attr_init(&attributes) : ENOMEM;

    if (!error) {
        v->doors = d;
        v->door = door;
        v->fd = fd;
        atomic_fetch_add(&d->owners, 1);
        atomic_fetch_add(&d->visits, 1);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        /* The thread is nobody's to interrupt, and a server that is gone no signal. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&thread, &attributes, visit, v);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        if (error) {
            atomic_fetch_sub(&d->visits, 1);
            doors_free(d);
        }
    }
    if (!error)
        return 0;
    close(fd);
    free(v);
    errno = error;
    return -1;
}
