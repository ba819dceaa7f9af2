/* git+https://HOST/REPO#COMMIT: one commit, as the tar file that git archive makes of it.
 *
 * The recipe pins the SHA-256 of that file, so it must have the same bytes on every machine: it must not depend on the
 * user's settings or on names of branches and tags. */
#include "source/address.h"
#include "source/client.h"
#include "source/kinds/kinds.h"
#include "source/listing.h"
#include "source/transfer.h"
#include "util/fs.h"

#include <string.h>

enum { COMMIT_LEN = 40 };

static bool is_commit(const char *s)
{
    return is_hex(s, COMMIT_LEN);
}

static int check(const char *url, struct wl_err *err)
{
    WL_CLEANUP_FREE char *repo = xstrndup(url + 4, strcspn(url + 4, "#"));
    const char *hash = strchr(url, '#');

    if (!hash || !is_commit(hash + 1))
        return wl_err_set(err, WL_E_RECIPE, "%s does not end in # and a commit of 40 hexadecimal digits", url);
    if (starts_with(repo, "file://"))
        return repo[7] == '/' ? 0
                              : wl_err_set(err, WL_E_RECIPE, "%s does not name a directory by its absolute path", url);
    return web_address_check(repo, false, err);
}

/* Variables that would point git at another repository. */
#define PLACES                                                                                                         \
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",          \
        "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_TERMINAL_PROMPT"

/* For access to the repository: with the user's settings (proxies, certificates, insteadOf), but without prompts. */
static void fetch_env(struct strv *env)
{
    static const char *const without[] = {PLACES, NULL};

    client_env(env, without);
    strv_add(env, "GIT_TERMINAL_PROMPT=0");
}

/* For making the tar file: without any settings. */
static void archive_env(struct strv *env)
{
    static const char *const without[] = {PLACES,
                                          "GIT_CONFIG",
                                          "GIT_CONFIG_COUNT",
                                          "GIT_CONFIG_PARAMETERS",
                                          "GIT_CONFIG_GLOBAL",
                                          "GIT_CONFIG_SYSTEM",
                                          "GIT_CONFIG_NOSYSTEM",
                                          "GIT_ATTR_NOSYSTEM",
                                          "GIT_ATTR_SOURCE",
                                          "HOME",
                                          "XDG_CONFIG_HOME",
                                          "TZ",
                                          NULL};

    client_env(env, without);
    strv_add(env, "GIT_CONFIG_NOSYSTEM=1");
    strv_add(env, "GIT_CONFIG_GLOBAL=/dev/null");
    strv_add(env, "GIT_ATTR_NOSYSTEM=1");
    strv_add(env, "HOME=/nonexistent");
    strv_add(env, "TZ=UTC");
}

struct git {
    const struct fetch_options *o;
    const char *dir; /* scratch */
    char *git_dir;   /* --git-dir=... */
    struct strv fetch_env, archive_env;
    int timeout_s;
};

static void git_free(struct git *g)
{
    free(g->git_dir);
    strv_free(&g->fetch_env);
    strv_free(&g->archive_env);
}

/* Runs git with the words given (NULL-ended). */
static int git(const struct git *g, const struct strv *env, char **output, struct wl_err *err, ...)
{
    WL_CLEANUP_STRV struct strv argv = {0};
    struct client c = {.package = "git", .env = env, .cwd = g->dir, .o = g->o, .timeout_s = g->timeout_s};
    const char *word;
    va_list ap;

    strv_add(&argv, "git");
    strv_add(&argv, g->git_dir);
    va_start(ap, err);
    while ((word = va_arg(ap, const char *)))
        strv_add(&argv, word);
    va_end(ap);
    c.argv = argv.v;
    return client_run(&c, output, err);
}

/* git has no timeout for connecting, so connect first. Only git knows the real address (insteadOf). */
static int probe(const struct git *g, const char *repo, struct wl_err *err)
{
    WL_CLEANUP_FREE char *real = NULL;
    int r = git(g, &g->fetch_env, &real, err, "ls-remote", "--get-url", "--", repo, NULL);

    if (r < 0)
        return r;
    real[strcspn(real, "\n")] = '\0';
    return starts_with(real, "https://") ? transfer_probe(real, g->o, err) : 0;
}

/* Removes all names of commits, so that export-subst cannot write any. */
static int drop_refs(const struct git *g, struct wl_err *err)
{
    WL_CLEANUP_FREE char *refs = path_join(g->dir, "repo/refs"), *packed = path_join(g->dir, "repo/packed-refs");
    int r = remove_tree(refs, err);

    if (r == 0)
        r = remove_tree(packed, err);
    return r == 0 ? make_dirs(refs, err) : r;
}

static int fetch_commit(const struct git *g, const char *repo, const char *commit, struct wl_err *err)
{
    WL_CLEANUP_FREE char *slow = xasprintf("http.lowSpeedTime=%d", fetch_stall_seconds(g->o));
    int r = git(g, &g->fetch_env, NULL, err, "-c", "http.lowSpeedLimit=1", "-c", slow, "fetch", "--quiet", "--no-tags",
                "--depth=1", "--no-write-fetch-head", "--", repo, commit, NULL);

    if (r == 0 || err->cls != WL_E_FETCH)
        return r;
    /* Some servers only serve what a branch or tag points to: then everything must be fetched. */
    return git(g, &g->fetch_env, NULL, err, "-c", "http.lowSpeedLimit=1", "-c", slow, "fetch", "--quiet", "--no-tags",
               "--no-write-fetch-head", "--", repo, "+refs/*:refs/*", NULL);
}

static int get(const char *url, const char *sha256, const char *part, const struct fetch_options *o, struct wl_err *err)
{
    __attribute__((cleanup(git_free))) struct git g = {.o = o};
    WL_CLEANUP_FREE char *repo = xstrndup(url + 4, strcspn(url + 4, "#"));
    WL_CLEANUP_FREE char *dir = NULL, *tar = NULL, *output = NULL, *prefix = NULL, *object = NULL;
    const char *commit = url + 4 + strlen(repo) + 1, *name;
    int r = check(url, err);

    (void)sha256;
    if (r == 0)
        r = scratch_dir(part, &dir, err);
    if (r < 0)
        return r;
    g.dir = dir;
    g.git_dir = xasprintf("--git-dir=%s/repo", dir);
    fetch_env(&g.fetch_env);
    archive_env(&g.archive_env);
    while (ends_with(repo, "/"))
        repo[strlen(repo) - 1] = '\0';
    name = path_base(repo);
    prefix = xasprintf("--prefix=%.*s-%s/", (int)(strlen(name) - (ends_with(name, ".git") ? 4 : 0)), name, commit);
    tar = path_join(dir, "archive.tar");
    output = xasprintf("--output=%s", tar);
    object = xasprintf("%s^{commit}", commit);
    r = git(&g, &g.archive_env, NULL, err, "init", "--quiet", "--bare", "--template=", NULL);
    if (r == 0)
        r = probe(&g, repo, err);
    if (r == 0)
        r = fetch_commit(&g, repo, commit, err);
    if (r == 0)
        r = drop_refs(&g, err);
    if (r == 0)
        r = git(&g, &g.archive_env, NULL, err, "cat-file", "-e", object, NULL);
    if (r == 0)
        r = git(&g, &g.archive_env, NULL, err, "-c", "tar.umask=0022", "-c", "core.abbrev=40", "-c",
                "core.autocrlf=false", "-c", "core.attributesFile=/dev/null", "archive", "--format=tar", prefix, output,
                commit, NULL);
    return r < 0 ? r : move_to_part(tar, part, err);
}

static int lookup_tags(struct offers *o, const void *data, const char *part, struct strv *names, struct wl_err *err)
{
    static const char mark[] = "\trefs/tags/";
    __attribute__((cleanup(git_free))) struct git g = {.o = offers_fetch(o), .timeout_s = LOOKUP_TIMEOUT_S};
    WL_CLEANUP_FREE char *dir = NULL, *text = NULL, *slow = xasprintf("http.lowSpeedTime=%d", fetch_stall_seconds(g.o));
    const char *repo = data;
    int r = scratch_dir(part, &dir, err);

    if (r < 0)
        return r;
    g.dir = dir;
    g.git_dir = xasprintf("--git-dir=%s", dir);
    fetch_env(&g.fetch_env);
    r = probe(&g, repo, err);
    if (r == 0)
        r = git(&g, &g.fetch_env, &text, err, "-c", "http.lowSpeedLimit=1", "-c", slow, "ls-remote", "--tags", "--refs",
                "--", repo, NULL);
    for (const char *line = text; r == 0 && (line = strstr(line, mark));) {
        line += strlen(mark);
        strv_take(names, xstrndup(line, strcspn(line, "\n")));
    }
    return r;
}

int git_tags(struct offers *o, const char *repo, const struct strv **tags, struct wl_err *err)
{
    return offers_list(o, repo, lookup_tags, repo, tags, err);
}

static int versions(struct offers *o, const struct offer_query *q, struct strv *found, char **own, struct wl_err *err)
{
    WL_CLEANUP_FREE char *repo = xstrndup(q->url + 4, strcspn(q->url + 4, "#"));
    const struct strv *tags;
    int r = git_tags(o, repo, &tags, err);

    (void)own;
    return r < 0 ? r : tags_versions(tags, NULL, q, found, err);
}

static char *file_name(const char *url)
{
    WL_CLEANUP_FREE char *repo = xstrndup(url, strcspn(url, "#"));
    const char *commit = url + strlen(repo);
    size_t n = strlen(repo);

    while (n && repo[n - 1] == '/')
        repo[--n] = '\0';
    if (ends_with(repo, ".git"))
        repo[n - 4] = '\0';
    return xasprintf("%s-%.12s.tar", path_base(repo), *commit ? commit + 1 : "");
}

static char *place(const char *url)
{
    const char *host = web_host(url);

    return host ? xstrndup(host, strcspn(host, "/?#")) : xstrdup(url);
}

const struct source_kind source_git = {"git+https:", true, check, get, versions, file_name, place};
const struct source_kind source_git_file = {"git+file:", false, check, get, versions, file_name, NULL};
