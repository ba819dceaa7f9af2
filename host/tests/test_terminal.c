/* wl-run on a terminal: Ctrl-C, the end of input. */
#include "command.h"

#include <poll.h>
#include <pty.h>

static pid_t terminal_pid;
static int terminal;

static void terminal_start(const char *module)
{
    got.out_size = 0;
    got.out[0] = '\0';
    terminal_pid = forkpty(&terminal, NULL, NULL, NULL);
    assert_true(terminal_pid >= 0);
    if (terminal_pid == 0) {
        signal(SIGINT, SIG_DFL);
        exec_with((const char *const[]){module, NULL});
    }
}

/* Reads until the text has appeared; false at the end, or after ten seconds. */
static bool terminal_wait(const char *text)
{
    struct pollfd fd = {.fd = terminal, .events = POLLIN};

    while (!text || !strstr(got.out, text)) {
        ssize_t n;

        if (poll(&fd, 1, 10000) <= 0)
            return false;
        n = read(terminal, got.out + got.out_size, sizeof got.out - 1 - got.out_size);
        if (n <= 0)
            return false;
        got.out_size += (size_t)n;
        got.out[got.out_size] = '\0';
    }
    return true;
}

static void terminal_type(const char *keys)
{
    assert_int_equal(write(terminal, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static int terminal_end(void)
{
    int status;

    terminal_wait(NULL);
    status = wait_status(terminal_pid);
    close(terminal);
    return status;
}

static void test_interrupt_running(void **state)
{
    (void)state;
    terminal_start("spin.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\003");
    assert_int_equal(terminal_end(), 1000 + SIGINT); /* 130 after an interrupt */
}

static void test_interrupt_read(void **state)
{
    (void)state;
    terminal_start("wait.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\003");
    assert_int_equal(terminal_end(), 40 + 27);
}

static void test_interrupt_sleep(void **state)
{
    (void)state;
    terminal_start("wait.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("a line\n");
    assert_true(terminal_wait("a line\r\na line\r\n")); /* the echo, and then the guest */
    terminal_type("\003");
    assert_int_equal(terminal_end(), 40 + 27);
}

static void test_end_of_file(void **state)
{
    (void)state;
    terminal_start("wait.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\004");
    assert_int_equal(terminal_end(), 30);
}

static void test_interrupt_without_cells(void **state)
{
    (void)state;
    RUN("cat.wasm"); /* compile it now, so that no message about that is in the output */
    terminal_start("cat.wasm");
    terminal_type("x\n");
    assert_true(terminal_wait("x\r\nx\r\n"));
    terminal_type("\003");
    assert_int_equal(terminal_end(), 1000 + SIGINT);
    terminal_start("badcells.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\003");
    assert_int_equal(terminal_end(), 1000 + SIGINT);
}

/* A program that ends when it is asked for its cells ends with its own status. */
static void test_cells_that_are_not_given(void **state)
{
    (void)state;
    RUN("cellsexit.wasm");
    assert_int_equal(got.status, 33);
    assert_string_equal(got.err, "");
    RUN("cellstrap.wasm");
    assert_int_equal(got.status, 1);
}

static void test_second_interrupt(void **state)
{
    const struct timespec soon = {.tv_nsec = 200000000}, later = {.tv_sec = 1};

    (void)state;
    terminal_start("stuck.wasm");
    assert_true(terminal_wait("go"));
    terminal_type("\003");
    nanosleep(&soon, NULL);
    terminal_type("\003");
    nanosleep(&soon, NULL);
    assert_int_equal(waitpid(terminal_pid, NULL, WNOHANG), 0);
    nanosleep(&later, NULL);
    terminal_type("\003");
    assert_int_equal(terminal_end(), 1000 + SIGINT);
}

static void test_isatty(void **state)
{
    (void)state;
    terminal_start("isatty.wasm");
    assert_int_equal(terminal_end(), 2);
    RUN("isatty.wasm");
    assert_int_not_equal(got.status, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interrupt_running),       cmocka_unit_test(test_interrupt_read),
        cmocka_unit_test(test_interrupt_sleep),         cmocka_unit_test(test_end_of_file),
        cmocka_unit_test(test_interrupt_without_cells), cmocka_unit_test(test_cells_that_are_not_given),
        cmocka_unit_test(test_second_interrupt),        cmocka_unit_test(test_isatty),
    };

    return run_command_tests("terminal", tests, sizeof tests / sizeof *tests, argc, argv);
}
