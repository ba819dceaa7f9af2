/* What LibreChat asks of a code interpreter (https://github.com/danny-avila/LibreChat, and the package
 * @librechat/agents): code runs in a fresh sandbox each time, with files in /mnt/data. Files have names in a storage;
 * what the client holds of one is the name of its directory and its own. */
#include "api.h"
#include "form.h"
#include "storage.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PREFIX "/librechat"

/* ---- files ---- */

/* "2026-01-02T03:04:05.678Z" */
static json_t *time_json(int64_t ns)
{
    time_t seconds = (time_t)(ns / 1000000000);
    char text[40];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    return json_sprintf("%s.%03dZ", text, (int)(ns / 1000000 % 1000));
}

struct listing {
    const char *directory;
    json_t *list;
};

static void list_file(void *arg, const struct storage_file *f)
{
    const struct listing *l = arg;
    json_t *path = text_json(f->path, strlen(f->path));

    json_array_append_new(l->list,
                          json_pack("{s:s+++, s:s, s:s, s:s, s:o, s:I, s:o, s:{s:O}}", "name", l->directory, "/",
                                    f->name, "", "id", f->name, "session_id", l->directory, "storage_session_id",
                                    l->directory, "filename", path, "size", (json_int_t)f->n, "lastModified",
                                    time_json(f->time_ns), "metadata", "original-filename", path));
}

static void refuse_file(struct http_request *r)
{
    http_refuse(r, 404, "there is no such file, or it had to make room for others");
}

/* Answers with an array for a whole directory, and with an object for one file. */
static void list(struct http_request *r, const char *directory, const char *name)
{
    struct listing l = {directory, json_array()};

    storage_find(r->storage, directory, name, list_file, &l);
    if (name && json_array_size(l.list) == 0)
        refuse_file(r);
    else
        http_answer(r, 200, json_incref(name ? json_array_get(l.list, 0) : l.list));
    json_decref(l.list);
}

static void answer_file(void *request, const struct storage_file *f)
{
    struct http_request *r = request;

    http_answer_bytes(r, 200, "application/octet-stream", f->bytes, f->n);
    free(r->filename);
    r->filename = strdup(f->path);
}

static void download(struct http_request *r, const char *directory, const char *name)
{
    if (storage_find(r->storage, directory, name, answer_file, r) == 0)
        refuse_file(r);
}

struct uploading {
    struct http_request *request;
    char directory[STORAGE_NAME];
    json_t *files;
    int failed;
};

static void upload_file(void *arg, const struct form_file *f)
{
    struct uploading *u = arg;
    char name[STORAGE_NAME];
    json_t *path = text_json(f->name, strlen(f->name));

    if (storage_add(u->request->storage, u->directory, f->name, f->bytes, f->n, name)) {
        json_array_append_new(u->files,
                              json_pack("{s:s, s:s, s:o}", "status", "success", "fileId", name, "filename", path));
    } else {
        json_array_append_new(u->files, json_pack("{s:s, s:s, s:o}", "status", "error", "error",
                                                  "there is no room for it", "filename", path));
        u->failed++;
    }
}

static void upload(struct http_request *r)
{
    struct uploading u = {.request = r, .files = json_array()};
    int n;

    storage_name(u.directory);
    if (!form_files(r, upload_file, &u)) {
        http_refuse(r, 400, "the body must be a form (multipart/form-data)");
    } else if ((n = (int)json_array_size(u.files)) == 0) {
        http_refuse(r, 400, "the form has no file");
    } else if (u.failed == n) {
        http_refuse(r, 413, "there is no room for the files");
    } else {
        http_answer(r, 200,
                    json_pack("{s:s, s:s, s:s, s:O, s:i, s:i}", "message", "success", "session_id", u.directory,
                              "storage_session_id", u.directory, "files", u.files, "succeeded", n - u.failed, "failed",
                              u.failed));
    }
    json_decref(u.files);
}

/* ---- code ---- */

/* What is given to a sandbox, and taken from it. */
struct running {
    struct http_request *request;
    struct sandbox_session *session;
    struct wlpy_files *data;
    const json_t *given;
    const char *path; /* its path below /mnt/data */
    struct wlpy_err err;
    bool well;
    char directory[STORAGE_NAME]; /* of what it has made */
    json_t *files;
    struct buffer note; /* for its standard error */
};

static const char *directory_of(const json_t *file)
{
    const char *directory = text_member(file, "storage_session_id");

    return directory ? directory : text_member(file, "session_id");
}

static const char *path_of(const json_t *file)
{
    static const char data[] = SANDBOX_DATA "/";
    const char *path = text_member(file, "name");

    if (path && !strncmp(path, data, sizeof data - 1))
        path += sizeof data - 1;
    return path;
}

static void put_file(void *arg, const struct storage_file *f)
{
    struct running *x = arg;

    x->well = wlpy_files_put(x->data, x->path, f->bytes, f->n, &x->err) == 0;
}

/* A file that is gone is one that the code does not find: it hears of that. */
static bool put_files(struct running *x)
{
    size_t i;
    json_t *file;

    json_array_foreach(json_object_get(x->request->json, "files"), i, file)
    {
        const char *directory = directory_of(file), *name = text_member(file, "id");

        x->path = path_of(file);
        if (!directory || !name || !x->path) {
            http_refuse(x->request, 400, "each file must have an id, a name and a storage_session_id");
            return false;
        }
        x->well = true;
        if (storage_find(x->request->storage, directory, name, put_file, x) == 0)
            buffer_print(&x->note, "The file is no longer stored: %s\n", x->path);
        if (!x->well) {
            http_refuse(x->request, 400, x->err.text);
            return false;
        }
    }
    return true;
}

static void compare(void *arg, const struct storage_file *f)
{
    struct running *x = arg;
    const void *bytes;
    size_t n;

    x->well = wlpy_files_get(x->data, x->path, &bytes, &n, &x->err) == 0 && n == f->n && !memcmp(bytes, f->bytes, n);
}

/* The file of the request with this path, if it has the same content still. */
static const json_t *unchanged(struct running *x, const char *path)
{
    size_t i;
    json_t *file;

    json_array_foreach(json_object_get(x->request->json, "files"), i, file)
    {
        x->path = path_of(file);
        x->well = false;
        if (!strcmp(x->path, path))
            storage_find(x->request->storage, directory_of(file), text_member(file, "id"), compare, x);
        if (x->well)
            return file;
    }
    return NULL;
}

static int take_file(void *arg, const char *path, int64_t size)
{
    struct running *x = arg;
    size_t length = strlen(path), n;
    char name[STORAGE_NAME];
    const void *bytes;
    const json_t *same;
    json_t *entry;

    if (size < 0 || path[length - 1] == '/')
        return 0;
    same = unchanged(x, path);
    if (same) {
        entry = json_copy((json_t *)same);
        json_object_set_new(entry, "inherited", json_true());
        json_array_append_new(x->files, entry);
        return 0;
    }
    if (wlpy_files_get(x->data, path, &bytes, &n, &x->err) < 0 ||
        !storage_add(x->request->storage, x->directory, path, bytes, n, name)) {
        buffer_print(&x->note, "There is no room to store the file: %s\n", path);
        return 0;
    }
    entry = json_pack("{s:s, s:o, s:s, s:s}", "id", name, "name", text_json(path, length), "session_id", x->directory,
                      "storage_session_id", x->directory);
    json_object_set_new(entry, "path",
                        json_sprintf(SANDBOX_DATA "/%s", json_string_value(json_object_get(entry, "name"))));
    json_array_append_new(x->files, entry);
    return 0;
}

/* Arguments and the directory. (In front of the code, it would move the code's lines.) */
static char *setup_of(const json_t *request)
{
    json_t *args = json_object_get(request, "args");
    char *list = args ? text_python(args) : strdup("[]"), *code = NULL;

    if (list && asprintf(&code, "__import__('os').chdir('" SANDBOX_DATA "')\n__import__('sys').argv[1:] = map(str, %s)",
                         list) < 0)
        code = NULL;
    free(list);
    return code;
}

static bool set_up(const struct running *x)
{
    struct sandbox_result result = {0};
    char *setup = setup_of(x->request->json);
    struct wlpy_err err;
    bool well = setup && sandbox_eval(x->session,
                                      &(struct sandbox_code){.text = setup, .size = strlen(setup), .name = "<start>"},
                                      &result, &err) == 0;

    well = well && result.value.status == 0;
    free(setup);
    sandbox_result_free(&result);
    return well;
}

static void answer(struct running *x, const struct sandbox_result *result)
{
    const struct wlpy_value *v = &result->value;
    struct buffer err = {0};

    buffer_add(&err, result->err.at, result->err.n);
    if (v->traceback)
        buffer_print(&err, "%s", v->traceback);
    if (v->end == WLPY_DEADLINE)
        buffer_print(&err, "The code was stopped: its time had passed.\n");
    else if (v->end != WLPY_EXITED)
        buffer_print(&err, "The code was stopped: %s\n", v->text);
    /* (LibreChat tells models that a failed execution leaves no files.) */
    if (v->status == 0 && v->end == WLPY_EXITED)
        wlpy_files_list(x->data, take_file, x);
    buffer_add(&err, x->note.at, x->note.n);
    http_answer(x->request, 200,
                json_pack("{s:s, s:o, s:o, s:O}", "session_id", x->directory, "stdout",
                          text_json(result->out.n ? result->out.at : "", result->out.n), "stderr",
                          text_json(err.n ? err.at : "", err.n), "files", x->files));
    free(err.at);
}

static void run(struct running *x)
{
    const json_t *text = json_object_get(x->request->json, "code");
    const struct sandbox_code code = {
        .text = json_string_value(text), .size = json_string_length(text), .name = "main.py"};
    struct sandbox_result result;
    struct wlpy_err err;

    if (!put_files(x))
        return;
    if (!set_up(x)) {
        http_refuse(x->request, 400, "args must be a list of texts");
        return;
    }
    if (sandbox_eval(x->session, &code, &result, &err) < 0)
        http_refuse(x->request, 500, err.text);
    else
        answer(x, &result);
    sandbox_result_free(&result);
}

static void exec(struct http_request *r)
{
    const char *language = text_member(r->json, "lang");
    struct running x = {.request = r};
    struct wlpy_err err;

    if (!text_member(r->json, "code") || !language ||
        (strcmp(language, "py") != 0 && strcmp(language, "python") != 0)) {
        http_refuse(r, 400,
                    text_member(r->json, "code") ? "the only language (lang) is py" : "the member code must be a text");
        return;
    }
    if (json_object_get(r->json, "files") && !json_is_array(json_object_get(r->json, "files"))) {
        http_refuse(r, 400, "the member files must be an array");
        return;
    }
    x.session = sandbox_enter(r->sandbox, SANDBOX_FRESH, NULL, &err);
    if (!x.session) {
        http_refuse(r, 503, err.text);
        return;
    }
    x.data = sandbox_files(x.session, SANDBOX_DATA);
    x.files = json_array();
    storage_name(x.directory);
    run(&x);
    json_decref(x.files);
    free(x.note.at);
    sandbox_leave(r->sandbox, x.session);
}

/* ---- paths ---- */

/* DIRECTORY/FILE, or DIRECTORY alone with *file NULL; false: something else. */
static bool split(const char *rest, const char *between, char directory[STORAGE_NAME], const char **file)
{
    const char *slash = strchr(rest, '/');
    size_t n = slash ? (size_t)(slash - rest) : strlen(rest), m = strlen(between);

    *file = NULL;
    if (n == 0 || n >= STORAGE_NAME)
        return false;
    memcpy(directory, rest, n);
    directory[n] = '\0';
    if (slash && strncmp(slash, between, m) != 0)
        return false;
    *file = slash ? slash + m : NULL;
    return true;
}

static void use_file(struct http_request *r, const char *path)
{
    char directory[STORAGE_NAME];
    const char *file;

    if (http_is(r, "GET") && !strncmp(path, "/download/", 10) && split(path + 10, "/", directory, &file) && file)
        download(r, directory, file);
    else if (http_is(r, "GET") && !strncmp(path, "/files/", 7) && split(path + 7, "/", directory, &file))
        list(r, directory, file);
    else if (http_is(r, "GET") && !strncmp(path, "/sessions/", 10) && split(path + 10, "/objects/", directory, &file) &&
             file)
        list(r, directory, file);
    else if (http_is(r, "DELETE") && !strncmp(path, "/files/", 7) && split(path + 7, "/", directory, &file) && file)
        storage_remove(r->storage, directory, file) ? http_answer(r, 200, json_pack("{s:s}", "message", "success"))
                                                    : refuse_file(r);
    else
        http_refuse(r, 404, "there is nothing at this path");
}

bool librechat_evaluates(const struct http_request *r)
{
    return !strcmp(r->path, PREFIX "/exec");
}

bool librechat_serve(struct http_request *r)
{
    const char *path = r->path + sizeof PREFIX - 1;

    if (strncmp(r->path, PREFIX "/", sizeof PREFIX) != 0)
        return false;
    if (!strcmp(path, "/health") && http_is(r, "GET"))
        http_answer(r, 200, json_pack("{s:s}", "status", "ok"));
    else if (!strcmp(path, "/exec") && http_is(r, "POST"))
        exec(r);
    else if ((!strcmp(path, "/upload") || !strcmp(path, "/upload/batch")) && http_is(r, "POST"))
        upload(r);
    else
        use_file(r, path);
    return true;
}
