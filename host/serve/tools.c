#include "tools.h"

#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- results ---- */

static void add(json_t *content, json_t *item)
{
    if (item)
        json_array_append_new(content, item);
}

static void add_text(json_t *content, const char *text, size_t n)
{
    json_t *string = text_json(text, n);

    if (string)
        add(content, json_pack("{s:s, s:o}", "type", "text", "text", string));
}

static json_t *result_of(json_t *content, bool wrong)
{
    return json_pack("{s:o, s:b}", "content", content, "isError", wrong);
}

__attribute__((format(printf, 2, 3))) static json_t *say(bool wrong, const char *format, ...)
{
    json_t *content = json_array();
    char *text = NULL;
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    if (n >= 0)
        add_text(content, text, (size_t)n);
    if (n >= 0)
        free(text);
    return result_of(content, wrong);
}

static json_t *say_err(const struct wlpy_err *err)
{
    return say(true, "%s%s%s", err->text, *err->hint ? "; " : "", err->hint);
}

static void add_image(json_t *content, const struct wlpy_display *d)
{
    char *data = base64_encode(d->bytes, d->size);

    if (data)
        add(content, json_pack("{s:s, s:s, s:s}", "type", "image", "data", data, "mimeType", d->type));
    free(data);
}

/* Chooses the form of an object that a model can use best: an image, or a text. */
static void add_object(json_t *content, const struct wlpy_display *d, size_t n)
{
    static const char *const preferred[] = {"image/png",        "image/jpeg", "text/markdown", "text/html",
                                            "application/json", "text/latex", "text/plain",    "image/svg+xml"};

    for (size_t k = 0; k < sizeof preferred / sizeof *preferred; k++)
        for (size_t i = 0; i < n; i++) {
            if (strcmp(d[i].type, preferred[k]) != 0)
                continue;
            if (k < 2)
                add_image(content, &d[i]);
            else
                add_text(content, d[i].bytes, d[i].size);
            return;
        }
    if (n)
        add_text(content, d->type, strlen(d->type));
}

static void add_displays(json_t *content, const struct wlpy_value *v)
{
    for (size_t from = 0, to; from < v->display_count; from = to) {
        for (to = from; to < v->display_count && v->displays[to].object == v->displays[from].object;)
            to++;
        add_object(content, v->displays + from, to - from);
    }
}

static json_t *result_of_code(const struct sandbox_result *r)
{
    const struct wlpy_value *v = &r->value;
    json_t *content = json_array();

    if (r->out.n)
        add_text(content, r->out.at, r->out.n);
    if (r->err.n)
        add_text(content, r->err.at, r->err.n);
    add_displays(content, v);
    if (v->repr)
        add_text(content, v->repr, v->repr_size);
    if (v->traceback)
        add_text(content, v->traceback, strlen(v->traceback));
    if (v->end == WLPY_DEADLINE)
        add(content, json_pack("{s:s, s:s}", "type", "text", "text", "The code was stopped: its time had passed."));
    else if (!v->alive)
        add_text(content, v->text, strlen(v->text));
    return result_of(content, v->status != 0 || v->end != WLPY_EXITED);
}

/* ---- arguments ---- */

/* A path below the directory of files; NULL: it is another one. */
static const char *path_of(const json_t *arguments)
{
    const char *path = text_member(arguments, "path");
    size_t n = strlen(SANDBOX_FILES);

    if (!path)
        return NULL;
    if (!strncmp(path, SANDBOX_FILES, n) && path[n] == '/')
        path += n + 1;
    return *path && *path != '/' ? path : NULL;
}

#define NO_PATH "path must be a file's path in " SANDBOX_FILES

/* ---- running code ---- */

static json_t *eval(struct mcp *m, struct mcp_call *call, struct sandbox_session *session, const json_t *arguments)
{
    const json_t *text = json_object_get(arguments, "code");
    const struct sandbox_code code = {.text = json_string_value(text),
                                      .size = json_string_length(text),
                                      .seconds = json_number_value(json_object_get(arguments, "timeout"))};
    struct sandbox_result value;
    struct wlpy_err err;
    json_t *result;

    if (!mcp_uses(m, call, session))
        return say(true, "it was cancelled");
    result = sandbox_eval(session, &code, &value, &err) < 0 ? say_err(&err) : result_of_code(&value);
    sandbox_result_free(&value);
    mcp_uses(m, call, NULL);
    return result;
}

static json_t *run(struct mcp *m, struct mcp_call *call, const json_t *arguments, enum sandbox_use use,
                   const char *name)
{
    struct sandbox_session *session;
    struct wlpy_err err;
    json_t *result;

    if (!text_member(arguments, "code"))
        return say(true, "code is missing");
    session = sandbox_enter(m->sandbox, use, name, &err);
    if (!session)
        return say_err(&err);
    result = eval(m, call, session, arguments);
    sandbox_leave(m->sandbox, session);
    return result;
}

static json_t *run_python(struct mcp *m, struct mcp_call *call, const json_t *arguments)
{
    return run(m, call, arguments, SANDBOX_FRESH, NULL);
}

static const char *session_of(const json_t *arguments)
{
    const char *name = text_member(arguments, "session");

    return name ? name : "default";
}

static json_t *run_in_session(struct mcp *m, struct mcp_call *call, const json_t *arguments)
{
    return run(m, call, arguments, SANDBOX_NAMED, session_of(arguments));
}

static json_t *end_session(struct mcp *m, struct mcp_call *call, const json_t *arguments)
{
    (void)call;
    return sandbox_drop(m->sandbox, session_of(arguments))
               ? say(false, "The session %s has ended.", session_of(arguments))
               : say(true, "There is no session %s.", session_of(arguments));
}

/* ---- files ---- */

static json_t *with_files(struct mcp *m, const json_t *arguments, bool create,
                          json_t *(*what)(struct wlpy_files *files, const json_t *arguments))
{
    struct wlpy_err err;
    struct sandbox_session *session =
        sandbox_enter(m->sandbox, create ? SANDBOX_NAMED : SANDBOX_EXISTING, session_of(arguments), &err);
    json_t *result;

    if (!session)
        return say_err(&err);
    result = what(sandbox_files(session, SANDBOX_FILES), arguments);
    sandbox_leave(m->sandbox, session);
    return result;
}

static json_t *put(struct wlpy_files *files, const json_t *arguments)
{
    const json_t *text = json_object_get(arguments, "text");
    const char *base64 = text_member(arguments, "base64"), *path = path_of(arguments);
    void *bytes = NULL;
    size_t n = json_string_length(text);
    struct wlpy_err err;
    int r;

    if (!path)
        return say(true, NO_PATH);
    if (json_is_string(text) == (base64 != NULL))
        return say(true, "give either text or base64");
    if (base64 && !(bytes = base64_decode(base64, &n)))
        return say(true, "base64 is not Base64");
    r = wlpy_files_put(files, path, base64 ? bytes : json_string_value(text), n, &err);
    free(bytes);
    return r < 0 ? say_err(&err) : say(false, "Wrote %zu bytes to " SANDBOX_FILES "/%s.", n, path);
}

static json_t *put_file(struct mcp *m, struct mcp_call *call, const json_t *arguments)
{
    (void)call;
    return with_files(m, arguments, true, put);
}

static json_t *file_content(const char *path, const void *bytes, size_t n)
{
    static const struct {
        const char *end, *type;
    } images[] = {{".png", "image/png"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"}, {".gif", "image/gif"}};
    json_t *content = json_array();
    char *data;

    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        size_t size = strlen(images[i].end), all = strlen(path);
        const struct wlpy_display d = {.type = images[i].type, .bytes = bytes, .size = n};

        if (all > size && !strcmp(path + all - size, images[i].end)) {
            add_image(content, &d);
            return result_of(content, false);
        }
    }
    if (text_is_utf8(bytes, n)) {
        add_text(content, bytes, n);
        return result_of(content, false);
    }
    data = base64_encode(bytes, n);
    if (data)
        add(content,
            json_pack("{s:s, s:{s:s+, s:s, s:s}}", "type", "resource", "resource", "uri", "file://" SANDBOX_FILES "/",
                      path, "mimeType", "application/octet-stream", "blob", data));
    free(data);
    return result_of(content, false);
}

static json_t *get(struct wlpy_files *files, const json_t *arguments)
{
    const char *path = path_of(arguments);
    const void *bytes;
    struct wlpy_err err;
    size_t n;

    if (!path)
        return say(true, NO_PATH);
    if (wlpy_files_get(files, path, &bytes, &n, &err) < 0)
        return say_err(&err);
    return file_content(path, bytes, n);
}

static json_t *get_file(struct mcp *m, struct mcp_call *call, const json_t *arguments)
{
    (void)call;
    return with_files(m, arguments, false, get);
}

static int list_one(void *arg, const char *path, int64_t size)
{
    FILE *to = arg;
    size_t n = strlen(path);

    if (n && path[n - 1] == '/')
        fprintf(to, "%s\n", path);
    else if (size < 0)
        fprintf(to, "%s (a link)\n", path);
    else
        fprintf(to, "%s (%lld bytes)\n", path, (long long)size);
    return 0;
}

static json_t *list(struct wlpy_files *files, const json_t *arguments)
{
    json_t *content = json_array();
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);

    (void)arguments;
    if (to) {
        wlpy_files_list(files, list_one, to);
        fclose(to);
        add_text(content, text, n);
    }
    free(text);
    return result_of(content, false);
}

static json_t *list_files(struct mcp *m, struct mcp_call *call, const json_t *arguments)
{
    (void)call;
    return with_files(m, arguments, false, list);
}

static json_t *list_packages(struct mcp *m, struct mcp_call *call, const json_t *arguments)
{
    static const char code[] =
        "import importlib.metadata, sys\n"
        "print('Python', sys.version.split()[0], 'with its standard library')\n"
        "for d in sorted({(d.name, d.version) for d in importlib.metadata.distributions()}): print(*d)\n";
    json_t *with = json_pack("{s:s}", "code", code), *result = run_python(m, call, with);

    (void)arguments;
    json_decref(with);
    return result;
}

/* ---- the table ---- */

#define CODE "code", "string", "Python. The value of a last line that is an expression is shown."
#define TIMEOUT "timeout", "number", "Seconds after which the code is stopped."
#define SESSION "session", "string", "The session's name; default: \"default\"."
#define PATH "path", "string", "A path in " SANDBOX_FILES "."

enum { MOST_PARAMETERS = 4 };

static const struct tool {
    const char *name, *text;
    json_t *(*call)(struct mcp *m, struct mcp_call *call, const json_t *arguments);
    struct {
        const char *name, *type, *text;
    } parameters[MOST_PARAMETERS];
    unsigned needed; /* parameters, of the first */
    bool changes;    /* state that stays */
} tools[] = {
    {"run_python",
     "Runs Python code in a fresh sandbox and returns its output, value, images and exception.",
     run_python,
     {{CODE}, {TIMEOUT}},
     1,
     false},
    {"run_in_session",
     "Runs Python code in a session, which keeps variables, imports and files for the next call.",
     run_in_session,
     {{CODE}, {SESSION}, {TIMEOUT}},
     1,
     true},
    {"end_session", "Ends a session, with its variables and files.", end_session, {{SESSION}}, 0, true},
    {"put_file",
     "Writes a file for a session's code. Give text, or base64 for anything else.",
     put_file,
     {{PATH},
      {"text", "string", "The content, if it is text."},
      {"base64", "string", "The content in Base64."},
      {SESSION}},
     1,
     true},
    {"get_file", "Reads a file that a session's code has written.", get_file, {{PATH}, {SESSION}}, 1, false},
    {"list_files", "Lists a session's files.", list_files, {{SESSION}}, 0, false},
    {"list_packages",
     "Lists the version of Python and the packages that can be imported.",
     list_packages,
     {{NULL, NULL, NULL}},
     0,
     false},
};

static json_t *schema_of(const struct tool *t)
{
    json_t *properties = json_object(), *required = json_array();

    for (size_t i = 0; i < MOST_PARAMETERS && t->parameters[i].name; i++) {
        json_object_set_new(
            properties, t->parameters[i].name,
            json_pack("{s:s, s:s}", "type", t->parameters[i].type, "description", t->parameters[i].text));
        if (i < t->needed)
            json_array_append_new(required, json_string(t->parameters[i].name));
    }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required,
                     "additionalProperties", 0);
}

json_t *tools_list(void)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:{s:b, s:b, s:b}}", "name", tools[i].name,
                                              "description", tools[i].text, "inputSchema", schema_of(&tools[i]),
                                              "annotations", "readOnlyHint", !tools[i].changes, "destructiveHint",
                                              tools[i].call == end_session, "openWorldHint", 0));
    return json_pack("{s:o}", "tools", list);
}

/* (Some clients send null for what is not given.) */
static bool fits(const char *type, const json_t *value)
{
    return json_is_null(value) || (!strcmp(type, "string") ? json_is_string(value) : json_number_value(value) > 0);
}

/* What is not as the schema says: a model that misspells a limit should hear of it. NULL: nothing. */
static json_t *check(const struct tool *t, const json_t *arguments)
{
    json_t *all = (json_t *)arguments, *value;
    const char *key;

    json_object_foreach(all, key, value)
    {
        size_t i = 0;

        while (i < MOST_PARAMETERS && t->parameters[i].name && strcmp(t->parameters[i].name, key) != 0)
            i++;
        if (i == MOST_PARAMETERS || !t->parameters[i].name)
            return say(true, "%s has no argument %.100s", t->name, key);
        if (!fits(t->parameters[i].type, value))
            return say(true, "%s must be a %s%s", key, t->parameters[i].type,
                       !strcmp(t->parameters[i].type, "number") ? " greater than 0" : "");
    }
    return NULL;
}

json_t *tools_call(struct mcp *m, struct mcp_call *call, const char *name, const json_t *arguments)
{
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        if (!strcmp(tools[i].name, name)) {
            json_t *wrong = check(&tools[i], arguments);

            return wrong ? wrong : tools[i].call(m, call, arguments);
        }
    return NULL;
}
