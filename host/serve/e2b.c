/* What clients of E2B's code interpreter ask of a sandbox (https://github.com/e2b-dev/code-interpreter): a context is a
 * session, and the answer to code is a line of JSON for each thing that it has produced. */
#include "api.h"

#include "clock.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONTEXT "e2b-default"
#define CONTEXTS "/contexts"

static void put_line(FILE *to, json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

    if (text)
        fprintf(to, "%s\n", text);
    free(text);
    json_decref(line);
}

static void put_stream(FILE *to, const char *type, const char *text, size_t n)
{
    if (n)
        put_line(to, json_pack("{s:s, s:o, s:I}", "type", type, "text", text_json(text, n), "timestamp",
                               (json_int_t)clock_unix_ns()));
}

/* The members of a result, by type. */
static void add_form(json_t *result, const char *type, const void *bytes, size_t n)
{
    static const struct {
        const char *type, *key;
        bool binary;
    } keys[] = {{"text/plain", "text", false},        {"text/html", "html", false},
                {"text/markdown", "markdown", false}, {"image/svg+xml", "svg", false},
                {"image/png", "png", true},           {"image/jpeg", "jpeg", true},
                {"application/pdf", "pdf", true},     {"text/latex", "latex", false},
                {"application/json", "json", false},  {"application/javascript", "javascript", false}};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *data;

        if (strcmp(type, keys[i].type) != 0)
            continue;
        if (!keys[i].binary) {
            json_object_set_new(result, keys[i].key, text_json(bytes, n));
            return;
        }
        data = base64_encode(bytes, n);
        json_object_set_new(result, keys[i].key, data ? json_string(data) : json_null());
        free(data);
    }
}

/* The forms of one object; the last one is that of the value, if it has some. */
static void put_results(FILE *to, const struct wlpy_value *v)
{
    json_t *result = NULL;

    for (size_t i = 0; i < v->display_count; i++) {
        const struct wlpy_display *d = &v->displays[i];

        if (i == 0 || d->object != v->displays[i - 1].object) {
            put_line(to, result);
            result = json_pack("{s:s, s:b}", "type", "result", "is_main_result", 0);
        }
        add_form(result, d->type, d->bytes, d->size);
    }
    put_line(to, result);
    if (!v->repr)
        return;
    result =
        json_pack("{s:s, s:b, s:o}", "type", "result", "is_main_result", 1, "text", text_json(v->repr, v->repr_size));
    put_line(to, result);
}

static void put_error(FILE *to, const char *name, const char *value, const char *traceback)
{
    put_line(to, json_pack("{s:s, s:o, s:o, s:o}", "type", "error", "name", text_json(name, strlen(name)), "value",
                           text_json(value, strlen(value)), "traceback", text_json(traceback, strlen(traceback))));
}

static void answer_result(struct http_request *r, const struct sandbox_result *result)
{
    const struct wlpy_value *v = &result->value;
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    if (!to) {
        http_refuse(r, 500, "out of memory");
        return;
    }
    put_line(to, json_pack("{s:s, s:i}", "type", "number_of_executions", "execution_count", 1));
    put_stream(to, "stdout", result->out.at, result->out.n);
    put_stream(to, "stderr", result->err.at, result->err.n);
    put_results(to, v);
    if (v->type)
        put_error(to, v->type, v->message ? v->message : "", v->traceback ? v->traceback : "");
    else if (v->end != WLPY_EXITED || !v->alive)
        put_error(to, "SandboxEnded", *v->text ? v->text : "the code has ended its interpreter", "");
    put_line(to, json_pack("{s:s}", "type", "end_of_execution"));
    if (fclose(to) == 0)
        http_answer_bytes(r, 200, "application/x-ndjson", text, n);
    free(text);
}

/* Sets variables of the environment, which stay in the context. (In front of the code, that would move its lines.) */
static bool set_variables(const struct http_request *r, struct sandbox_session *session)
{
    const json_t *variables = json_object_get(r->json, "env_vars");
    struct sandbox_result result = {0};
    char *dictionary, *text = NULL;
    struct wlpy_err err;
    bool well = false;

    if (json_object_size(variables) == 0)
        return true;
    dictionary = text_python(variables);
    if (dictionary &&
        asprintf(&text, "__import__('os').environ.update((k, str(v)) for k, v in %s.items())", dictionary) > 0)
        well = sandbox_eval(session, &(struct sandbox_code){.text = text, .size = strlen(text), .name = "<start>"},
                            &result, &err) == 0 &&
               result.value.status == 0;
    sandbox_result_free(&result);
    free(text);
    free(dictionary);
    return well;
}

static void execute(struct http_request *r)
{
    const json_t *text = json_object_get(r->json, "code");
    const struct sandbox_code code = {.text = json_string_value(text), .size = json_string_length(text)};
    const char *context = text_member(r->json, "context_id");
    const char *language = text_member(r->json, "language");
    const json_t *variables = json_object_get(r->json, "env_vars");
    struct sandbox_result result = {0};
    struct sandbox_session *session;
    struct wlpy_err err;

    if (!code.text || (language && strcmp(language, "python") != 0)) {
        http_refuse(r, 400, code.text ? "the only language is python" : "the member code must be a text");
        return;
    }
    if (variables && !json_is_object(variables) && !json_is_null(variables)) {
        http_refuse(r, 400, "the member env_vars must be an object");
        return;
    }
    session = sandbox_enter(r->sandbox, context ? SANDBOX_EXISTING : SANDBOX_NAMED, context ? context : DEFAULT_CONTEXT,
                            &err);
    if (!session) {
        http_refuse(r, 404, err.text);
        return;
    }
    if (!set_variables(r, session))
        http_refuse(r, 400, "env_vars cannot be set");
    else if (sandbox_eval(session, &code, &result, &err) < 0)
        http_refuse(r, 500, err.text);
    else
        answer_result(r, &result);
    sandbox_result_free(&result);
    sandbox_leave(r->sandbox, session);
}

/* ---- contexts ---- */

static json_t *context_json(const char *name)
{
    return json_pack("{s:o, s:s, s:s}", "id", text_json(name, strlen(name)), "language", "python", "cwd",
                     SANDBOX_FILES);
}

static void add_context(void *list, const char *name)
{
    json_array_append_new(list, context_json(name));
}

/* name: NULL: one that nobody has. */
static void start(struct http_request *r, const char *name)
{
    char made[SANDBOX_NAME];
    struct wlpy_err err;

    if (sandbox_start(r->sandbox, name, made, &err) == SANDBOX_STARTED)
        http_answer(r, 200, context_json(made));
    else
        http_refuse(r, 429, err.text);
}

/* rest: NAME or NAME/restart */
static void one_context(struct http_request *r, const char *rest)
{
    size_t n = strlen(rest), end = n > 8 && !strcmp(rest + n - 8, "/restart") ? n - 8 : n;
    char name[128];

    if (end >= sizeof name) {
        http_refuse(r, 404, "there is no such context");
        return;
    }
    memcpy(name, rest, end);
    name[end] = '\0';
    if (!sandbox_drop(r->sandbox, name))
        http_refuse(r, 404, "there is no such context");
    else if (end == n && !strcmp(r->method, "DELETE"))
        http_answer_bytes(r, 204, "application/json", "", 0);
    else
        start(r, name);
}

bool e2b_evaluates(const struct http_request *r)
{
    return !strcmp(r->path, "/execute");
}

bool e2b_serve(struct http_request *r)
{
    if (!strcmp(r->path, "/execute") && !strcmp(r->method, "POST")) {
        execute(r);
    } else if (!strcmp(r->path, CONTEXTS) && !strcmp(r->method, "POST")) {
        start(r, NULL);
    } else if (!strcmp(r->path, CONTEXTS) && !strcmp(r->method, "GET")) {
        json_t *list = json_array();

        sandbox_list(r->sandbox, add_context, list);
        http_answer(r, 200, list);
    } else if (!strncmp(r->path, CONTEXTS "/", sizeof CONTEXTS)) {
        one_context(r, r->path + sizeof CONTEXTS);
    } else {
        return false;
    }
    return true;
}
