#include "source/source.h"

#include "http_server.h"
#include "source/offers.h"
#include "source/transfer.h"
#include "testing.h"
#include "util/fs.h"
#include "util/run.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

/* One source of one archive, and a cache to fetch it into. */
struct fixture {
    void **state;
    struct http_server *server;
    struct source source;
    struct fetch_options o;
    char *cache, *path, *old_path, *bin;
    struct strv notes;
    size_t index;
    unsigned long long progress, total;
    char served[HASH_HEX_SIZE];
    struct wl_err err;
};

static void take_note(void *data, const char *line)
{
    struct fixture *f = data;

    strv_add(&f->notes, line);
}

static void take_progress(void *data, const char *url, unsigned long long done, unsigned long long total)
{
    struct fixture *f = data;

    (void)url;
    f->progress = done;
    f->total = total;
}

static void digest(const void *data, size_t n, char hex[HASH_HEX_SIZE])
{
    struct hash *h = hash_new();

    hash_add(h, data, n);
    hash_end(h, hex);
}

static void fixture_init(struct fixture *f, void **state)
{
    *f = (struct fixture){.state = state, .server = http_server_start(), .err = WL_ERR_INIT};
    f->cache = in_folder(state, "sources");
    f->bin = in_folder(state, "bin");
    f->old_path = xstrdup(getenv("PATH"));
    f->o = (struct fetch_options){.cache = f->cache,
                                  .connect_timeout_s = 1,
                                  .stall_timeout_s = 1,
                                  .dead = dead_hosts_new(),
                                  .on_note = take_note,
                                  .on_progress = take_progress,
                                  .data = f};
    digest(served_bytes(), SERVED_SIZE, f->served);
    assert_int_equal(mkdir(f->bin, 0755), 0);
}

static void fixture_free(struct fixture *f)
{
    setenv("PATH", f->old_path, 1);
    http_server_stop(f->server);
    source_free(&f->source);
    dead_hosts_free(f->o.dead);
    strv_free(&f->notes);
    wl_err_free(&f->err);
    free(f->cache);
    free(f->path);
    free(f->old_path);
    free(f->bin);
}

#define FIXTURE(f)                                                                                                     \
    __attribute__((cleanup(fixture_free))) struct fixture f;                                                           \
    fixture_init(&f, state)

static void add_archive(struct fixture *f, const char *sha256)
{
    f->source.archives = xreallocarray(f->source.archives, f->source.n + 1, sizeof *f->source.archives);
    f->source.archives[f->source.n++] = (struct source_archive){xstrdup(sha256), {0}};
}

static void add_url(struct fixture *f, const char *url)
{
    strv_add(&f->source.archives[f->source.n - 1].urls, url);
}

static void add_served(struct fixture *f, const char *path)
{
    strv_take(&f->source.archives[f->source.n - 1].urls, http_server_url(f->server, path));
}

static int fetch(struct fixture *f)
{
    free_charp(&f->path);
    return source_fetch(&f->source, &f->o, &f->path, &f->index, &f->err);
}

static char *archive_path(struct fixture *f, const char *sha256, const char *name)
{
    return xasprintf("%s/%s/%s", f->cache, sha256, name);
}

static void write_part(struct fixture *f, const char *sha256, const char *data, size_t n)
{
    WL_CLEANUP_FREE char *part = archive_path(f, sha256, ".part"), *folder = path_dir(part);

    assert_ok(make_dirs(folder, &f->err), &f->err);
    assert_ok(file_write(part, data, n, &f->err), &f->err);
}

static void assert_fetched(struct fixture *f, int requests)
{
    assert_ok(fetch(f), &f->err);
    assert_file_is(f->path, served_bytes());
    assert_int_equal(http_server_requests(f->server), requests);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A port on which nothing listens. */
static int dead_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    WL_CLEANUP_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t n = sizeof a;

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    return ntohs(a.sin_port);
}

/* --- addresses --- */

static void test_check_url(void **state)
{
    static const char *const good[] = {
        "https://example.org/a-1.0.tar.xz",
        "https://example.org:8443/x/a.tgz?x=1",
        "http://127.0.0.1:8000/a.tgz",
        "http://localhost/a.tgz",
        "http://[::1]:80/a.tgz",
        "file:/a/b.tgz",
        "file:///a/b c.tgz",
        "/a/b.tgz",
        "git+https://example.org/x/repo.git#0123456789abcdef0123456789abcdef01234567",
        "git+file:///x/repo#0123456789abcdef0123456789abcdef01234567",
        "debian:pool/main/w/wasi-libc/wasi-libc_0.0~git20260423.161b319-2_all.deb",
        "pypi:wasmtime==50.0.1/wasmtime-50.0.1-py3-none-manylinux1_x86_64.whl",
        "pypi:zope.interface==6.0/zope.interface-6.0.tar.gz",
        "npm:wabt@1.0.39",
        "npm:@scope/name@1.0.0-rc.1",
        "crate:wasmtime-c-api-impl@50.0.1",
        "crate:x@1.0.0+meta",
    };
    static const char *const bad[] = {
        "",
        "ftp://example.org/a",
        "example.org/a",
        "http://example.org/a.tgz",
        "http://127.0.0.1.example.org/a.tgz",
        "http://localhost@example.org/a.tgz",
        "https://",
        "https:///a.tgz",
        "https:/example.org/a.tgz",
        "https:example.org/a.tgz",
        "https:////example.org/a.tgz",
        "http:/127.0.0.1/a.tgz",
        "git+https:/example.org/x.git#0123456789abcdef0123456789abcdef01234567",
        "debian:pool/x_1.0.orig.tar.gz",
        "https://user:secret@example.org/a.tgz",
        "https://example.org",
        "https://example.org/folder/",
        "https://example.org/a b.tgz",
        "https://example.org/a\n.tgz",
        "file:a.tgz",
        "file://host/a.tgz",
        "file:/folder/",
        "git+https://example.org/x.git",
        "git+https://example.org/x.git#main",
        "git+https://example.org/x.git#0123456789ABCDEF0123456789abcdef01234567",
        "git+http://example.org/x.git#0123456789abcdef0123456789abcdef01234567",
        "git+file://host/x#0123456789abcdef0123456789abcdef01234567",
        "debian:main/x.deb",
        "debian:pool/../x.deb",
        "debian:pool/main/",
        "debian:pool/main/x;y",
        "pypi:wasmtime/wasmtime-1.whl",
        "pypi:wasmtime==1",
        "pypi:wasmtime==1/../x.whl",
        "pypi:==1/x.whl",
        "pypi:wasmtime==/x.whl",
        "pypi:wasmtime===1/x.whl",
        "pypi:wasmtime==1==2/x.whl",
        "pypi:wasmtime==-1/x.whl",
        "pypi:wasm+time==1/x.whl",
        "pypi:wasmtime=/=1/x.whl",
        "pypi:--index-url==1/x.whl",
        "pypi:wasmtime==1/-x.whl",
        "npm:wabt",
        "npm:wabt@latest",
        "npm:wabt@^1.0",
        "npm:../x@1.0.0",
        "npm:a/b@1.0.0",
        "npm:@scope@1.0.0",
        "npm:-x@1.0.0",
        "crate:x",
        "crate:x@*",
        "crate:-x@1.0.0",
        "crate:x/y@1.0.0",
        "crate:x@1.0.0;y",
    };
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ok(source_check_url(good[i], &err), &err);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (source_check_url(bad[i], &err) != -WL_E_RECIPE)
            fail_msg("%s was taken", bad[i]);
        assert_non_null(err.text);
    }
}

/* For any address in a recipe, asking for versions gives an answer or an error. */
static void test_versions_of_odd_addresses(void **state)
{
    static const char *const urls[] = {"https:/host/x-1.0.tgz", "https:", "https:x", "http:/x-1.0.tgz"};
    struct fetch_options o = {.offline = true};
    struct offers *offers = offers_new(&o, *state);

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_FREE char *newest = NULL, *place = offers_place(urls[i]);

        assert_true(offers_newest(offers, &(struct offer_query){urls[i], "1.0", NULL}, &newest, &err) < 0);
        assert_non_null(err.text);
        assert_null(newest);
        assert_non_null(place);
    }
    offers_free(offers);
}

/* If a server sends more than the limit, the transfer is stopped, and its data is deleted. */
static void test_too_many_bytes(void **state)
{
    FIXTURE(f);
    WL_CLEANUP_FREE char *url = http_server_url(f.server, "/file"), *part = in_folder(state, "part");
    struct transfer t = {.url = url, .max_bytes = SERVED_SIZE - 1};

    assert_class(transfer_get(&t, part, &f.o, &f.err), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "more than 299999 bytes");
    assert_false(path_exists(part));
    /* Not in pieces either. */
    write_text(part, "the beginning");
    assert_class(transfer_get(&t, part, &f.o, &f.err), WL_E_FETCH, &f.err);
    assert_false(path_exists(part));
    t.max_bytes = SERVED_SIZE;
    wl_err_free(&f.err);
    assert_ok(transfer_get(&t, part, &f.o, &f.err), &f.err);
}

static void test_file_name(void **state)
{
    static const char *const cases[][2] = {
        {"https://example.org/a/b-1.0.tar.xz", "b-1.0.tar.xz"},
        {"https://example.org/b.tgz?token=/x/y#z", "b.tgz"},
        {"https://example.org/dir/", "dir"},
        {"https://example.org/..", "_."},
        {"https://example.org/%2e%2e", "_."},
        {"https://example.org/%2e%2e%2fevil", "_._evil"},
        {"https://example.org/a%00b%0ac%7F", "a_b_c_"},
        {"https://example.org/.lock", "_lock"},
        {"https://example.org/a%2Bb%zz", "a+b%zz"},
        {"file:///x/a?b.tgz", "a?b.tgz"},
        {"git+https://example.org/x/repo.git#0123456789abcdef0123456789abcdef01234567", "repo-0123456789ab.tar"},
        {"debian:pool/main/z/zlib/zlib_1.3.orig.tar.gz", "zlib_1.3.orig.tar.gz"},
        {"pypi:wasmtime==50.0.1/wasmtime-50.0.1-py3-none-any.whl", "wasmtime-50.0.1-py3-none-any.whl"},
        {"npm:wabt@1.0.39", "wabt-1.0.39.tgz"},
        {"npm:@scope/name@1.0.0", "scope-name-1.0.0.tgz"},
        {"crate:wasmtime-c-api-impl@50.0.1", "wasmtime-c-api-impl-50.0.1.crate"},
        {"", "source"},
    };
    WL_CLEANUP_STR struct str url = {0};
    WL_CLEANUP_FREE char *long_name = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *name = source_file_name(cases[i][0]);

        assert_string_equal(name, cases[i][1]);
    }
    str_add(&url, "https://example.org/");
    for (int i = 0; i < 500; i++)
        str_add(&url, "x.");
    str_add(&url, "tar.xz");
    long_name = source_file_name(url.s);
    assert_true(strlen(long_name) <= 200);
    assert_int_equal(*long_name == '.', 0);
    assert_true(ends_with(long_name, ".tar.xz"));
}

/* --- https: --- */

static void test_fetch(void **state)
{
    WL_CLEANUP_FREE char *again = NULL;
    struct stat st;
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/x/pkg-1.0.tar.xz/file");
    assert_int_equal(source_cached(&f.source, &f.o, &again, &f.index), 1);
    assert_fetched(&f, 1);
    assert_string_equal(path_base(f.path), "file");
    assert_int_equal(f.index, 0);
    assert_int_equal(f.progress, SERVED_SIZE);
    assert_int_equal(f.total, SERVED_SIZE);
    assert_int_equal(stat(f.path, &st), 0);
    /* The second time no request is made. */
    assert_fetched(&f, 1);
    f.o.offline = true;
    assert_fetched(&f, 1);
    assert_int_equal(source_cached(&f.source, &f.o, &again, &f.index), 0);
    assert_string_equal(again, f.path);
    assert_int_equal(f.notes.n, 0);
}

static void test_not_found_then_mirror(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/missing");
    add_served(&f, "/file");
    assert_fetched(&f, 2);
    assert_int_equal(f.notes.n, 1);
    assert_contains(f.notes.v[0], "404");
}

static void test_all_fail(void **state)
{
    FIXTURE(f);
    WL_CLEANUP_FREE char *refused = xasprintf("http://127.0.0.1:%d/x", dead_port());

    add_archive(&f, f.served);
    add_served(&f, "/missing");
    add_served(&f, "/gone");
    add_served(&f, "/error");
    add_url(&f, refused);
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_null(f.path);
    assert_contains(f.err.text, "cannot fetch missing: ");
    assert_contains(f.err.text, "404");
    assert_contains(f.err.text, "410");
    assert_contains(f.err.text, "500");
    assert_contains(f.err.text, "Connection refused");
    assert_contains(f.err.text, refused);
    assert_contains(f.err.hint, "--source");
    assert_int_equal(f.notes.n, 4);
}

static void test_second_archive(void **state)
{
    FIXTURE(f);

    add_archive(&f, zeros);
    add_served(&f, "/missing");
    add_archive(&f, f.served);
    add_served(&f, "/file");
    assert_fetched(&f, 2);
    assert_int_equal(f.index, 1);
}

static void test_web_page(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/page");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "web page");
}

static void test_web_page_wanted(void **state)
{
    char hex[HASH_HEX_SIZE];
    FIXTURE(f);

    digest("<html>no\r\n\r\n", 12, hex);
    add_archive(&f, hex);
    add_served(&f, "/page.html");
    assert_ok(fetch(&f), &f.err);
}

static void test_wrong_hash(void **state)
{
    WL_CLEANUP_FREE char *rejected = in_folder(state, "sources/rejected");
    WL_CLEANUP_STRV struct strv names = {0};
    char other[HASH_HEX_SIZE];
    FIXTURE(f);

    digest("other", 5, other);
    add_archive(&f, f.served);
    add_served(&f, "/other");
    assert_class(fetch(&f), WL_E_VERIFY, &f.err);
    assert_contains(f.err.text, f.served);
    assert_contains(f.err.text, other);
    assert_contains(f.err.text, rejected);
    assert_non_null(f.err.hint);
    assert_ok(dir_list(rejected, &names, &f.err), &f.err);
    assert_int_equal(names.n, 1);
    {
        WL_CLEANUP_FREE char *kept = path_join(rejected, names.v[0]);

        assert_file_is(kept, "other");
    }
    assert_int_equal(source_cached(&f.source, &f.o, &f.path, &f.index), 1);
    /* A second time, the rejected file is replaced. */
    assert_class(fetch(&f), WL_E_VERIFY, &f.err);
}

static void test_wrong_hash_then_mirror(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/other");
    add_served(&f, "/file");
    assert_fetched(&f, 2);
    assert_int_equal(f.notes.n, 1);
    assert_contains(f.notes.v[0], "does not match the recipe");
}

static void test_wrong_hash_of_page_is_reported(void **state)
{
    WL_CLEANUP_FREE char *page = in_folder(state, "page.tgz");
    FIXTURE(f);

    write_text(page, "<!DOCTYPE html><html>");
    add_archive(&f, f.served);
    add_url(&f, page);
    add_served(&f, "/missing");
    assert_class(fetch(&f), WL_E_VERIFY, &f.err);
    assert_contains(f.err.text, "HTML page");
    assert_contains(f.err.text, "404");
}

static void test_empty_file(void **state)
{
    char hex[HASH_HEX_SIZE];
    FIXTURE(f);

    digest("", 0, hex);
    add_archive(&f, hex);
    add_served(&f, "/empty");
    assert_ok(fetch(&f), &f.err);
    assert_file_is(f.path, "");
}

/* An interrupted transfer continues where it stopped, in the same run. */
static void test_broken_is_resumed(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/break");
    assert_fetched(&f, 2);
}

/* The next run uses the partial file of an earlier one. */
static void test_part_is_resumed(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/file");
    write_part(&f, f.served, served_bytes(), 100000);
    assert_fetched(&f, 1);
    assert_int_equal(f.progress, SERVED_SIZE);
    assert_int_equal(f.total, SERVED_SIZE);
}

static void test_part_is_whole(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/file");
    write_part(&f, f.served, served_bytes(), SERVED_SIZE);
    assert_fetched(&f, 0);
}

/* Wrong bytes at the beginning of a partial file do not count against the address. */
static void test_part_is_wrong(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/file");
    write_part(&f, f.served, "these are not the bytes", 23);
    assert_fetched(&f, 2);
    assert_int_equal(f.notes.n, 0);
}

static void test_part_server_without_range(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/norange");
    write_part(&f, f.served, "xyz", 3);
    assert_fetched(&f, 1);
}

static void test_part_wrong_range(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/wrongrange");
    write_part(&f, f.served, "xyz", 3);
    assert_fetched(&f, 2);
}

static void test_part_range_refused(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/unsatisfied");
    write_part(&f, f.served, "xyz", 3);
    assert_fetched(&f, 2);
}

static void test_broken_for_good(void **state)
{
    WL_CLEANUP_FREE char *part = NULL;
    FIXTURE(f);

    part = archive_path(&f, f.served, ".part");
    add_archive(&f, f.served);
    add_served(&f, "/broken");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "was lost");
    assert_int_equal(http_server_requests(f.server), 1);
    assert_false(path_exists(part));
}

static void test_no_answer(void **state)
{
    double start = now();
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/silent");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "stalled");
    assert_true(now() - start < 15);
}

static void test_stall_keeps_what_came(void **state)
{
    WL_CLEANUP_FREE char *part = NULL;
    double start = now();
    struct stat st;
    FIXTURE(f);

    part = archive_path(&f, f.served, ".part");
    add_archive(&f, f.served);
    add_served(&f, "/stall");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "stalled");
    assert_true(now() - start < 40);
    assert_int_equal(stat(part, &st), 0);
    assert_true(st.st_size >= 1000);
    /* Another address continues from there. */
    add_served(&f, "/file");
    strv_free(&f.source.archives[0].urls);
    add_served(&f, "/file");
    assert_ok(fetch(&f), &f.err);
    assert_file_is(f.path, served_bytes());
}

static void test_redirect(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/redirect");
    assert_fetched(&f, 2);
    assert_string_equal(path_base(f.path), "redirect");
}

static void test_bad_redirects(void **state)
{
    static const char *const cases[][2] = {{"/loop", "redirected more than"},
                                           {"/to-plain", "not encrypted"},
                                           {"/to-file", "redirected to an invalid URL"},
                                           {"/to-nowhere", "without a new URL"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FIXTURE(f);

        add_archive(&f, f.served);
        add_served(&f, cases[i][0]);
        assert_class(fetch(&f), WL_E_FETCH, &f.err);
        assert_contains(f.err.text, cases[i][1]);
        assert_ok(remove_tree(f.bin, &f.err), &f.err);
    }
}

static void test_dead_host_is_asked_once(void **state)
{
    FIXTURE(f);
    int port = dead_port();
    WL_CLEANUP_FREE char *one = xasprintf("http://127.0.0.1:%d/one", port),
                         *two = xasprintf("http://127.0.0.1:%d/two", port);

    add_archive(&f, f.served);
    add_url(&f, one);
    add_url(&f, two);
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "Connection refused)");
    assert_contains(f.err.text, "Connection refused; not tried again)");
}

/* A host that answers, even with an error, is not dead. */
static void test_answering_host_is_not_dead(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/broken");
    add_served(&f, "/error");
    add_served(&f, "/silent");
    add_served(&f, "/file");
    assert_fetched(&f, 4);
}

static void test_unknown_host(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_url(&f, "https://host.invalid/a.tgz");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "https://host.invalid/a.tgz (");
}

/* TLS with a server that does not speak it. */
static void test_no_tls(void **state)
{
    FIXTURE(f);
    WL_CLEANUP_FREE char *url = xasprintf("https://127.0.0.1:%d/file", http_server_port(f.server));

    add_archive(&f, f.served);
    add_url(&f, url);
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
}

static void test_offline(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "local.tgz");
    FIXTURE(f);

    write_text(file, served_bytes());
    add_archive(&f, f.served);
    add_served(&f, "/file");
    f.o.offline = true;
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "offline");
    assert_contains(f.err.hint, "--offline");
    assert_int_equal(http_server_requests(f.server), 0);
    add_url(&f, file);
    assert_fetched(&f, 0);
}

static void test_no_address(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "names no address");
}

static void test_unwritable_cache(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "not-a-folder"), *under = in_folder(state, "not-a-folder/sources");
    FIXTURE(f);

    write_text(file, "");
    f.o.cache = under;
    add_archive(&f, f.served);
    add_served(&f, "/file");
    assert_class(fetch(&f), WL_E_IO, &f.err);
    assert_int_equal(http_server_requests(f.server), 0);
}

/* --- cancel, threads --- */

struct canceller {
    int fds[2];
    int after_ms;
};

static void *cancel_later(void *data)
{
    struct canceller *c = data;

    usleep((unsigned)c->after_ms * 1000);
    (void)!write(c->fds[1], "x", 1);
    return NULL;
}

static void cancel_while(struct fixture *f, double at_most)
{
    struct canceller c = {.after_ms = 200};
    struct cancel cancel;
    double start = now();
    pthread_t thread;

    assert_int_equal(pipe2(c.fds, O_CLOEXEC), 0);
    cancel.fd = c.fds[0];
    f->o.cancel = &cancel;
    f->o.stall_timeout_s = 60;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
    assert_class(fetch(f), WL_E_INTERRUPTED, &f->err);
    assert_true(now() - start < at_most);
    pthread_join(thread, NULL);
    close(c.fds[0]);
    close(c.fds[1]);
    f->o.cancel = NULL;
}

static void test_cancel_transfer(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/stall");
    add_served(&f, "/file");
    cancel_while(&f, 15);
    assert_int_equal(http_server_requests(f.server), 1);
}

static void test_cancel_client(void **state)
{
    FIXTURE(f);
    WL_CLEANUP_FREE char *npm = path_join(f.bin, "npm"), *path = xasprintf("%s:%s", f.bin, f.old_path);

    write_program(npm, "sleep 60\n");
    setenv("PATH", path, 1);
    add_archive(&f, f.served);
    add_url(&f, "npm:wabt@1.0.39");
    cancel_while(&f, 15);
}

static void test_cancel_waiting_for_lock(void **state)
{
    WL_CLEANUP_FREE char *lock = NULL, *folder = NULL;
    WL_CLEANUP_FD int fd = -1;
    FIXTURE(f);

    lock = archive_path(&f, f.served, ".lock");
    folder = path_dir(lock);
    assert_ok(make_dirs(folder, &f.err), &f.err);
    assert_ok(lock_take(lock, true, &fd, &f.err), &f.err);
    add_archive(&f, f.served);
    add_served(&f, "/file");
    cancel_while(&f, 15);
    assert_int_equal(http_server_requests(f.server), 0);
}

struct releaser {
    int fd;
};

static void *release_later(void *data)
{
    struct releaser *r = data;

    usleep(3000 * 1000);
    close(r->fd);
    return NULL;
}

static void test_waiting_is_reported(void **state)
{
    WL_CLEANUP_FREE char *lock = NULL, *folder = NULL;
    struct releaser r = {-1};
    pthread_t thread;
    FIXTURE(f);

    lock = archive_path(&f, f.served, ".lock");
    folder = path_dir(lock);
    assert_ok(make_dirs(folder, &f.err), &f.err);
    assert_ok(lock_take(lock, true, &r.fd, &f.err), &f.err);
    add_archive(&f, f.served);
    add_served(&f, "/file");
    assert_int_equal(pthread_create(&thread, NULL, release_later, &r), 0);
    assert_fetched(&f, 1);
    pthread_join(thread, NULL);
    assert_int_equal(f.notes.n, 1);
    assert_contains(f.notes.v[0], "waiting for another wl-make");
}

struct fetcher {
    pthread_t thread;
    const struct source *source;
    struct fetch_options o;
    struct wl_err err;
    int r;
};

static void *fetch_in_thread(void *data)
{
    struct fetcher *t = data;
    WL_CLEANUP_FREE char *path = NULL;
    size_t index;

    t->r = source_fetch(t->source, &t->o, &path, &index, &t->err);
    return NULL;
}

static void test_threads_fetch_once(void **state)
{
    enum { N = 8 };
    struct fetcher t[N] = {0};
    FIXTURE(f);

    add_archive(&f, f.served);
    add_served(&f, "/file");
    for (size_t i = 0; i < N; i++) {
        t[i].source = &f.source;
        t[i].o = f.o;
        t[i].o.on_note = NULL;
        t[i].o.on_progress = NULL;
        assert_int_equal(pthread_create(&t[i].thread, NULL, fetch_in_thread, &t[i]), 0);
    }
    for (size_t i = 0; i < N; i++) {
        pthread_join(t[i].thread, NULL);
        assert_ok(t[i].r, &t[i].err);
    }
    assert_fetched(&f, 1);
}

/* --- file: --- */

static void test_file(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "a b.tgz"), *link = in_folder(state, "link"),
                         *url = xasprintf("file://%s", link);
    struct stat st;
    FIXTURE(f);

    write_text(file, served_bytes());
    assert_int_equal(chmod(file, 0444), 0);
    assert_int_equal(symlink("a b.tgz", link), 0);
    add_archive(&f, f.served);
    add_url(&f, url);
    write_part(&f, f.served, "left over", 9);
    assert_fetched(&f, 0);
    assert_int_equal(lstat(f.path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0644);
    /* The copy is independent of the original. */
    assert_int_equal(unlink(file), 0);
    assert_fetched(&f, 0);
}

static void test_file_bad(void **state)
{
    WL_CLEANUP_FREE char *none = in_folder(state, "none.tgz"), *folder = in_folder(state, "folder");
    FIXTURE(f);

    assert_int_equal(mkdir(folder, 0755), 0);
    add_archive(&f, f.served);
    add_url(&f, none);
    add_url(&f, folder);
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "No such file");
    assert_contains(f.err.text, "it is not a file");
}

/* --- clients --- */

/* Puts a program first in PATH that records its arguments in CACHE/../args and then runs the script. */
static void fake(struct fixture *f, const char *name, const char *script)
{
    WL_CLEANUP_FREE char *program = path_join(f->bin, name), *args = path_join(*f->state, "args"),
                         *quoted = shell_quote(args), *text = NULL, *path = xasprintf("%s:%s", f->bin, f->old_path);

    text = xasprintf("printf '%%s\\n' \"$0\" \"$@\" >> %s\n%s\n", quoted, script);
    write_program(program, text);
    setenv("PATH", path, 1);
}

static void assert_called_with(struct fixture *f, const char *argument)
{
    WL_CLEANUP_FREE char *args = path_join(*f->state, "args"), *text = NULL, *line = xasprintf("\n%s\n", argument);

    assert_ok(file_read(args, 1 << 20, &text, NULL, &f->err), &f->err);
    assert_contains(text, line);
}

static void no_clients(struct fixture *f)
{
    setenv("PATH", f->bin, 1);
}

static void test_missing_clients(void **state)
{
    static const char *const cases[][2] = {
        {"debian:pool/main/x/x.deb", "apt-get is not installed"},
        {"pypi:x==1/x-1-py3-none-any.whl", "python3 is not installed: install the package python3-pip"},
        {"npm:x@1.0.0", "npm is not installed: install the package npm"},
        {"crate:x@1.0.0", "cargo is not installed: install the package cargo-web"},
        {"git+file:///x/y#0123456789abcdef0123456789abcdef01234567", "git is not installed: install the package git"},
    };
    FIXTURE(f);

    add_archive(&f, f.served);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        add_url(&f, cases[i][0]);
    no_clients(&f);
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_contains(f.err.text, cases[i][1]);
}

static char *fake_apt(struct fixture *f, const char *more)
{
    return xasprintf("echo http://127.0.0.1:%d/none/missing/\necho http://127.0.0.1:%d/debian/\n"
                     "echo http://127.0.0.1:%d/debian/\n%s",
                     http_server_port(f->server), http_server_port(f->server), http_server_port(f->server), more);
}

static void test_debian(void **state)
{
    WL_CLEANUP_FREE char *script = NULL, *last = NULL;
    FIXTURE(f);

    script = fake_apt(&f, "");
    fake(&f, "apt-get", script);
    fake(&f, "apt-config", "");
    add_archive(&f, f.served);
    add_url(&f, "debian:pool/main/f/file/missing");
    add_url(&f, "debian:pool/main/f/file");
    /* the first address: 404 from both mirrors; the second: the first mirror has it */
    assert_fetched(&f, 3);
    assert_int_equal(f.notes.n, 1);
    last = http_server_last(f.server);
    assert_string_equal(last, "GET /none/missing/pool/main/f/file HTTP/1.1");
    assert_called_with(&f, "indextargets");
}

static void test_debian_local_mirror(void **state)
{
    WL_CLEANUP_FREE char *folder = in_folder(state, "mirror/pool/main/f"), *file = path_join(folder, "file"),
                         *script = xasprintf("echo file:%s/mirror/", (char *)*state);
    FIXTURE(f);

    assert_ok(make_dirs(folder, &f.err), &f.err);
    write_text(file, served_bytes());
    fake(&f, "apt-get", script);
    add_archive(&f, f.served);
    add_url(&f, "debian:pool/main/f/file");
    assert_fetched(&f, 0);
}

static void test_debian_proxy(void **state)
{
    WL_CLEANUP_FREE char *script = NULL, *last = NULL;
    FIXTURE(f);

    script = xasprintf("test \"$3\" = Acquire::http::Proxy && echo \"VALUE='http://127.0.0.1:%d/'\"; exit 0",
                       http_server_port(f.server));
    fake(&f, "apt-get", "echo http://mirror.invalid/debian/");
    fake(&f, "apt-config", script);
    add_archive(&f, f.served);
    add_url(&f, "debian:pool/main/f/file");
    assert_fetched(&f, 1);
    last = http_server_last(f.server);
    assert_string_equal(last, "GET http://mirror.invalid/debian/pool/main/f/file HTTP/1.1");
}

/* A server elsewhere cannot make the tool send requests to this machine. */
static void test_redirect_to_this_machine(void **state)
{
    WL_CLEANUP_FREE char *script = NULL, *last = NULL;
    FIXTURE(f);

    script = xasprintf("test \"$3\" = Acquire::http::Proxy && echo \"VALUE='http://127.0.0.1:%d/'\"; exit 0",
                       http_server_port(f.server));
    fake(&f, "apt-get", "echo http://mirror.invalid/debian/");
    fake(&f, "apt-config", script);
    add_archive(&f, f.served);
    add_url(&f, "debian:pool/main/f/loop");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "/loop, which is on this machine");
    last = http_server_last(f.server);
    assert_string_equal(last, "GET http://mirror.invalid/debian/pool/main/f/loop HTTP/1.1");
}

static void test_debian_bad(void **state)
{
    FIXTURE(f);

    fake(&f, "apt-get", "echo; echo cdrom:x; exit 0");
    add_archive(&f, f.served);
    add_url(&f, "debian:pool/main/f/file");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "no mirror");
    fake(&f, "apt-get", "echo 'E: Malformed entry 1' >&2; exit 100");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "status 100: E: Malformed entry 1");
}

/* A script that copies the served bytes into a file of its working directory. */
static char *bring(struct fixture *f, const char *file)
{
    WL_CLEANUP_FREE char *bytes = path_join(*f->state, "bytes"), *q = shell_quote(bytes);

    write_text(bytes, served_bytes());
    return xasprintf("cp %s %s", q, file);
}

static void set_cargo_home(void **state)
{
    WL_CLEANUP_FREE char *home = in_folder(state, "cargo home");

    setenv("CARGO_HOME", home, 1);
}

/* The programs that a shell script needs, and no client of a registry. */
static void only_shell(struct fixture *f)
{
    static const char *const programs[] = {"sh", "cp", "mkdir", "chmod"};

    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        WL_CLEANUP_FREE char *from = run_which(programs[i]), *to = path_join(f->bin, programs[i]);

        assert_non_null(from);
        assert_int_equal(symlink(from, to), 0);
    }
    no_clients(f);
}

/* --- pypi: --- */

/* pip is configured for this index alone, and is not installed: there is no client at all. */
static void use_index(struct fixture *f, const char *path)
{
    WL_CLEANUP_FREE char *url = http_server_url(f->server, path);

    setenv("PIP_CONFIG_FILE", "/dev/null", 1);
    setenv("PIP_INDEX_URL", url, 1);
    no_clients(f);
}

static void test_pypi_wheel(void **state)
{
    WL_CLEANUP_FREE char *last = NULL;
    FIXTURE(f);

    use_index(&f, "/simple/");
    add_archive(&f, f.served);
    add_url(&f, "pypi:X==1.0/x-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl");
    assert_fetched(&f, 2);
    last = http_server_last(f.server);
    assert_contains(last, "GET /files/x-1.0-cp311-abi3-");
}

/* The file arrives unchanged, and nothing in it is run, because no program that could run it exists. */
static void test_pypi_source(void **state)
{
    WL_CLEANUP_FREE char *last = NULL, *scratch = NULL;
    FIXTURE(f);

    use_index(&f, "/moved");
    add_archive(&f, f.served);
    add_url(&f, "pypi:x==1.0/x-1.0.tar.gz");
    assert_fetched(&f, 3);
    last = http_server_last(f.server);
    /* Links are relative to the page's final address. */
    assert_string_equal(last, "GET /deep/er/files/x-1.0.tar.gz?a=1&b=2 HTTP/1.1");
    scratch = archive_path(&f, f.served, ".part.tmp");
    assert_false(path_exists(scratch));
}

static void test_pypi_wrong_hash(void **state)
{
    WL_CLEANUP_FREE char *both = NULL;
    FIXTURE(f);

    use_index(&f, "/simple");
    add_archive(&f, zeros);
    add_url(&f, "pypi:x==1.0/x-1.0.tar.gz");
    assert_class(fetch(&f), WL_E_VERIFY, &f.err);
    both = xasprintf("x-1.0.tar.gz from pypi:x==1.0/x-1.0.tar.gz does not match the recipe: expected sha256 %s, got %s",
                     zeros, f.served);
    assert_contains(f.err.text, both);
}

static void test_pypi_bad(void **state)
{
    static const char *const cases[][3] = {
        {"/simple", "x-9.tar.gz", "/simple/x/ does not list the file"},
        {"/simple", "x-1.2.tar.gz", "http://192.0.2.1/files/x-1.2.tar.gz is neither a URL of https:"},
        {"/nothing", "x-1.0.tar.gz", "HTTP 404"},
        {"/html-to-file", "x-1.0.tar.gz", "file:///etc/x-1.0.tar.gz is neither"},
        {"/private", "x-1.0.tar.gz", "HTTP 401"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        WL_CLEANUP_FREE char *url = xasprintf("pypi:x==1.0/%s", cases[i][1]);
        FIXTURE(f);

        use_index(&f, cases[i][0]);
        add_archive(&f, f.served);
        add_url(&f, url);
        assert_class(fetch(&f), WL_E_FETCH, &f.err);
        assert_contains(f.err.text, cases[i][2]);
        assert_ok(remove_tree(f.bin, &f.err), &f.err);
    }
    {
        FIXTURE(f);

        use_index(&f, "/simple");
        setenv("PIP_INDEX_URL", "http://192.0.2.1/simple", 1);
        add_archive(&f, f.served);
        add_url(&f, "pypi:x==1.0/x-1.0.tar.gz");
        assert_class(fetch(&f), WL_E_FETCH, &f.err);
        assert_contains(f.err.text, "http://192.0.2.1/simple/x/ is neither a URL of https: nor on this machine");
        setenv("PIP_NO_INDEX", "on", 1);
        assert_class(fetch(&f), WL_E_FETCH, &f.err);
        assert_contains(f.err.text, "pip is configured with no index");
        setenv("PIP_FIND_LINKS", "/", 1);
        assert_class(fetch(&f), WL_E_FETCH, &f.err);
        assert_contains(f.err.text, "/ has neither the file nor index.html");
        unsetenv("PIP_FIND_LINKS");
        unsetenv("PIP_NO_INDEX");
    }
}

/* A login is sent only to its own host, is never printed, and may contain any character. */
static void test_pypi_login(void **state)
{
    WL_CLEANUP_FREE char *index = NULL;
    FIXTURE(f);

    use_index(&f, "/private");
    index = xasprintf("http://u%%3Aser:p%%40ss@127.0.0.1:%d/private", http_server_port(f.server));
    setenv("PIP_INDEX_URL", index, 1);
    add_archive(&f, f.served);
    add_url(&f, "pypi:x==1.0/x-9.tar.gz");
    add_url(&f, "pypi:x==1.0/x-1.0.tar.gz");
    assert_fetched(&f, 3);
    assert_int_equal(f.notes.n, 1);
    assert_contains(f.notes.v[0], "/private/x/ does not list the file");
    assert_null(strstr(f.notes.v[0], "ss@"));
}

/* pip's files, in the order in which pip applies them. */
static void test_pypi_config(void **state)
{
    WL_CLEANUP_FREE char *url = NULL, *text = NULL, *user = in_folder(state, ".config/pip/pip.conf"),
                         *old = in_folder(state, ".pip/pip.conf"), *given = in_folder(state, "given.conf"),
                         *folder = path_dir(user), *old_folder = path_dir(old);
    FIXTURE(f);

    url = http_server_url(f.server, "/simple");
    setenv("HOME", *state, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("PIP_INDEX_URL");
    unsetenv("PIP_CONFIG_FILE");
    unsetenv("PIP_FIND_LINKS");
    no_clients(&f);
    assert_ok(make_dirs(folder, &f.err), &f.err);
    assert_ok(make_dirs(old_folder, &f.err), &f.err);
    write_text(old, "[global]\nindex-url = http://127.0.0.1:9/never\nextra-index-url = http://127.0.0.1:9/never\n");
    text = xasprintf("# made up\n[install]\nindex-url: http://127.0.0.1:9/never\n[global]\nIndex_URL = %s/none\n"
                     "extra-index-url =\n    %s/nothing\n    # no\n    %s\n[list]\nformat = columns\n",
                     url, url, url);
    write_text(user, text);
    add_archive(&f, f.served);
    add_url(&f, "pypi:x==1.0/x-1.0.tar.gz");
    assert_fetched(&f, 4); /* two that have no such page, the page, the file */
    assert_ok(remove_tree(f.path, &f.err), &f.err);

    /* A command's section has priority, and so has a file that is named over the user's. */
    free_charp(&text);
    text = xasprintf("[download]\nindex-url = %s\n[global]\nindex-url = http://127.0.0.1:9/never\n", url);
    write_text(given, text);
    setenv("PIP_CONFIG_FILE", given, 1);
    assert_fetched(&f, 6);
    assert_ok(remove_tree(f.path, &f.err), &f.err);
    setenv("PIP_CONFIG_FILE", "/nowhere", 1);
    assert_fetched(&f, 10);
}

/* Directories and pages that contain the files themselves. */
static void test_pypi_find_links(void **state)
{
    WL_CLEANUP_FREE char *wheel = in_folder(state, "wheels/x-1.0.tar.gz"), *folder = path_dir(wheel), *links = NULL,
                         *page = in_folder(state, "local/x/index.html"), *page_folder = path_dir(page);
    FIXTURE(f);

    use_index(&f, "/simple");
    assert_ok(make_dirs(folder, &f.err), &f.err);
    /* White space separates two of them. */
    links = xstrdup("/nowhere file:///nowhere\nwheels/");
    assert_int_equal(chdir(*state), 0);
    setenv("PIP_FIND_LINKS", links, 1);
    write_text(wheel, served_bytes());
    add_archive(&f, f.served);
    add_url(&f, "pypi:x==1.0/x-1.0.tar.gz");
    assert_fetched(&f, 0);
    assert_ok(remove_tree(f.path, &f.err), &f.err);

    /* An index on this machine. */
    unsetenv("PIP_FIND_LINKS");
    assert_ok(make_dirs(page_folder, &f.err), &f.err);
    write_text(page, "<a href='../../wheels/x-1.0.tar.gz#sha256=1'>x</a>");
    setenv("PIP_INDEX_URL", "local", 1);
    assert_fetched(&f, 0);
    assert_ok(remove_tree(f.path, &f.err), &f.err);
    setenv("PIP_INDEX_URL", "file:///proc/self/cwd/loc%61l", 1);
    assert_fetched(&f, 0);
    assert_int_equal(chdir("/"), 0);
}

/* pip is asked for its index only if no setting names one. */
static void test_pypi_default(void **state)
{
    WL_CLEANUP_FREE char *script = NULL, *url = NULL;
    FIXTURE(f);

    use_index(&f, "/simple");
    unsetenv("PIP_INDEX_URL");
    add_archive(&f, f.served);
    add_url(&f, "pypi:x==1.0/x-1.0.tar.gz");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "python3 is not installed: install the package python3-pip");
    url = http_server_url(f.server, "/simple");
    script =
        xasprintf("echo '  --pre  (default 1)'; echo '  -i, --index-url <url>   Base URL (default %s/). More'", url);
    fake(&f, "python3", script);
    assert_fetched(&f, 2);
    assert_called_with(&f, "--help");
    assert_ok(remove_tree(f.path, &f.err), &f.err);
    fake(&f, "python3", "echo '  -i, --index-url <url>   Base URL'");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "cannot find out pip's default index");
    fake(&f, "python3", "echo '/usr/bin/python3: No module named pip' >&2; exit 1");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "pip is not installed: install the package python3-pip");
}

/* A missing client is installed when it is needed, by a user who may install packages, and never offline. */
static void test_clients_are_installed(void **state)
{
    WL_CLEANUP_FREE char *installer = in_folder(state, "wl-make.sh"), *script = NULL, *text = NULL, *program = NULL,
                         *packed = in_folder(state, "packed"), *log = in_folder(state, "log");
    FIXTURE(f);

    set_cargo_home(state);
    f.o.installer = installer;
    script = bring(&f, "\"$CARGO_HOME\"/registry/cache/a/x-1.0.0.crate");
    program = xasprintf("#!/bin/sh\nmkdir -p \"$CARGO_HOME\"/registry/cache/a\n%s\n", script);
    write_text(packed, program);
    text = xasprintf("echo \"$*\" >>'%s'\ntest $2 = cargo-web || exit 6\ncp '%s' '%s/cargo'; chmod +x '%s/cargo'\n",
                     log, packed, f.bin, f.bin);
    write_text(installer, text);
    add_archive(&f, f.served);
    /* The source that works needs no client, so none is installed. */
    add_served(&f, "/file");
    add_url(&f, "crate:x@1.0.0");
    assert_fetched(&f, 1);
    assert_false(path_exists(log));
    assert_ok(remove_tree(f.path, &f.err), &f.err);

    only_shell(&f);
    source_free(&f.source);
    add_archive(&f, f.served);
    add_url(&f, "npm:x@1.0.0");
    add_url(&f, "crate:x@1.0.0");
    assert_fetched(&f, 1);
    assert_file_is(log, "--install npm\n--install cargo-web\n");
    assert_contains(f.notes.v[0], "npm is not installed: trying to install the package npm");
    assert_contains(f.notes.v[1], "npm is not installed: install the package npm");
    assert_ok(remove_tree(f.path, &f.err), &f.err);
}

static void test_npm(void **state)
{
    WL_CLEANUP_FREE char *script = NULL, *scratch = NULL;
    FIXTURE(f);

    script = bring(&f, "scope-x-1.0.0.tgz");
    fake(&f, "npm", script);
    add_archive(&f, f.served);
    add_url(&f, "npm:@scope/x@1.0.0");
    assert_fetched(&f, 0);
    assert_called_with(&f, "@scope/x@1.0.0");
    assert_called_with(&f, "--ignore-scripts");
    assert_string_equal(path_base(f.path), "scope-x-1.0.0.tgz");
    scratch = archive_path(&f, f.served, ".part.tmp");
    assert_false(path_exists(scratch));
}

static void test_npm_bad(void **state)
{
    FIXTURE(f);

    add_archive(&f, f.served);
    add_url(&f, "npm:x@1.0.0");
    fake(&f, "npm",
         "echo 'npm error code ETARGET'; echo 'npm error notarget No matching version'; echo 'npm error advice'; exit "
         "1");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "npm failed with status 1: npm error notarget No matching version)");
    fake(&f, "npm", "exit 0");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "npm downloaded nothing");
    fake(&f, "npm", "echo wrong > x-1.0.0.tgz");
    assert_class(fetch(&f), WL_E_VERIFY, &f.err);
}

static void test_crate(void **state)
{
    WL_CLEANUP_FREE char *script = NULL, *all = NULL;
    FIXTURE(f);

    set_cargo_home(state);
    script = bring(&f, "\"$CARGO_HOME\"/registry/cache/b/x-1.0.0.crate");
    /* Of two registries, the one with the right bytes is used. */
    all = xasprintf("mkdir -p \"$CARGO_HOME\"/registry/cache/a \"$CARGO_HOME\"/registry/cache/b \"$CARGO_HOME\"/"
                    "registry/cache/c\necho > \"$CARGO_HOME\"/registry/cache/a/x-1.0.0.crate\n"
                    "echo > \"$CARGO_HOME\"/registry/cache/c/x-1.0.0.crate\n%s",
                    script);
    fake(&f, "cargo", all);
    add_archive(&f, f.served);
    add_url(&f, "crate:x@1.0.0");
    assert_fetched(&f, 0);
    assert_called_with(&f, "info");
    assert_called_with(&f, "x@1.0.0");
}

static void test_crate_old_cargo(void **state)
{
    WL_CLEANUP_FREE char *script = NULL, *all = NULL;
    FIXTURE(f);

    set_cargo_home(state);
    script = bring(&f, "\"$CARGO_HOME\"/registry/cache/a/x-1.0.0.crate");
    all = xasprintf("test $1 = info && echo 'error: no such subcommand: `info`' && exit 101\n"
                    "grep -q 'x = \"=1.0.0\"' Cargo.toml || exit 1\n"
                    "mkdir -p \"$CARGO_HOME\"/registry/cache/a; %s",
                    script);
    fake(&f, "cargo", all);
    add_archive(&f, f.served);
    add_url(&f, "crate:x@1.0.0");
    assert_fetched(&f, 0);
    assert_called_with(&f, "fetch");
}

/* A crate in cargo's cache that has the right hash is used without cargo. */
static void test_crate_in_the_cache(void **state)
{
    WL_CLEANUP_FREE char *script = NULL, *command = NULL, *cache = in_folder(state, "cargo-cache.sh");
    FIXTURE(f);

    set_cargo_home(state);
    script = bring(&f, "\"$CARGO_HOME\"/registry/cache/b/x-1.0.0.crate");
    write_text(cache, script);
    command = xasprintf("mkdir -p \"$CARGO_HOME\"/registry/cache/a \"$CARGO_HOME\"/registry/cache/b; "
                        "echo >\"$CARGO_HOME\"/registry/cache/a/x-1.0.0.crate; sh '%s'",
                        cache);
    assert_int_equal(system(command), 0);
    fake(&f, "cargo", "echo 'cargo is not needed' >&2; exit 1");
    add_archive(&f, f.served);
    add_url(&f, "crate:x@1.0.0");
    assert_fetched(&f, 0);
}

static void test_crate_bad(void **state)
{
    FIXTURE(f);

    set_cargo_home(state);
    add_archive(&f, f.served);
    add_url(&f, "crate:x@1.0.0");
    fake(&f, "cargo", "echo 'error: could not find `x@1.0.0` in registry' >&2; exit 101");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "could not find");
    fake(&f, "cargo", "exit 0");
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "did not download x-1.0.0.crate");
}

/* --- git+https: --- */

/* A repository with two commits; returns the name of the first. Skips the test if git is missing. */
static char *make_repository(struct fixture *f)
{
    WL_CLEANUP_FREE char *git = run_which("git"), *folder = path_join(*f->state, "repo"), *output = NULL;
    struct run r = {.argv = (char *const[]){"sh", "-euc",
                                            "export GIT_AUTHOR_DATE='2001-01-01T00:00:00Z' GIT_COMMITTER_DATE='"
                                            "2001-01-01T00:00:00Z'\n"
                                            "git init -q -b main . >&2\n"
                                            "git config user.name T; git config user.email t@example.org\n"
                                            "mkdir src; echo 'int x;' > src/x.c; echo '$Format:%h%d$' > version\n"
                                            "echo 'version export-subst' > .gitattributes\n"
                                            "git add -A; git commit -q -m one\n"
                                            "git tag v1; echo second > src/x.c; git commit -q -a -m two\n"
                                            "git rev-parse v1\n",
                                            NULL},
                    .cwd = folder};
    int status;

    if (!git)
        skip();
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_ok(run_capture(&r, &status, &output, &f->err), &f->err);
    assert_int_equal(status, 0);
    output[strcspn(output, "\n")] = '\0';
    return xstrdup(output);
}

static void test_git(void **state)
{
    FIXTURE(f);
    WL_CLEANUP_FREE char *commit = make_repository(&f), *url = NULL, *tar = in_folder(state, "got.tar"),
                         *config = in_folder(state, ".gitconfig"), *rejected = in_folder(state, "sources/rejected");
    char hex[HASH_HEX_SIZE], twice[HASH_HEX_SIZE];

    url = xasprintf("git+file://%s/repo#%s", (char *)*state, commit);
    /* The hash is taken from the rejected file. */
    for (int i = 0; i < 2; i++) {
        WL_CLEANUP_STRV struct strv names = {0};
        WL_CLEANUP_FREE char *file = NULL;

        source_free(&f.source);
        add_archive(&f, zeros);
        add_url(&f, url);
        assert_class(fetch(&f), WL_E_VERIFY, &f.err);
        assert_ok(dir_list(rejected, &names, &f.err), &f.err);
        assert_int_equal(names.n, 1);
        file = path_join(rejected, names.v[0]);
        assert_ok(hash_file(file, i ? twice : hex, &f.err), &f.err);
        /* The user's settings have no effect. */
        write_text(config, "[core]\n\tautocrlf = true\n\tabbrev = 8\n[tar]\n\tumask = 0077\n");
        setenv("HOME", *state, 1);
    }
    assert_string_equal(hex, twice);
    source_free(&f.source);
    add_archive(&f, hex);
    add_url(&f, url);
    assert_ok(fetch(&f), &f.err);
    {
        WL_CLEANUP_FREE char *text = NULL, *long_name = xasprintf("repo-%s/src/x.c", commit);
        size_t n;

        assert_ok(file_read(f.path, 1 << 20, &text, &n, &f.err), &f.err);
        assert_non_null(memmem(text, n, long_name, strlen(long_name)));
        assert_non_null(memmem(text, n, "int x;\n", 7));
        /* No short name and no tag, because they depend on the rest of the repository. */
        assert_non_null(memmem(text, n, commit, 40));
        assert_null(memmem(text, n, "v1", 2));
    }
    (void)tar;
}

static void test_git_bad(void **state)
{
    FIXTURE(f);
    WL_CLEANUP_FREE char *commit = make_repository(&f), *absent = NULL, *nowhere = NULL;

    absent = xasprintf("git+file://%s/repo#%.40s", (char *)*state, zeros);
    nowhere = xasprintf("git+file://%s/none#%s", (char *)*state, commit);
    add_archive(&f, f.served);
    add_url(&f, absent);
    add_url(&f, nowhere);
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, absent);
    assert_contains(f.err.text, nowhere);
    assert_contains(f.err.text, "git failed with status");
}

/* A dead host is detected before git is started, which would wait for minutes. */
static void test_git_dead_host(void **state)
{
    FIXTURE(f);
    WL_CLEANUP_FREE char *url = xasprintf("git+https://127.0.0.1:%d/x.git#%.40s", dead_port(), zeros),
                         *git = run_which("git");

    if (!git)
        skip();
    add_archive(&f, f.served);
    add_url(&f, url);
    assert_class(fetch(&f), WL_E_FETCH, &f.err);
    assert_contains(f.err.text, "Connection refused");
}

int main(void)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY",  "no_proxy",    "NO_PROXY",    NULL};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_url),
        TEST_IN_FOLDER(test_versions_of_odd_addresses),
        TEST_IN_FOLDER(test_too_many_bytes),
        cmocka_unit_test(test_file_name),
        TEST_IN_FOLDER(test_fetch),
        TEST_IN_FOLDER(test_not_found_then_mirror),
        TEST_IN_FOLDER(test_all_fail),
        TEST_IN_FOLDER(test_second_archive),
        TEST_IN_FOLDER(test_web_page),
        TEST_IN_FOLDER(test_web_page_wanted),
        TEST_IN_FOLDER(test_wrong_hash),
        TEST_IN_FOLDER(test_wrong_hash_then_mirror),
        TEST_IN_FOLDER(test_wrong_hash_of_page_is_reported),
        TEST_IN_FOLDER(test_empty_file),
        TEST_IN_FOLDER(test_broken_is_resumed),
        TEST_IN_FOLDER(test_part_is_resumed),
        TEST_IN_FOLDER(test_part_is_whole),
        TEST_IN_FOLDER(test_part_is_wrong),
        TEST_IN_FOLDER(test_part_server_without_range),
        TEST_IN_FOLDER(test_part_wrong_range),
        TEST_IN_FOLDER(test_part_range_refused),
        TEST_IN_FOLDER(test_broken_for_good),
        TEST_IN_FOLDER(test_no_answer),
        TEST_IN_FOLDER(test_stall_keeps_what_came),
        TEST_IN_FOLDER(test_redirect),
        TEST_IN_FOLDER(test_bad_redirects),
        TEST_IN_FOLDER(test_dead_host_is_asked_once),
        TEST_IN_FOLDER(test_answering_host_is_not_dead),
        TEST_IN_FOLDER(test_unknown_host),
        TEST_IN_FOLDER(test_no_tls),
        TEST_IN_FOLDER(test_offline),
        TEST_IN_FOLDER(test_no_address),
        TEST_IN_FOLDER(test_unwritable_cache),
        TEST_IN_FOLDER(test_cancel_transfer),
        TEST_IN_FOLDER(test_cancel_client),
        TEST_IN_FOLDER(test_cancel_waiting_for_lock),
        TEST_IN_FOLDER(test_waiting_is_reported),
        TEST_IN_FOLDER(test_threads_fetch_once),
        TEST_IN_FOLDER(test_file),
        TEST_IN_FOLDER(test_file_bad),
        TEST_IN_FOLDER(test_missing_clients),
        TEST_IN_FOLDER(test_debian),
        TEST_IN_FOLDER(test_debian_local_mirror),
        TEST_IN_FOLDER(test_debian_proxy),
        TEST_IN_FOLDER(test_redirect_to_this_machine),
        TEST_IN_FOLDER(test_debian_bad),
        TEST_IN_FOLDER(test_pypi_wheel),
        TEST_IN_FOLDER(test_pypi_source),
        TEST_IN_FOLDER(test_pypi_wrong_hash),
        TEST_IN_FOLDER(test_pypi_bad),
        TEST_IN_FOLDER(test_pypi_login),
        TEST_IN_FOLDER(test_pypi_config),
        TEST_IN_FOLDER(test_pypi_find_links),
        TEST_IN_FOLDER(test_pypi_default),
        TEST_IN_FOLDER(test_clients_are_installed),
        TEST_IN_FOLDER(test_npm),
        TEST_IN_FOLDER(test_npm_bad),
        TEST_IN_FOLDER(test_crate),
        TEST_IN_FOLDER(test_crate_old_cargo),
        TEST_IN_FOLDER(test_crate_in_the_cache),
        TEST_IN_FOLDER(test_crate_bad),
        TEST_IN_FOLDER(test_git),
        TEST_IN_FOLDER(test_git_bad),
        TEST_IN_FOLDER(test_git_dead_host),
    };
    int failed;

    for (const char *const *p = proxies; *p; p++)
        unsetenv(*p);
    for (char **e = environ; *e;) {
        WL_CLEANUP_FREE char *name = xstrndup(*e, strcspn(*e, "="));

        if (starts_with(name, "PIP_"))
            unsetenv(name);
        else
            e++;
    }
    setenv("PIP_CONFIG_FILE", "/dev/null", 1);
    if (source_init() < 0)
        return 99;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    source_exit();
    return failed;
}
