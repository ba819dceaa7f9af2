/* Reads any bytes as what strangers say to wlpy serve and wlpy mcp: a request over HTTP or a message of the Model
 * Context Protocol, and then what a guest answers. The sandbox is a stand-in, whose guest always gives that answer. */
#include "api.h"
#include "form.h"
#include "mcp.h"
#include "text.h"

#include "api/internal.h"
#include "api/value.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the stand-in ---- */

enum { NAMES = 4, MOST_TEXT = 1 << 16 };

struct sandbox_session {
    const struct sandbox *sandbox;
    struct wlpy_files *files;
    char name[SANDBOX_NAME]; /* "": none */
    bool used;
};

struct sandbox {
    struct sandbox_session named[NAMES];
    const uint8_t *answer;
    size_t size;
    unsigned entered;
};

static struct sandbox_session *find(struct sandbox *s, const char *name)
{
    for (size_t i = 0; i < NAMES; i++)
        if (!strcmp(s->named[i].name, name))
            return &s->named[i];
    return NULL;
}

static bool begin(const struct sandbox *s, struct sandbox_session *x, const char *name)
{
    *x = (struct sandbox_session){.sandbox = s, .files = wlpy_files_new(1 << 16, 100)};
    snprintf(x->name, sizeof x->name, "%s", name);
    return x->files;
}

struct sandbox_session *sandbox_enter(struct sandbox *s, enum sandbox_use use, const char *name, struct wlpy_err *err)
{
    struct sandbox_session *x = use == SANDBOX_FRESH ? calloc(1, sizeof *x) : find(s, name);
    bool fresh = use == SANDBOX_FRESH;

    if (use == SANDBOX_NAMED && !x && *name && strlen(name) < SANDBOX_NAME) {
        x = find(s, "");
        fresh = x;
    }
    if ((fresh && !begin(s, x, use == SANDBOX_FRESH ? "" : name)) || !x) {
        memset(err, 0, sizeof *err);
        strcpy(err->text, "there is no such session");
        return NULL;
    }
    /* A caller that has one does not ask for another: it would wait for itself. */
    if (s->entered++ || x->used)
        abort();
    x->used = true;
    return x;
}

void sandbox_leave(struct sandbox *s, struct sandbox_session *x)
{
    if (!x || !x->used || s->entered-- != 1)
        abort();
    x->used = false;
    if (x >= s->named && x < s->named + NAMES)
        return;
    wlpy_files_free(x->files);
    free(x);
}

enum sandbox_start sandbox_start(struct sandbox *s, const char *name, char made[SANDBOX_NAME], struct wlpy_err *err)
{
    struct sandbox_session *x = find(s, "");

    memset(err, 0, sizeof *err);
    if (name && (!*name || strlen(name) >= SANDBOX_NAME))
        return SANDBOX_BAD_NAME;
    if (name && find(s, name))
        return SANDBOX_TAKEN;
    if (!x || !begin(s, x, name ? name : "made-up"))
        return SANDBOX_FULL;
    strcpy(made, x->name);
    return SANDBOX_STARTED;
}

int sandbox_eval(struct sandbox_session *x, const struct sandbox_code *code, struct sandbox_result *result,
                 struct wlpy_err *err)
{
    const struct sandbox *s = x->sandbox;

    if (!x->used)
        abort();
    *result = (struct sandbox_result){.value = {.size = sizeof result->value, .alive = true, .end = WLPY_EXITED}};
    buffer_add(&result->out, s->answer, s->size);
    if (code->on_output)
        code->on_output(code->on_output_arg, s->size & 1, (const char *)s->answer, s->size);
    if (value_read(&result->value, s->answer, s->size, MOST_TEXT))
        return 0;
    memset(err, 0, sizeof *err);
    strcpy(err->text, "the guest does not answer as it should");
    return -1;
}

void sandbox_result_free(struct sandbox_result *result)
{
    wlpy_value_free(&result->value);
    free(result->out.at);
    free(result->err.at);
}

void sandbox_interrupt(struct sandbox_session *x)
{
    (void)x;
}

void sandbox_cancel(struct sandbox_session *x)
{
    (void)x;
}

struct wlpy_files *sandbox_files(struct sandbox_session *x, const char *directory)
{
    if (strcmp(directory, SANDBOX_FILES) != 0 && strcmp(directory, SANDBOX_DATA) != 0)
        abort();
    return x->files;
}

bool sandbox_drop(struct sandbox *s, const char *name)
{
    struct sandbox_session *x = *name ? find(s, name) : NULL;

    if (!x || x->used)
        return false;
    wlpy_files_free(x->files);
    memset(x, 0, sizeof *x);
    return true;
}

void sandbox_list(struct sandbox *s, void (*each)(void *arg, const char *name), void *arg)
{
    for (size_t i = 0; i < NAMES; i++)
        if (*s->named[i].name)
            each(arg, s->named[i].name);
}

void sandbox_count(struct sandbox *s, struct sandbox_counts *counts)
{
    (void)s;
    *counts = (struct sandbox_counts){0};
}

const char openapi[] = "{}";

const char *wlpy_version(void)
{
    return "0";
}

int api_err(const struct err *from, struct wlpy_err *to)
{
    if (to)
        snprintf(to->text, sizeof to->text, "%s", from->text);
    return -1;
}

int api_null(const char *what, struct wlpy_err *err)
{
    (void)what;
    (void)err;
    abort();
}

/* (libmicrohttpd reads forms.) The body is one file. */
bool form_files(const struct http_request *r, void (*each)(void *arg, const struct form_file *file), void *arg)
{
    const char *end = r->size ? memchr(r->body, '\n', r->size) : NULL;
    char *name;

    if (!end)
        return false;
    name = strndup(r->body, (size_t)(end - r->body));
    each(arg, &(struct form_file){name, end + 1, r->size - (size_t)(end + 1 - r->body)});
    free(name);
    return true;
}

/* ---- what strangers say ---- */

static void take_message(struct sandbox *s, const char *text, size_t n)
{
    json_t *message = text_parse(text, n, JSON_REJECT_DUPLICATES), *answer;
    struct mcp m;

    if (!mcp_init(&m, s, 1000))
        abort();
    answer = message ? mcp_handle(&m, message) : mcp_not_json();
    if (answer && strcmp(text_member(answer, "jsonrpc"), "2.0") != 0)
        abort();
    json_decref(answer);
    json_decref(message);
    mcp_free(&m);
}

static char *take_line(const char **text, size_t *n)
{
    const char *end = memchr(*text, '\n', *n);
    const size_t size = end ? (size_t)(end - *text) : *n;
    char *line = strndup(*text, size);

    *text += size + (end != NULL);
    *n -= size + (end != NULL);
    return line;
}

/* METHOD, path and body, with a newline between them. */
static void take_request(struct sandbox *s, struct storage *storage, const char *text, size_t n)
{
    char *method = take_line(&text, &n), *path = take_line(&text, &n);
    struct http_request r = {.sandbox = s, .storage = storage, .method = method, .path = path, .body = text, .size = n};
    bool mine;

    http_read_json(&r);
    (void)(api_evaluates(&r) + e2b_evaluates(&r) + librechat_evaluates(&r));
    mine = api_serve(&r) || e2b_serve(&r) || librechat_serve(&r);
    if (mine && (r.status < 200 || r.status > 599 || !r.type || !r.text))
        abort();
    if (mine && !strcmp(r.type, "application/json") && r.text_size) {
        json_t *json = json_loadb(r.text, r.text_size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

        if (!json)
            abort();
        json_decref(json);
    }
    json_decref(r.json);
    free(r.text);
    free(r.filename);
    free(method);
    free(path);
}

/* Requests, which a byte 0xff ends each; after two of them comes what the guest answers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t two[] = {0xff, 0xff};
    const uint8_t *mark = size ? memmem(data, size, two, sizeof two) : NULL;
    const size_t n = mark ? (size_t)(mark - data) : size;
    struct sandbox s = {.answer = mark ? mark + 2 : data, .size = mark ? size - n - 2 : 0};
    struct storage *storage = storage_new(1 << 16);

    if (!storage)
        abort();
    text_init();
    for (size_t at = 0; at < n;) {
        const uint8_t *end = memchr(data + at, 0xff, n - at);
        const size_t length = end ? (size_t)(end - data) - at : n - at;
        char *text = malloc(length + 1);

        memcpy(text, data + at, length);
        if (length && text[0] == '{')
            take_message(&s, text, length);
        else
            take_request(&s, storage, text, length);
        free(text);
        at += length + 1;
    }
    if (s.entered)
        abort();
    for (size_t i = 0; i < NAMES; i++)
        wlpy_files_free(s.named[i].files);
    storage_free(storage);
    return 0;
}
