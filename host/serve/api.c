/* The service's own interface; openapi.json describes it. */
#include "api.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS "/v1/sessions"
#define RUN "/v1/run"

extern const char openapi[]; /* openapi.s */

static void refuse_err(struct http_request *r, int status, const struct wlpy_err *err)
{
    http_answer(r, status,
                json_pack("{s:{s:o, s:o}}", "error", "message", text_json(err->text, strlen(err->text)), "hint",
                          text_json(err->hint, strlen(err->hint))));
}

/* ---- values as JSON ---- */

static json_t *bytes_json(const void *bytes, size_t n)
{
    char *data;
    json_t *json;

    if (text_is_utf8(bytes, n))
        return text_json(bytes, n);
    data = base64_encode(bytes, n);
    json = data ? json_pack("{s:s}", "base64", data) : NULL;
    free(data);
    return json;
}

static json_t *displays_json(const struct wlpy_value *v)
{
    json_t *list = json_array(), *forms = NULL;

    for (size_t i = 0; i < v->display_count; i++) {
        const struct wlpy_display *d = &v->displays[i];

        if (i == 0 || d->object != v->displays[i - 1].object) {
            forms = json_object();
            json_array_append_new(list, forms);
        }
        json_object_set_new(forms, d->type, bytes_json(d->bytes, d->size));
    }
    return list;
}

static json_t *exception_json(const struct wlpy_value *v)
{
    json_t *traceback = v->traceback ? text_json(v->traceback, strlen(v->traceback)) : json_null();
    json_t *message = v->message ? text_json(v->message, strlen(v->message)) : json_null();

    return v->type ? json_pack("{s:o, s:o, s:o}", "type", text_json(v->type, strlen(v->type)), "message", message,
                               "traceback", traceback)
                   : (json_decref(traceback), json_decref(message), json_null());
}

static const char *end_name(const struct wlpy_value *v)
{
    static const char *const names[] = {
        [WLPY_EXITED] = "done",       [WLPY_TRAPPED] = "trap",        [WLPY_OUTPUT] = "output",
        [WLPY_DEADLINE] = "deadline", [WLPY_CANCELLED] = "cancelled", [WLPY_CPU] = "cpu"};

    return v->end == WLPY_EXITED && v->type ? "exception" : v->end == WLPY_EXITED && !v->alive ? "exit" : names[v->end];
}

static json_t *optional(const char *text, size_t n)
{
    return text ? text_json(text, n) : json_null();
}

/* The value of the last line, and what was raised. */
static json_t *value_json(const struct wlpy_value *v)
{
    json_t *value = v->json ? text_parse(v->json, v->json_size, JSON_DECODE_ANY) : NULL;

    return json_pack("{s:o, s:o, s:o}", "repr", optional(v->repr, v->repr_size), "value", value ? value : json_null(),
                     "exception", exception_json(v));
}

static json_t *end_json(const struct wlpy_value *v)
{
    return json_pack("{s:s, s:i, s:b, s:s, s:f, s:f, s:I}", "end", end_name(v), "status", v->status, "alive", v->alive,
                     "detail", v->text, "wall_ms", (double)v->wall_ns / 1e6, "cpu_ms", (double)v->cpu_ns / 1e6,
                     "memory", (json_int_t)v->memory);
}

/* Everything in one. files: taken. */
static json_t *result_json(const struct sandbox_result *r, json_t *files)
{
    json_t *all =
        json_pack("{s:o, s:o, s:o, s:o}", "stdout", optional(r->out.n ? r->out.at : "", r->out.n), "stderr",
                  optional(r->err.n ? r->err.at : "", r->err.n), "displays", displays_json(&r->value), "files", files);
    json_t *value = value_json(&r->value), *end = end_json(&r->value);

    if (all) {
        json_object_update(all, end);
        json_object_update(all, value);
    }
    json_decref(value);
    json_decref(end);
    return all;
}

static void put_output(void *events, bool to_stderr, const char *bytes, size_t n)
{
    events_put_text(events, to_stderr, bytes, n);
}

static void put_result(struct events *e, const struct sandbox_result *r, json_t *files)
{
    json_t *displays = displays_json(&r->value), *display, *end;
    size_t i;

    events_put_text(e, false, NULL, 0);
    events_put_text(e, true, NULL, 0);
    json_array_foreach(displays, i, display) events_put(e, "display", json_incref(display));
    json_decref(displays);
    events_put(e, "result", value_json(&r->value));
    end = end_json(&r->value);
    json_object_set_new(end, "files", files);
    events_put(e, "end", end);
}

/* ---- files ---- */

/* A text, or {"base64": ...}. */
static int put_file(struct wlpy_files *files, const char *path, const json_t *content, struct wlpy_err *err)
{
    const char *base64 = text_member(content, "base64");
    void *bytes;
    size_t n;
    int r;

    if (json_is_string(content))
        return wlpy_files_put(files, path, json_string_value(content), json_string_length(content), err);
    bytes = base64 ? base64_decode(base64, &n) : NULL;
    if (!bytes) {
        snprintf(err->text, sizeof err->text, "the content of %.200s is neither a text nor {\"base64\": TEXT}", path);
        err->hint[0] = '\0';
        return -1;
    }
    r = wlpy_files_put(files, path, bytes, n, err);
    free(bytes);
    return r;
}

static bool put_files(struct http_request *r, struct sandbox_session *session)
{
    json_t *list = json_object_get(r->json, "files"), *content;
    struct wlpy_err err;
    const char *path;

    json_object_foreach(list, path, content)
    {
        if (put_file(sandbox_files(session, SANDBOX_FILES), path, content, &err) < 0) {
            refuse_err(r, 400, &err);
            return false;
        }
    }
    return true;
}

/* What "outputs" names and exists. */
static json_t *get_files(const struct http_request *r, struct sandbox_session *session)
{
    json_t *all = json_object(), *name;
    size_t i;

    json_array_foreach(json_object_get(r->json, "outputs"), i, name)
    {
        const char *path = json_string_value(name);
        const void *bytes;
        struct wlpy_err err;
        size_t n;

        if (path && wlpy_files_get(sandbox_files(session, SANDBOX_FILES), path, &bytes, &n, &err) == 0)
            json_object_set_new(all, path, bytes_json(bytes, n));
    }
    return all;
}

/* ---- code ---- */

static void eval(struct http_request *r, struct sandbox_session *session)
{
    const json_t *text = json_object_get(r->json, "code");
    const struct sandbox_code code = {.text = json_string_value(text),
                                      .size = json_string_length(text),
                                      .seconds = json_number_value(json_object_get(r->json, "timeout")),
                                      .on_output = r->events ? put_output : NULL,
                                      .on_output_arg = r->events};
    struct sandbox_result result;
    struct wlpy_err err;
    int status;

    if (!put_files(r, session) || (r->events && !events_use(r->events, session)))
        return;
    status = sandbox_eval(session, &code, &result, &err);
    if (status < 0 && r->events)
        events_put(r->events, "error", json_pack("{s:o}", "message", text_json(err.text, strlen(err.text))));
    else if (status < 0)
        refuse_err(r, 409, &err);
    else if (r->events)
        put_result(r->events, &result, get_files(r, session));
    else
        http_answer(r, 200, result_json(&result, get_files(r, session)));
    sandbox_result_free(&result);
    if (r->events)
        events_use(r->events, NULL);
}

static bool is_time(const json_t *value)
{
    return json_number_value(value) > 0;
}

static bool is_text(const json_t *value)
{
    return json_is_string(value);
}

static bool is_object(const json_t *value)
{
    return json_is_object(value);
}

static bool is_list_of_texts(const json_t *value)
{
    json_t *each;
    size_t i;

    json_array_foreach(value, i, each)
    {
        if (!json_is_string(each))
            return false;
    }
    return json_is_array(value);
}

static const struct {
    const char *name, *must;
    bool (*is)(const json_t *value);
} members[] = {{"code", "a text", is_text},
               {"timeout", "a number of seconds, more than 0", is_time},
               {"files", "an object", is_object},
               {"outputs", "an array of texts", is_list_of_texts}};
enum { MEMBERS = sizeof members / sizeof *members };

/* Every member has to be known and of its kind, so that a misspelt limit is not one that is missing. */
static bool check_body(struct http_request *r)
{
    char text[200] = "";
    const char *key;
    json_t *value;

    if (!json_is_object(r->json)) {
        http_refuse(r, 400, "the body must be a JSON object");
        return false;
    }
    if (!json_object_get(r->json, "code"))
        snprintf(text, sizeof text, "the member code is missing");
    json_object_foreach(r->json, key, value)
    {
        size_t i = 0;

        while (i < MEMBERS && strcmp(members[i].name, key) != 0)
            i++;
        if (i == MEMBERS)
            snprintf(text, sizeof text, "the member %.100s is not known", key);
        else if (!members[i].is(value))
            snprintf(text, sizeof text, "the member %s must be %s", key, members[i].must);
    }
    if (*text)
        http_refuse(r, 400, text);
    return !*text;
}

static void run(struct http_request *r, enum sandbox_use use, const char *name)
{
    struct sandbox_session *session;
    struct wlpy_err err;

    if (!http_is(r, "POST")) {
        http_refuse(r, 405, "use POST");
        return;
    }
    if (!check_body(r))
        return;
    session = sandbox_enter(r->sandbox, use, name, &err);
    if (!session) {
        refuse_err(r, use == SANDBOX_FRESH ? 503 : 404, &err);
        return;
    }
    eval(r, session);
    sandbox_leave(r->sandbox, session);
}

/* ---- sessions ---- */

static void add_name(void *list, const char *name)
{
    json_array_append_new(list, text_json(name, strlen(name)));
}

static void list_sessions(struct http_request *r)
{
    json_t *list = json_array();

    sandbox_list(r->sandbox, add_name, list);
    http_answer(r, 200, json_pack("{s:o}", "sessions", list));
}

static void create(struct http_request *r)
{
    static const int refusals[] = {[SANDBOX_BAD_NAME] = 400, [SANDBOX_TAKEN] = 409, [SANDBOX_FULL] = 429};
    const json_t *name = json_object_get(r->json, "name");
    const char *given = json_string_value(name);
    char made[SANDBOX_NAME];
    enum sandbox_start started;
    struct wlpy_err err;

    if (r->size && !json_is_object(r->json)) {
        http_refuse(r, 400, "the body must be a JSON object, or empty");
        return;
    }
    if (name && (!given || strchr(given, '/') || strlen(given) != json_string_length(name))) {
        http_refuse(r, 400, "a session's name is a text without a slash and a zero byte");
        return;
    }
    started = sandbox_start(r->sandbox, given, made, &err);
    if (started == SANDBOX_STARTED)
        http_answer(r, 201, json_pack("{s:s}", "name", made));
    else
        refuse_err(r, refusals[started], &err);
}

static int list_file(void *list, const char *path, int64_t size)
{
    size_t n = strlen(path);
    const char *type = n && path[n - 1] == '/' ? "directory" : size < 0 ? "link" : "file";

    json_array_append_new(list, json_pack("{s:o, s:s, s:I}", "path", text_json(path, n), "type", type, "size",
                                          (json_int_t)(size < 0 ? 0 : size)));
    return 0;
}

static void use_file(struct http_request *r, struct wlpy_files *files, const char *path)
{
    const void *bytes;
    struct wlpy_err err;
    size_t n;

    if (!*path && http_is(r, "GET")) {
        json_t *list = json_array();

        wlpy_files_list(files, list_file, list);
        http_answer(r, 200, json_pack("{s:o}", "files", list));
    } else if (http_is(r, "GET")) {
        if (wlpy_files_get(files, path, &bytes, &n, &err) < 0)
            refuse_err(r, 404, &err);
        else
            http_answer_bytes(r, 200, "application/octet-stream", bytes, n);
    } else if (http_is(r, "PUT")) {
        if (wlpy_files_put(files, path, r->size ? r->body : "", r->size, &err) < 0)
            refuse_err(r, 400, &err);
        else
            http_answer(r, 201,
                        json_pack("{s:o, s:I}", "path", text_json(path, strlen(path)), "size", (json_int_t)r->size));
    } else if (http_is(r, "DELETE")) {
        if (wlpy_files_remove(files, path, &err) < 0)
            refuse_err(r, 404, &err);
        else
            http_answer(r, 200, json_pack("{s:o}", "path", text_json(path, strlen(path))));
    } else {
        http_refuse(r, 405, "use GET, PUT or DELETE");
    }
}

static void files_of(struct http_request *r, const char *name, const char *path)
{
    struct wlpy_err err;
    struct sandbox_session *session = sandbox_enter(r->sandbox, SANDBOX_EXISTING, name, &err);

    if (!session) {
        refuse_err(r, 404, &err);
        return;
    }
    use_file(r, sandbox_files(session, SANDBOX_FILES), path);
    sandbox_leave(r->sandbox, session);
}

/* rest: NAME, NAME/eval, NAME/files, NAME/files/PATH */
static void one_session(struct http_request *r, const char *rest)
{
    const char *slash = strchr(rest, '/');
    size_t n = slash ? (size_t)(slash - rest) : strlen(rest);
    char name[256];

    if (n == 0 || n >= sizeof name) {
        http_refuse(r, 404, "there is no such session");
        return;
    }
    memcpy(name, rest, n);
    name[n] = '\0';
    if (!slash && http_is(r, "DELETE")) {
        if (sandbox_drop(r->sandbox, name))
            http_answer(r, 200, json_pack("{s:o}", "name", text_json(name, n)));
        else
            http_refuse(r, 404, "there is no such session");
    } else if (slash && !strcmp(slash, "/eval")) {
        run(r, SANDBOX_EXISTING, name);
    } else if (slash && !strcmp(slash, "/files")) {
        files_of(r, name, "");
    } else if (slash && !strncmp(slash, "/files/", 7)) {
        files_of(r, name, slash + 7);
    } else {
        http_refuse(r, slash ? 404 : 405, "a session has /eval and /files, and DELETE ends it");
    }
}

bool api_evaluates(const struct http_request *r)
{
    size_t n = strlen(r->path);

    return !strcmp(r->path, RUN) ||
           (!strncmp(r->path, SESSIONS "/", sizeof SESSIONS) && n > 5 && !strcmp(r->path + n - 5, "/eval"));
}

bool api_serve(struct http_request *r)
{
    if (!strcmp(r->path, "/openapi.json") && http_is(r, "GET"))
        http_answer_bytes(r, 200, "application/json", openapi, strlen(openapi));
    else if (!strcmp(r->path, RUN))
        run(r, SANDBOX_FRESH, NULL);
    else if (!strcmp(r->path, SESSIONS) && http_is(r, "GET"))
        list_sessions(r);
    else if (!strcmp(r->path, SESSIONS) && http_is(r, "POST"))
        create(r);
    else if (!strncmp(r->path, SESSIONS "/", sizeof SESSIONS))
        one_session(r, r->path + sizeof SESSIONS);
    else
        return false;
    return true;
}
