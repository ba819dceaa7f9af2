#include "make/jobs.h"

#include "testing.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

static int count_bytes(struct jobs *j)
{
    int n = 0;

    while (jobs_try_take(j))
        n++;
    for (int i = 0; i < n; i++)
        jobs_give(j);
    return n;
}

static void test_slots(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    (void)state;
    for (int n = 1; n <= 1024; n = n * 4) {
        struct jobs j;

        assert_ok(jobs_init(&j, n, &err), &err);
        assert_int_equal(count_bytes(&j), n - 1); /* the first job needs none */
        assert_int_equal(count_bytes(&j), n - 1);
        jobs_free(&j);
    }
}

static int open_descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* If the last descriptor that it needs is not available, it keeps none of the others. */
static void test_no_descriptor_left(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct rlimit limit, few;
    int before = open_descriptors(), free_fds[3];
    struct jobs j;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true((free_fds[i] = fcntl(0, F_DUPFD_CLOEXEC, 3)) >= 3);
    for (int i = 0; i < 3; i++)
        close(free_fds[i]);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    few = (struct rlimit){(rlim_t)free_fds[2], limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    expect_class(jobs_init(&j, 4, &err), WL_E_IO, &err, __FILE__, __LINE__);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_contains(err.text, "jobserver");
    assert_int_equal(open_descriptors(), before);
}

static void test_take_and_give(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct pollfd p = {.events = POLLIN};
    struct jobs j;

    (void)state;
    assert_ok(jobs_init(&j, 2, &err), &err);
    p.fd = j.take_fd;
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_true(jobs_try_take(&j));
    assert_false(jobs_try_take(&j));
    assert_int_equal(poll(&p, 1, 0), 0);
    jobs_give(&j);
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_true(jobs_try_take(&j));
    jobs_free(&j);
}

/* make reads its end blocking; only our end is non-blocking. */
static void test_ends(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct jobs j;

    (void)state;
    assert_ok(jobs_init(&j, 3, &err), &err);
    assert_false(fcntl(j.fds[0], F_GETFL) & O_NONBLOCK);
    assert_false(fcntl(j.fds[1], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(j.take_fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(j.fds[0], F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(j.take_fd, F_GETFD) & FD_CLOEXEC);
    assert_contains(j.makeflags, "-j3");
    assert_contains(j.makeflags, "--jobserver-auth=");
    jobs_free(&j);
    assert_int_equal(j.fds[0], -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_no_descriptor_left),
        cmocka_unit_test(test_take_and_give),
        cmocka_unit_test(test_ends),
    };

    return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
