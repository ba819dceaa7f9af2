/* Boxes: steps, their logs and status, and the files in them. */
#include "make/box.h"

#include "make/log.h"
#include "testing.h"
#include "util/fs.h"
#include "util/hash.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without a sandbox its path has to be plain, which that of a test's own directory is not. */
static struct box a_box(void)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char dir[] = "/tmp/wl-make-box.XXXXXX";
    struct box b;

    assert_non_null(mkdtemp(dir));
    assert_ok(box_init(&b, dir, false, &err), &err);
    return b;
}

static void end_box(struct box *b)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(remove_tree(b->dir, &err), &err);
    box_free(b);
}

static void add_line(void *data, const char *line)
{
    str_addf(data, "%s|", line);
}

static void test_status(void **state)
{
    WL_CLEANUP_FREE char *log = in_folder(state, "log");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STR struct str lines = {0};
    struct box b = a_box();
    int status = 0;
    const struct box_step step = {.what = "step",
                                  .name = "s",
                                  .run = "printf 'one\\ntwo' >/proc/self/fd/$STATUS_FD; echo output\n"
                                         "printf ' and\\n\\nlost' >/proc/self/fd/$STATUS_FD; exit 3",
                                  .log = log,
                                  .lock_fd = -1,
                                  .on_status = add_line,
                                  .data = &lines,
                                  .status = &status};

    assert_class(box_run(&b, &step, &err), WL_E_FAILED, &err);
    assert_int_equal(status, 3);
    assert_string_equal(lines.s, "one|two and||");
    assert_file_is(log, "output\n");
    end_box(&b);
}

/* Only a step that asks for such a descriptor has one. */
static void test_no_status(void **state)
{
    WL_CLEANUP_FREE char *log = in_folder(state, "log");
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct box b = a_box();

    assert_ok(box_run(&b,
                      &(struct box_step){
                          .what = "step", .name = "s", .run = "test -z \"${STATUS_FD-}\"", .log = log, .lock_fd = -1},
                      &err),
              &err);
    end_box(&b);
}

static void test_take(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "file"), *seen = NULL, *copy = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct box b = a_box();
    char hex[HASH_HEX_SIZE];

    write_text(file, "one");
    assert_ok(hash_file(file, hex, &err), &err);
    assert_ok(box_take(&b, file, hex, "src/file", &seen, &err), &err);
    copy = path_join(b.dir, "src/file");
    assert_string_equal(seen, copy);
    assert_file_is(copy, "one");
    free_charp(&seen);
    write_text(file, "two");
    assert_class(box_take(&b, file, hex, "src/file", &seen, &err), WL_E_FAILED, &err);
    assert_contains(err.text, "changed while it was read");
    end_box(&b);
}

/* Text in which each byte shows its own place. */
static void fill(char *text, size_t n, size_t from)
{
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + (from + i) % 23);
}

static void write_log(struct log *l, size_t n, size_t piece)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *text = xmalloc(piece);

    for (size_t done = 0; done < n;) {
        size_t some = n - done < piece ? n - done : piece;

        fill(text, some, done);
        assert_ok(log_write(l, text, some, &err), &err);
        done += some;
    }
}

static void test_log(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   LOG_BEGINNING,
                                   LOG_BEGINNING + 1,
                                   LOG_BEGINNING + LOG_END,
                                   LOG_BEGINNING + LOG_END + 1,
                                   LOG_BEGINNING + 3 * (size_t)LOG_END + 12345};
    WL_CLEANUP_FREE char *path = in_folder(state, "logs/log");

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t all = sizes[i], left_out = all > LOG_BEGINNING + LOG_END ? all - LOG_BEGINNING - LOG_END : 0, n;
        WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
        WL_CLEANUP_FREE char *text = NULL, *want = xmalloc(all + 1), *gap = NULL;
        struct log l;

        assert_ok(log_open(&l, path, &err), &err);
        write_log(&l, all, i % 2 ? 8191 : LOG_END + 17);
        assert_ok(log_close(&l, &err), &err);
        assert_ok(file_read(path, 2 * (LOG_BEGINNING + LOG_END), &text, &n, &err), &err);
        fill(want, all, 0);
        if (!left_out) {
            assert_int_equal(n, all);
            assert_memory_equal(text, want, all);
            continue;
        }
        gap = xasprintf("\n[... %zu bytes of output are left out here ...]\n", left_out);
        assert_int_equal(n, LOG_BEGINNING + strlen(gap) + LOG_END);
        assert_memory_equal(text, want, LOG_BEGINNING);
        assert_memory_equal(text + LOG_BEGINNING, gap, strlen(gap));
        assert_memory_equal(text + LOG_BEGINNING + strlen(gap), want + all - LOG_END, LOG_END);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(test_status),
        TEST_IN_FOLDER(test_no_status),
        TEST_IN_FOLDER(test_take),
        TEST_IN_FOLDER(test_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
