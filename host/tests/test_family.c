/* Processes of a guest: the page that they share, and the requests process.*, as a guest makes them. Programs of the
 * machine take the place of the guest's, and do not understand what they are asked. */
#include "ask.h"

#include "family/family.h"
#include "family/page.h"
#include "wasi/channel.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { FDS = 20000, TEXT = 30000, MIB = 1 << 20 };

static struct family family;
static int64_t changed;

static uint64_t spare(void *arg)
{
    (void)arg;
    return 100 * MIB;
}

static void change(void *arg, int64_t by)
{
    (void)arg;
    changed += by;
}

static uint64_t least(void *arg)
{
    (void)arg;
    return 10 * MIB;
}

static const struct wasi_room room = {spare, change, least};
static const struct limits limits = {.memory = 120 * MIB};

static void serve(const char *const *command, unsigned most)
{
    const struct family_config config = {
        .most = most, .command = command, .command_n = 2, .code = -1, .limits = &limits};

    w.room = &room;
    changed = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(wasi_give(&w, open("/dev/null", O_RDWR | O_CLOEXEC), NULL, false, true), i);
    assert_int_equal(family_serve(&family, &w, &config), 0);
    assert_int_equal(wasi_give_channel(&w), 0);
    channel = 3;
    for (uint32_t i = 0; i < 3; i++)
        put(FDS + 4 * i, 4, i);
    strcpy((char *)bytes + TEXT, "name");
}

static int tear_down(void **state)
{
    family_finish(&family);
    return tear_down_bare(state);
}

#define SPAWN "process.spawn 30000 5 0 0 20000 3 0 0"

static void test_page(void **state)
{
    int fd, first, second, third;
    struct family_page *p = page_new(&fd, 3);

    (void)state;
    assert_non_null(p);
    p->memory_left = 100;
    assert_int_equal(first = page_take(p, FAMILY_FIRST), 1);
    assert_int_equal(second = page_take(p, (uint32_t)first), 2);
    assert_int_equal(third = page_take(p, (uint32_t)second), 3);
    assert_int_equal(page_take(p, FAMILY_FIRST), -1);
    assert_true(page_lease(p, (uint32_t)first, 50) && page_lease(p, (uint32_t)third, 30));
    assert_false(page_lease(p, (uint32_t)second, 21));
    assert_true(page_lease(p, (uint32_t)second, 20));
    page_return(p, (uint32_t)first, 5);
    assert_int_equal(p->memory_left, 5);
    /* With it go those that it has started. */
    page_release(p, (uint32_t)second);
    assert_int_equal(p->memory_left, 55);
    assert_int_equal(page_take(p, FAMILY_FIRST), 2);
    page_release(p, (uint32_t)first);
    page_release(p, (uint32_t)second);
    assert_int_equal(p->memory_left, 100);
    page_unmap(p);
    close(fd);
}

static void test_first_process(void **state)
{
    static const char *const command[] = {"/bin/cat", "cat"};

    (void)state;
    serve(command, 2);
    GIVES("version", "wl 1 process 1");
    assert_int_equal(ask("process.self"), 0);
    assert_int_equal(strncmp(answer, "42 0 ", 5), 0);
    assert_string_equal(answer + strlen(answer) - 6, " 0 0 0");
    FAILS("process.note 0 0", WASI_EINVAL);
    FAILS("process.wait any", WASI_ECHILD);
    FAILS("process.wait 43 now", WASI_ECHILD);
    FAILS("process.wait 0", WASI_EINVAL);
    FAILS("process.wait all", WASI_EINVAL);
    FAILS("process.wait 43 later", WASI_EINVAL);
    FAILS("process.wait 43 group later", WASI_EINVAL);
    FAILS("process.wait 43 now group", WASI_EINVAL);
    FAILS("process.wait any group", WASI_EINVAL);
    FAILS("process.wait 43 group now", WASI_ECHILD);
    FAILS("process.kill 42 9", WASI_ESRCH);
    FAILS("process.kill 1 0", WASI_ESRCH);
    FAILS("process.kill 43 16", WASI_EINVAL);
    FAILS("process.kill -1 9", WASI_EINVAL);
    FAILS("process.memory 1", WASI_ENOMEM);
    /* It leads its group and its session, and has nobody to tell anything. */
    GIVES("process.group 42", "42 42");
    FAILS("process.group 43", WASI_ESRCH);
    FAILS("process.group 0", WASI_EINVAL);
    GIVES("process.join 0", "");
    GIVES("process.join session", "");
    FAILS("process.join 43", WASI_EPERM);
    FAILS("process.join group", WASI_EINVAL);
    FAILS("process.kill 42 15 group", WASI_ESRCH);
    FAILS("process.kill 42 15 session", WASI_EINVAL);
}

static void test_wrong_wishes(void **state)
{
    static const char *const command[] = {"/bin/cat", "cat"};

    (void)state;
    serve(command, 2);
    FAILS("process.spawn 30000 4 0 0 20000 3 0 0", WASI_EINVAL); /* no zero byte at the end */
    FAILS("process.spawn 65536 1 0 0 20000 3 0 0", WASI_EFAULT);
    FAILS("process.spawn 30000 5 65000 1000 20000 3 0 0", WASI_EFAULT);
    FAILS("process.spawn 30000 5 0 0 20000 2 0 0", WASI_EINVAL);
    FAILS("process.spawn 30000 5 0 0 20000 4097 0 0", WASI_EINVAL);
    FAILS("process.spawn 30000 5 0 0 65530 3 0 0", WASI_EFAULT);
    FAILS("process.spawn 30000 5 0 0 20000 3 65530 10", WASI_EFAULT);
    FAILS("process.spawn 30000 5 0 0 20000 3 0 4294967295", WASI_E2BIG);
    FAILS(SPAWN " otherwise", WASI_EINVAL);
    FAILS(SPAWN " -1", WASI_EINVAL);
    FAILS(SPAWN " 43", WASI_EPERM);
    put(FDS + 8, 4, 9);
    FAILS(SPAWN, WASI_EBADF);
    put(FDS + 8, 4, channel);
    FAILS(SPAWN, WASI_ENOTSUP);
    FAILS("process.wait any now", WASI_ECHILD);
}

static void test_processes(void **state)
{
    static const char *const command[] = {"/bin/cat", "cat"};

    (void)state;
    serve(command, 2);
    put(FDS + 8, 4, UINT32_MAX);
    GIVES(SPAWN, "43");
    /* All but 16 MiB of what it does not use is everybody's, of which the other has 26. */
    assert_int_equal(changed, -84 * MIB);
    GIVES("process.wait 43", "43 exited 1");
    FAILS("process.wait 43", WASI_ECHILD);
    GIVES("process.memory 1", "");
    assert_int_equal(changed, -68 * MIB);
    FAILS("process.memory 100000000", WASI_ENOMEM);
    GIVES(SPAWN, "44");
    GIVES("process.wait any", "44 exited 1");
    FAILS("process.kill 44 0", WASI_ESRCH);
}

/* (Whether a process has ended or not does not matter until it is waited for.) */
static void test_groups(void **state)
{
    static const char *const command[] = {"/bin/cat", "cat"};

    (void)state;
    serve(command, 3);
    GIVES(SPAWN, "43");
    GIVES(SPAWN " 0", "44");
    GIVES(SPAWN " session", "45");
    GIVES("process.group 43", "42 42");
    GIVES("process.group 44", "44 42");
    GIVES("process.group 45", "45 45");
    GIVES("process.kill 42 15 group", "");
    GIVES("process.kill 44 15 group", "");
    GIVES("process.kill 45 15 group", "");
    FAILS("process.kill 43 15 group", WASI_ESRCH);
    FAILS("process.wait 43 group", WASI_ECHILD);
    assert_int_equal(ask("process.wait 44 group"), 0);
    assert_int_equal(strncmp(answer, "44 ", 3), 0);
    FAILS("process.wait 44 group now", WASI_ECHILD);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ask("process.wait any"), 0);
    FAILS("process.group 44", WASI_ESRCH);
    FAILS("process.kill 44 15 group", WASI_ESRCH);
    FAILS(SPAWN " 44", WASI_EPERM);
}

static void test_limit(void **state)
{
    static const char *const command[] = {"/bin/cat", "cat"};

    (void)state;
    serve(command, 0);
    FAILS(SPAWN, WASI_EAGAIN);
    FAILS("process.wait any now", WASI_ECHILD);
}

static void test_no_program(void **state)
{
    static const char *const command[] = {"/nowhere/program", "program"};

    (void)state;
    serve(command, 1);
    for (int i = 0; i < 3; i++)
        FAILS(SPAWN, WASI_ENOENT);
    FAILS("process.wait any now", WASI_ECHILD);
}

static void test_descriptors(void **state)
{
    static const char *const command[] = {"/bin/cat", "cat"};
    char byte;

    (void)state;
    serve(command, 1);
    GIVES("process.pipe", "4 5");
    GIVES("process.pair stream", "6 7");
    FAILS("process.pair raw", WASI_EINVAL);
    GIVES("process.semaphore 2", "8");
    FAILS("process.semaphore -1", WASI_EINVAL);
    GIVES("process.count 8", "2");
    FAILS("process.count 4", WASI_ENOTSUP);
    FAILS("process.count 3", WASI_EINVAL);
    FAILS("process.count 20", WASI_EBADF);
    assert_int_equal(write(w.fds[5].host, "x", 1), 1);
    assert_int_equal(read(w.fds[4].host, &byte, 1), 1);
    assert_int_equal(write(w.fds[6].host, "x", 1), 1);
    assert_int_equal(read(w.fds[7].host, &byte, 1), 1);
    assert_int_equal(wasi_fd_read(&w, 5, 100, 0, 200), WASI_EBADF);
    assert_int_equal(wasi_fd_write(&w, 4, 100, 0, 200), WASI_EBADF);
}

/* What is not from a parent is refused. */
static void test_child_of_nobody(void **state)
{
    struct family_start *start;
    struct err err;
    pid_t pid = fork();
    int status;

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        if (family_take(&start, 1, &err) == 0)
            _exit(1);
        _exit(family_take(&start, getppid(), &err) == 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test_setup_teardown(test_first_process, set_up_bare, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_wishes, set_up_bare, tear_down),
        cmocka_unit_test_setup_teardown(test_processes, set_up_bare, tear_down),
        cmocka_unit_test_setup_teardown(test_groups, set_up_bare, tear_down),
        cmocka_unit_test_setup_teardown(test_limit, set_up_bare, tear_down),
        cmocka_unit_test_setup_teardown(test_no_program, set_up_bare, tear_down),
        cmocka_unit_test_setup_teardown(test_descriptors, set_up_bare, tear_down),
        cmocka_unit_test(test_child_of_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
