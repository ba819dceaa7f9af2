#include "http.h"

#include "access.h"
#include "api.h"
#include "clock.h"
#include "listen.h"
#include "mcp.h"
#include "text.h"
#include "wall.h"

#include <ctype.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* MOST_BODIES: of all requests that are being received or answered. MOST_SMALL: where no code and no file is expected.
 */
enum { MOST_BODY = 64 << 20, MOST_BODIES = 256 << 20, MOST_SMALL = 1 << 20 };
enum { MOST_CONNECTIONS = 1000, IDLE_SECONDS = 60, LINGER_SECONDS = 30, BUCKETS = 12 };

/* The bounds of the histogram of evaluations, in seconds. */
static const double bounds[BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 10, 30};

struct server {
    struct sandbox *sandbox;
    struct storage *storage;
    const struct http_config *config;
    sem_t workers;
    atomic_uint waiting, active;
    atomic_size_t bodies; /* bytes */
    atomic_ullong requests, refused, took_us, buckets[BUCKETS + 1];
};

/* One request, from its beginning until its answer was sent. */
struct incoming {
    struct buffer body;
    enum access access;
    bool too_large, crowded; /* the body; those of all requests together */
    /* If the answer is sent while a thread evaluates: */
    struct http_request request;
    struct server *server;
    double start;
    pthread_t thread;
    bool has_thread;
};

/* ---- figures ---- */

static void count(struct server *s, double seconds)
{
    int i = 0;

    while (i < BUCKETS && seconds > bounds[i])
        i++;
    atomic_fetch_add(&s->buckets[i], 1);
    atomic_fetch_add(&s->took_us, (unsigned long long)(seconds * 1e6));
}

/* In Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
static void metrics(struct server *s, struct http_request *r)
{
    struct sandbox_counts c;
    unsigned long long sum = 0;
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    if (!to)
        return;
    sandbox_count(s->sandbox, &c);
    fprintf(to, "# TYPE wlpy_requests_total counter\nwlpy_requests_total %llu\n", atomic_load(&s->requests));
    fprintf(to, "# TYPE wlpy_refused_total counter\nwlpy_refused_total %llu\n", atomic_load(&s->refused));
    fprintf(to, "# TYPE wlpy_evaluations_total counter\nwlpy_evaluations_total %llu\n",
            (unsigned long long)c.evaluations);
    fprintf(to, "# TYPE wlpy_failures_total counter\nwlpy_failures_total %llu\n", (unsigned long long)c.failures);
    fprintf(to, "# TYPE wlpy_deadlines_total counter\nwlpy_deadlines_total %llu\n", (unsigned long long)c.deadlines);
    fprintf(to, "# TYPE wlpy_sandboxes_started_total counter\nwlpy_sandboxes_started_total %llu\n",
            (unsigned long long)c.started);
    fprintf(to, "# TYPE wlpy_sessions gauge\nwlpy_sessions %llu\n", (unsigned long long)c.sessions);
    fprintf(to, "# TYPE wlpy_waiting gauge\nwlpy_waiting %u\n", atomic_load(&s->waiting));
    fprintf(to, "# TYPE wlpy_evaluation_seconds histogram\n");
    for (int i = 0; i < BUCKETS; i++) {
        sum += atomic_load(&s->buckets[i]);
        fprintf(to, "wlpy_evaluation_seconds_bucket{le=\"%g\"} %llu\n", bounds[i], sum);
    }
    sum += atomic_load(&s->buckets[BUCKETS]);
    fprintf(to,
            "wlpy_evaluation_seconds_bucket{le=\"+Inf\"} %llu\nwlpy_evaluation_seconds_sum %.6f\n"
            "wlpy_evaluation_seconds_count %llu\n",
            sum, (double)atomic_load(&s->took_us) / 1e6, sum);
    if (fclose(to) == 0)
        http_answer_bytes(r, 200, "text/plain; version=0.0.4", text, n);
    free(text);
}

/* ---- one request ---- */

/* (A client of its own each time: numbers of requests are a client's, so nobody can cancel another one's.) */
static void serve_mcp(const struct server *s, struct http_request *r)
{
    struct mcp m;
    json_t *answer;

    if (strcmp(r->method, "POST") != 0) {
        http_refuse(r, 405, "POST a message; this server sends none by itself");
        return;
    }
    if (!mcp_init(&m, s->sandbox, s->config->deadline_ms))
        return;
    answer = r->json ? mcp_handle(&m, r->json) : mcp_not_json();
    mcp_free(&m);
    if (answer)
        http_answer(r, 200, answer);
    else
        http_answer_bytes(r, 202, "application/json", "", 0);
}

static void dispatch(struct server *s, struct http_request *r)
{
    if (!strcmp(r->path, "/mcp"))
        serve_mcp(s, r);
    else if (!strcmp(r->path, "/metrics") && !strcmp(r->method, "GET"))
        metrics(s, r);
    else if (!api_serve(r) && !e2b_serve(r) && !librechat_serve(r))
        http_refuse(r, 404, "there is nothing at this path; GET /openapi.json lists what there is");
}

/* Whether this thread is one of those that may evaluate; whether another one may in its place. */
static _Thread_local bool has_worker, lends_worker;

static void take_worker(struct server *s)
{
    while (sem_wait(&s->workers) < 0 && errno == EINTR)
        continue;
    atomic_fetch_sub(&s->waiting, 1);
    has_worker = true;
}

/* Waits until there is a worker; false: too many wait already. */
static bool enter_queue(struct server *s)
{
    if (sem_trywait(&s->workers) == 0) {
        has_worker = true;
        return true;
    }
    if (atomic_fetch_add(&s->waiting, 1) >= s->config->queue) {
        atomic_fetch_sub(&s->waiting, 1);
        return false;
    }
    take_worker(s);
    return true;
}

static void leave_worker(struct server *s)
{
    has_worker = false;
    sem_post(&s->workers);
}

/* One that waits for a session which another one uses lets others evaluate meanwhile: otherwise a client could stop all
 * of them by requests for one session. */
static void on_wait(void *arg, bool begins)
{
    struct server *s = arg;

    if (begins && has_worker) {
        atomic_fetch_add(&s->waiting, 1);
        leave_worker(s);
        lends_worker = true;
    } else if (!begins && lends_worker) {
        take_worker(s);
        lends_worker = false;
    }
}

static void evaluate(struct server *s, struct http_request *r)
{
    double start = clock_seconds();

    if (!enter_queue(s)) {
        atomic_fetch_add(&s->refused, 1);
        http_refuse(r, 429, "too many requests are waiting; try again later");
        return;
    }
    http_read_json(r);
    dispatch(s, r);
    leave_worker(s);
    count(s, clock_seconds() - start);
}

static bool evaluates(const struct http_request *r)
{
    return !strcmp(r->path, "/mcp") || api_evaluates(r) || e2b_evaluates(r) || librechat_evaluates(r);
}

/* What is answered without looking further; false: nothing. */
static bool serve_outside(struct http_request *r, const struct incoming *in)
{
    if (!strcmp(r->path, "/health") && !strcmp(r->method, "GET"))
        http_answer(r, 200, json_pack("{s:s}", "status", "ok"));
    else if (in->access == ACCESS_FOREIGN)
        http_refuse(r, 403, "the request comes from a page of another server, or by a name that --host does not give");
    else if (in->access != ACCESS_GIVEN)
        http_refuse(r, 401, "the request needs the header Authorization: Bearer TOKEN, with the server's token");
    else if (in->too_large)
        http_refuse(r, 413, "the body has more than 64 MiB");
    else if (in->crowded)
        http_refuse(r, 503, "the bodies of all requests together have more than 256 MiB; try again later");
    else
        return false;
    return true;
}

static void log_request(const struct http_request *r, double seconds)
{
    char when[32];
    time_t t = (time_t)(clock_unix_ns() / 1000000000);
    struct tm tm;
    json_t *line;
    char *text;

    gmtime_r(&t, &tm);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    line = json_pack("{s:s, s:o, s:o, s:i, s:f}", "time", when, "method", text_json(r->method, strlen(r->method)),
                     "path", text_json(r->path, strlen(r->path)), "status", r->status, "seconds", seconds);
    text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text)
        fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(line);
}

/* As RFC 6266 and RFC 8187 have it, because a name can have any characters. */
static void add_filename(struct MHD_Response *response, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct buffer header = {0};

    buffer_print(&header, "attachment; filename*=UTF-8''");
    for (const unsigned char *p = (const unsigned char *)(slash ? slash + 1 : path); *p; p++)
        buffer_print(&header, isalnum(*p) || *p == '.' || *p == '-' || *p == '_' ? "%c" : "%%%02X", *p);
    if (buffer_add(&header, "", 1))
        MHD_add_response_header(response, "Content-Disposition", header.at);
    free(header.at);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct http_request *r)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(r->text_size, r->text ? r->text : "", MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", r->type ? r->type : "application/json");
    if (r->filename)
        add_filename(response, r->filename);
    if (r->status == 429 || r->status == 503)
        MHD_add_response_header(response, "Retry-After", "1");
    if (r->status == 401)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    result = MHD_queue_response(connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return result;
}

/* What is not answered by its content is not kept. */
static void take_body(struct server *s, struct incoming *in, const char *data, size_t n)
{
    in->too_large |= n > MOST_BODY - in->body.n;
    if (in->access != ACCESS_GIVEN || in->too_large || in->crowded)
        return;
    if (atomic_fetch_add(&s->bodies, n) + n > MOST_BODIES || !buffer_add(&in->body, data, n)) {
        atomic_fetch_sub(&s->bodies, n);
        in->crowded = true;
    }
}

/* ---- an answer that is sent while it comes into being ---- */

static bool wants_events(struct MHD_Connection *connection)
{
    const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Accept");

    return accept && strstr(accept, "text/event-stream");
}

static void *evaluate_aside(void *arg)
{
    struct incoming *in = arg;

    evaluate(in->server, &in->request);
    events_end(in->request.events);
    return NULL;
}

static ssize_t send_events(void *arg, uint64_t at, char *to, size_t n)
{
    const struct incoming *in = arg;
    size_t taken = events_take(in->request.events, to, n);

    (void)at;
    return taken ? (ssize_t)taken : MHD_CONTENT_READER_END_OF_STREAM;
}

/* Refusals are answers as any other. */
static enum MHD_Result stream(struct MHD_Connection *connection, struct incoming *in)
{
    struct http_request *r = &in->request;
    struct MHD_Response *response;
    enum MHD_Result result;

    r->events = events_new();
    in->has_thread = r->events && pthread_create(&in->thread, NULL, evaluate_aside, in) == 0;
    if (!in->has_thread)
        http_refuse(r, 503, "there is no room for another thread");
    if (!in->has_thread || !events_begin(r->events))
        return send_answer(connection, r);
    r->status = MHD_HTTP_OK;
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, send_events, in, NULL);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* ---- requests ---- */

static enum MHD_Result begin_request(const struct server *s, struct MHD_Connection *connection, void **state)
{
    struct incoming *in = calloc(1, sizeof *in);

    if (!in)
        return MHD_NO;
    in->access = access_of(connection, s->config);
    *state = in;
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *n, void **state)
{
    struct server *s = arg;
    struct incoming *in = *state;
    struct http_request *r;

    (void)version;
    if (!in)
        return begin_request(s, connection, state);
    if (*n) {
        take_body(s, in, data, *n);
        *n = 0;
        return MHD_YES;
    }
    atomic_fetch_add(&s->requests, 1);
    atomic_fetch_add(&s->active, 1);
    r = &in->request;
    *r = (struct http_request){.sandbox = s->sandbox,
                               .storage = s->storage,
                               .connection = connection,
                               .method = method,
                               .path = path,
                               .body = in->body.at,
                               .size = in->body.n};
    in->server = s;
    in->start = clock_seconds();
    if (!serve_outside(r, in)) {
        if (api_evaluates(r) && wants_events(connection))
            return stream(connection, in);
        if (evaluates(r)) {
            evaluate(s, r);
        } else {
            if (in->body.n <= MOST_SMALL)
                http_read_json(r);
            dispatch(s, r);
        }
    }
    return send_answer(connection, r);
}

/* The answer was sent, or the client has gone. */
static void on_end(void *arg, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    struct server *s = arg;
    struct incoming *in = *state;

    (void)connection;
    (void)why;
    if (in && in->has_thread) {
        events_leave(in->request.events);
        pthread_join(in->thread, NULL);
    }
    if (in && in->server) {
        if (s->config->log)
            log_request(&in->request, clock_seconds() - in->start);
        atomic_fetch_sub(&s->active, 1);
        json_decref(in->request.json);
        events_free(in->request.events);
        free(in->request.text);
        free(in->request.filename);
    }
    if (in) {
        atomic_fetch_sub(&s->bodies, in->body.n);
        free(in->body.at);
    }
    free(in);
    *state = NULL;
}

/* ---- the server ---- */

/* Lets the requests end that are in progress. */
static void stop(struct server *s, struct MHD_Daemon *daemon)
{
    int fd = MHD_quiesce_daemon(daemon);

    fprintf(stderr, "wlpy: completing %u requests\n", atomic_load(&s->active));
    for (int i = 0; i < LINGER_SECONDS * 100 && atomic_load(&s->active); i++)
        usleep(10000);
    MHD_stop_daemon(daemon);
    if (fd >= 0)
        close(fd);
}

int http_serve(struct sandbox *sandbox, const struct http_config *config)
{
    struct server s = {.sandbox = sandbox, .storage = storage_new(config->stored), .config = config};
    struct MHD_Daemon *daemon;
    sigset_t ends;
    int fd, number;

    sandbox_on_wait(sandbox, on_wait, &s);
    if (!config->token && !listen_is_private(config->listen)) {
        listen_fails("listen on", config->listen, "others can reach it; give --token-file, or listen on 127.0.0.1");
        return 2;
    }
    fd = listen_on(config->listen);
    if (fd < 0)
        return 1;
    if (!s.storage || sem_init(&s.workers, 0, config->workers) < 0 ||
        !wall_build(config->names, *config->listen == '/' ? config->listen : NULL))
        return listen_fails("serve on", config->listen, strerror(errno)), 1;
    /* Before there are threads, which inherit it. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    daemon = MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL,
                              NULL, on_request, &s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_end,
                              &s, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
                              MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (!daemon)
        return listen_fails("serve on", config->listen, strerror(errno)), 1;
    listen_tell(fd, config->listen);
    sigwait(&ends, &number);
    stop(&s, daemon);
    if (*config->listen == '/')
        unlink(config->listen);
    sem_destroy(&s.workers);
    storage_free(s.storage);
    return 0;
}
