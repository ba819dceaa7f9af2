/* pypi:NAME==VERSION/FILENAME through pip, which knows its own index, mirrors and certificates. */
#include "fs.h"
#include "kinds.h"

#include <ctype.h>
#include <string.h>

struct wheel {
    struct strv python, abi, platform; /* the alternatives of each tag */
};

static void wheel_free(struct wheel *w)
{
    strv_free(&w->python);
    strv_free(&w->abi);
    strv_free(&w->platform);
}

static void split(const char *s, size_t n, char by, struct strv *parts)
{
    for (const char *end = s + n; s <= end;) {
        const char *stop = memchr(s, by, (size_t)(end - s));

        if (!stop)
            stop = end;
        strv_take(parts, xstrndup(s, (size_t)(stop - s)));
        s = stop + 1;
    }
}

/* Reads NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl. */
static bool read_wheel(const char *file, struct wheel *w)
{
    WL_CLEANUP_STRV struct strv parts = {0};

    if (!ends_with(file, ".whl"))
        return false;
    split(file, strlen(file) - 4, '-', &parts);
    if (parts.n < 5 || parts.n > 6)
        return false;
    split(parts.v[parts.n - 3], strlen(parts.v[parts.n - 3]), '.', &w->python);
    split(parts.v[parts.n - 2], strlen(parts.v[parts.n - 2]), '.', &w->abi);
    split(parts.v[parts.n - 1], strlen(parts.v[parts.n - 1]), '.', &w->platform);
    return true;
}

/* Splits an address into NAME==VERSION and FILENAME. */
static bool split_address(const char *url, char **wanted, const char **file)
{
    const char *spec = url + strlen("pypi:"), *slash = strchr(spec, '/'), *version = strstr(spec, "==");

    if (!slash || !version || version > slash || version == spec)
        return false;
    *file = slash + 1;
    *wanted = xstrndup(spec, (size_t)(slash - spec));
    return isalnum((unsigned char)*spec) && plain_text(version + 2, "./-_+!") && plain_text(*file, ".-_+") &&
           **file != '.' && **file != '-' && plain_text(*wanted, ".-_+=!");
}

static int check(const char *url, struct wl_err *err)
{
    WL_CLEANUP_FREE char *wanted = NULL;
    const char *file;

    if (!split_address(url, &wanted, &file))
        return wl_err_set(err, WL_E_RECIPE, "%s is not of the form pypi:NAME==VERSION/FILENAME", url);
    return 0;
}

/* Makes pip choose the very wheel that was named, whatever machine and Python it runs on. */
static void add_wheel_options(struct strv *argv, const struct wheel *w)
{
    const char *python = w->python.v[0];

    strv_add(argv, "--only-binary=:all:");
    for (size_t i = 0; i < w->platform.n; i++)
        if (strcmp(w->platform.v[i], "any"))
            strv_addf(argv, "--platform=%s", w->platform.v[i]);
    for (size_t i = 0; i < w->abi.n; i++)
        strv_addf(argv, "--abi=%s", w->abi.v[i]);
    strv_addf(argv, "--implementation=%.2s", python);
    /* "py3" says no minor version: any Python 3 that runs pip will do. "cp311" is 3.11. */
    if (strlen(python) > 3)
        strv_addf(argv, "--python-version=%c.%s", python[2], python + 3);
}

/* The SHA-256 of a file that pip refused, from the lines "Expected sha256 HASH" and "Got HASH" of what it said. */
static bool refused_hash(const char *said, char got[HASH_HEX_SIZE])
{
    const char *word = said ? strstr(said, "Expected sha256 ") : NULL;

    word = word ? strstr(word, "Got ") : NULL;
    if (!word)
        return false;
    word += strlen("Got ");
    word += strspn(word, " ");
    if (strspn(word, "0123456789abcdef") != HASH_HEX_SIZE - 1)
        return false;
    memcpy(got, word, HASH_HEX_SIZE - 1);
    got[HASH_HEX_SIZE - 1] = 0;
    return true;
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    __attribute__((cleanup(wheel_free))) struct wheel w = {0};
    WL_CLEANUP_FREE char *wanted = NULL, *folder = NULL, *list = NULL, *text = NULL, *brought = NULL, *said = NULL;
    WL_CLEANUP_STRV struct strv argv = {0}, names = {0};
    char got[HASH_HEX_SIZE];
    const char *file;
    int r;

    if (!split_address(url, &wanted, &file))
        return check(url, err);
    r = scratch_folder(part, &folder, err);
    if (r < 0)
        return r;
    strv_add_all(&argv, "python3", "-m", "pip", "download", "--quiet", "--no-deps", "--no-input",
                 "--disable-pip-version-check", "--ignore-requires-python", "--no-cache-dir", "--progress-bar=off",
                 "--retries=1", NULL);
    strv_addf(&argv, "--timeout=%d", connect_seconds(o));
    strv_addf(&argv, "--dest=%s", folder);
    if (read_wheel(file, &w)) {
        add_wheel_options(&argv, &w);
        strv_add(&argv, wanted);
    } else {
        /* pip runs a source archive's own code to learn its name. With the hash told, it verifies it before. Not
         * ":all:": that would be for what the archive needs to be built, too. */
        strv_addf(&argv, "--no-binary=%.*s", (int)strcspn(wanted, "="), wanted);
        list = path_join(folder, "wanted.txt");
        text = xasprintf("%s --hash=sha256:%s\n", wanted, sha256);
        r = file_write(list, text, strlen(text), err);
        if (r < 0)
            return r;
        strv_addf(&argv, "--requirement=%s", list);
        strv_add(&argv, "--require-hashes");
    }
    {
        struct client c = {
            .package = "python3-pip", .module = "pip", .argv = argv.v, .cwd = folder, .o = o, .said = &said};

        r = client_run(&c, NULL, err);
    }
    /* It keeps no file that it refused, so nobody else can tell what that was. */
    if (r < 0 && refused_hash(said, got))
        return wl_err_set(err, WL_E_VERIFY, "expected sha256 %s, got %s; pip kept nothing of it", sha256, got);
    if (r < 0)
        return r;
    brought = path_join(folder, file);
    if (path_exists(brought))
        return take_file(brought, part, err);
    if (dir_list(folder, &names, err) == 0)
        for (size_t i = 0; i < names.n; i++)
            if (strcmp(names.v[i], "wanted.txt"))
                return wl_err_set(err, WL_E_FETCH, "pip brought %s instead of %s", names.v[i], file);
    return wl_err_set(err, WL_E_FETCH, "pip brought nothing");
}

static int ask(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    static const char mark[] = "Available versions: ";
    const struct fetch_options *f = offers_fetch(o);
    WL_CLEANUP_FREE char *timeout = xasprintf("--timeout=%d", connect_seconds(f)), *text = NULL;
    char *argv[] = {"python3",
                    "-m",
                    "pip",
                    "index",
                    "versions",
                    "--no-input",
                    "--no-cache-dir",
                    "--disable-pip-version-check",
                    "--retries=0",
                    "--pre",
                    timeout,
                    (char *)data,
                    NULL};
    struct client c = {.package = "python3-pip", .module = "pip", .argv = argv, .o = f, .timeout_s = ASK_TIMEOUT_S};
    const char *list;
    int r = client_run(&c, &text, err);

    (void)part;
    if (r < 0)
        return r;
    list = strstr(text, mark);
    if (!list)
        return wl_err_set(err, WL_E_FETCH, "pip names no version");
    for (list += strlen(mark); *list && *list != '\n';) {
        size_t n = strcspn(list, ", \n");

        if (n)
            strv_take(names, xstrndup(list, n));
        list += n + strspn(list + n, ", ");
    }
    return 0;
}

static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    const char *spec = q->url + strlen("pypi:"), *version = strstr(spec, "==");
    WL_CLEANUP_FREE char *name = xstrndup(spec, (size_t)(version - spec)), *key = xasprintf("pypi:%s", name);
    const struct strv *names;
    int r = offers_list(o, key, ask, name, &names, err);

    *own = xstrndup(version + 2, strcspn(version + 2, "/"));
    if (r == 0)
        strv_addv(found, names);
    return r;
}

const struct source_kind source_pypi = {"pypi:", true, check, get, versions};
