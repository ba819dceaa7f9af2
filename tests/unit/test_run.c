#include "util/run.h"

#include "testing.h"
#include "util/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define SH(script) ((char *const[]){"sh", "-c", script, NULL})

static char *output_of(const struct run *r, int expected_status)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    char *output = NULL;
    int status;

    assert_ok(run_capture(r, &status, &output, &err), &err);
    assert_int_equal(status, expected_status);
    return output;
}

static void test_output_and_status(void **state)
{
    struct run r = {.argv = SH("echo out; echo err >&2; exit 7")};
    WL_CLEANUP_FREE char *output = output_of(&r, 7);

    (void)state;
    assert_string_equal(output, "out\nerr\n");
}

static void test_signal_status(void **state)
{
    struct run r = {.argv = SH("kill -9 $$")};
    WL_CLEANUP_FREE char *output = output_of(&r, 128 + SIGKILL);

    (void)state;
    assert_string_equal(output, "");
}

static void test_no_output_wanted(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct run r = {.argv = SH("exit 3")};
    int status;

    (void)state;
    assert_ok(run_command(&r, &status, &err), &err);
    assert_int_equal(status, 3);
}

static void test_env_is_what_is_given(void **state)
{
    char *env[] = {"ONE=1", "PATH=/usr/bin:/bin", NULL};
    struct run r = {.argv = SH("echo ${ONE-no} ${HOME-no} ${WL_SECRET-no}"), .env = env};
    WL_CLEANUP_FREE char *output = NULL, *inherited = NULL;

    (void)state;
    setenv("WL_SECRET", "leak", 1);
    output = output_of(&r, 0);
    assert_string_equal(output, "1 no no\n");
    r.env = NULL;
    r.argv = SH("echo ${WL_SECRET-no}");
    inherited = output_of(&r, 0);
    assert_string_equal(inherited, "leak\n");
    unsetenv("WL_SECRET");
}

static void test_cwd(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *none = in_folder(state, "none"), *real = realpath(*state, NULL), *output = NULL,
                         *expected = xasprintf("%s\n", real);
    struct run r = {.argv = SH("pwd"), .cwd = *state};
    int status;

    output = output_of(&r, 0);
    assert_string_equal(output, expected);
    r.cwd = none;
    assert_class(run_command(&r, &status, &err), WL_E_IO, &err);
    assert_contains(err.text, "no such directory");
}

static void test_input(void **state)
{
    struct run r = {.argv = SH("cat"), .input = "some text\n"};
    WL_CLEANUP_FREE char *output = output_of(&r, 0), *nothing = NULL;

    (void)state;
    assert_string_equal(output, "some text\n");
    r.input = NULL;
    nothing = output_of(&r, 0);
    assert_string_equal(nothing, "");
}

static void test_missing_program(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct run r = {.argv = (char *const[]){"wl-no-such-program", NULL}};
    char *output;
    int status;

    (void)state;
    assert_class(run_capture(&r, &status, &output, &err), WL_E_TOOLCHAIN, &err);
    assert_null(output);
    assert_contains(err.text, "wl-no-such-program");
    assert_non_null(err.hint);
}

static void test_descriptors(void **state)
{
    WL_CLEANUP_FREE char *file = in_folder(state, "f"), *kept = NULL, *closed = NULL;
    WL_CLEANUP_FD int fd = -1;
    int keep[2] = {-1, -1};
    char script[64];
    char *argv[] = {"sh", "-c", script, NULL};
    struct run r = {.argv = argv};

    write_text(file, "through");
    fd = open(file, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fd < 10);
    strcpy(script, "exec 2>/dev/null; cat <&N || echo closed");
    *strchr(script, 'N') = (char)('0' + fd);
    closed = output_of(&r, 0);
    assert_string_equal(closed, "closed\n");
    keep[0] = fd;
    r.keep_fds = keep;
    kept = output_of(&r, 0);
    assert_string_equal(kept, "through");
}

static void test_too_much_output(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct run r = {.argv = SH("yes"), .max_output = 10000};
    double start = now();
    char *output;
    int status;

    (void)state;
    assert_class(run_capture(&r, &status, &output, &err), WL_E_FAILED, &err);
    assert_null(output);
    assert_true(now() - start < 20);
}

static int refuse(void *data, const char *text, size_t n, struct wl_err *err)
{
    int *calls = data;

    (void)text;
    (void)n;
    (*calls)++;
    return wl_err_set(err, WL_E_VERIFY, "refused");
}

static void test_callback_refuses(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    int calls = 0, status;
    struct run r = {.argv = SH("echo x; exec sleep 60"), .on_output = refuse, .data = &calls};
    double start = now();

    (void)state;
    assert_class(run_command(&r, &status, &err), WL_E_VERIFY, &err);
    assert_int_equal(calls, 1);
    assert_true(now() - start < 20);
}

static void test_timeout(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct run r = {.argv = SH("sleep 60"), .timeout_ms = 200};
    double start = now();
    int status;

    (void)state;
    assert_class(run_command(&r, &status, &err), WL_E_FAILED, &err);
    assert_contains(err.text, "did not end");
    assert_true(now() - start < 20);
}

/* A cancel that is pending from the start, without signals: any readable descriptor works. */
static struct cancel pending_cancel(int pipe_fds[2])
{
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_int_equal(write(pipe_fds[1], "x", 1), 1);
    return (struct cancel){pipe_fds[0]};
}

static void test_cancel(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    int fds[2], status;
    struct cancel c = pending_cancel(fds);
    struct run r = {.argv = SH("sleep 60"), .cancel = &c};
    double start = now();

    (void)state;
    assert_class(run_command(&r, &status, &err), WL_E_INTERRUPTED, &err);
    assert_true(now() - start < 20);
    assert_int_equal(status, 128 + SIGTERM);
    close(fds[0]);
    close(fds[1]);
}

static bool is_gone(const char *pid_file)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *text = NULL;
    pid_t pid;

    assert_ok(file_read(pid_file, 100, &text, NULL, &err), &err);
    pid = (pid_t)atoi(text);
    assert_true(pid > 1);
    /* Its new parent may take a moment to reap it. */
    for (int i = 0; i < 100; i++) {
        WL_CLEANUP_FREE char *stat_file = xasprintf("/proc/%d/stat", (int)pid), *stat = NULL;
        const char *behind;

        if (file_read(stat_file, 4096, &stat, NULL, &err) < 0)
            return true;
        behind = strrchr(stat, ')');
        if (behind && behind[1] == ' ' && behind[2] == 'Z')
            return true;
        usleep(50 * 1000);
    }
    return false;
}

/* The whole group ends, including a member that ignores SIGTERM. */
static void test_cancel_stubborn_group(void **state)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *pid_file = in_folder(state, "pid");
    int fds[2], status;
    struct cancel c;
    struct run r = {.argv = SH("trap '' TERM; trap 'echo x >&9' USR1\n"
                               "sh -c 'trap \"\" TERM; echo $$ > pid; kill -USR1 $PPID; while :; do sleep 1; done' &\n"
                               "while :; do sleep 1; done"),
                    .cwd = *state};
    int keep[2] = {9, -1};
    double start = now();

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    /* The command itself cancels as soon as its child exists. */
    assert_int_equal(dup3(fds[1], 9, O_CLOEXEC), 9);
    c.fd = fds[0];
    r.cancel = &c;
    r.keep_fds = keep;
    assert_class(run_command(&r, &status, &err), WL_E_INTERRUPTED, &err);
    assert_int_equal(status, 128 + SIGKILL);
    assert_true(now() - start < 20);
    assert_true(is_gone(pid_file));
    close(fds[0]);
    close(fds[1]);
    close(9);
}

/* A process that a command leaves in its group does not outlive it, and does not keep its output open. */
static void test_leftovers_are_killed(void **state)
{
    WL_CLEANUP_FREE char *pid_file = in_folder(state, "pid"), *output = NULL;
    struct run r = {.argv = SH("sleep 60 & echo $! > pid; echo done"), .cwd = *state};
    double start = now();

    output = output_of(&r, 0);
    assert_string_equal(output, "done\n");
    assert_true(now() - start < 20);
    assert_true(is_gone(pid_file));
}

static void test_signals_are_default(void **state)
{
    struct run r = {.argv = SH("kill -TERM $$; echo survived")};
    WL_CLEANUP_FREE char *output = NULL;
    sigset_t set, old;

    (void)state;
    /* The tool blocks them; a command must not inherit that. */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &old);
    output = output_of(&r, 128 + SIGTERM);
    sigprocmask(SIG_SETMASK, &old, NULL);
    assert_string_equal(output, "");
}

/* It has its own session: no controlling terminal, and no other command is in its group. */
static void test_session_of_its_own(void **state)
{
    struct run r = {
        .argv = SH("set -- $(cat /proc/$$/stat); echo $(($1 == $5)) $(($1 == $6)) $7; (exec </dev/tty) 2>/dev/null "
                   "&& echo a terminal; readlink /proc/$$/fd/0")};
    WL_CLEANUP_FREE char *output = output_of(&r, 0);

    (void)state;
    assert_contains(output, "1 1 0\n");
    assert_contains(output, "/dev/null\n");
    assert_null(strstr(output, "a terminal\n"));
}

/* As in a container whose filter does not know pidfd_open(2). */
static void refuse_pidfd(int answer)
{
    struct sock_filter code[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                 BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)answer),
                                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog filter = {sizeof code / sizeof *code, code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0 ||
        syscall(SYS_pidfd_open, getpid(), 0) >= 0 || errno != answer)
        _exit(90);
}

/* Every command here must end. This runs in its own process, because a filter stays. Returns the number of errors. */
static int run_without_pidfd(int answer)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct run quiet = {.argv = SH("exit 3")}, loud = {.argv = SH("sleep 0.2; echo text; exit 4")},
               closed = {.argv = SH("exec >/dev/null 2>&1; sleep 0.2; exit 5")}, late = {.argv = SH("sleep 60")};
    WL_CLEANUP_FREE char *output = NULL, *none = NULL, *killed = NULL;
    struct cancel c;
    int status, fds[2];

    alarm(60);
    refuse_pidfd(answer);
    if (run_command(&quiet, &status, &err) != 0 || status != 3)
        return 1;
    if (run_capture(&loud, &status, &output, &err) != 0 || status != 4 || strcmp(output, "text\n") != 0)
        return 2;
    if (run_capture(&closed, &status, &none, &err) != 0 || status != 5 || *none)
        return 3;
    late.timeout_ms = 300;
    if (run_capture(&late, &status, &killed, &err) != -WL_E_FAILED || status != 128 + SIGTERM)
        return 4;
    c = pending_cancel(fds);
    late.timeout_ms = 0;
    late.cancel = &c;
    if (run_command(&late, &status, &err) != -WL_E_INTERRUPTED || status != 128 + SIGTERM)
        return 5;
    return 0;
}

static void test_without_pidfd(void **state)
{
    static const int answers[] = {EPERM, ENOSYS, EMFILE};

    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
            _exit(run_without_pidfd(answers[i]));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

static void test_which(void **state)
{
    WL_CLEANUP_FREE char *program = in_folder(state, "bin dir/tool"), *dir = in_folder(state, "bin dir"),
                         *plain = in_folder(state, "bin dir/plain"), *folder = in_folder(state, "bin dir/folder"),
                         *old = xstrdup(getenv("PATH")), *path = xasprintf("/nonexistent::%s", dir), *found = NULL,
                         *not_runnable = NULL, *is_folder = NULL, *none = NULL, *by_path = NULL;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;

    assert_ok(make_dirs(folder, &err), &err);
    write_program(program, "exit 0");
    write_text(plain, "");
    setenv("PATH", path, 1);
    found = run_which("tool");
    not_runnable = run_which("plain");
    is_folder = run_which("folder");
    none = run_which("wl-no-such-program");
    by_path = run_which(program);
    setenv("PATH", old, 1);
    assert_string_equal(found, program);
    assert_null(not_runnable);
    assert_null(is_folder);
    assert_null(none);
    assert_string_equal(by_path, program);
}

static void test_text(void **state)
{
    WL_CLEANUP_FREE char *text = run_text((char *const[]){"cc", "-o", "a b", "", "x'y", NULL});

    (void)state;
    assert_string_equal(text, "cc -o 'a b' '' 'x'\\''y'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_and_status),
        cmocka_unit_test(test_signal_status),
        cmocka_unit_test(test_no_output_wanted),
        cmocka_unit_test(test_env_is_what_is_given),
        TEST_IN_FOLDER(test_cwd),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_missing_program),
        TEST_IN_FOLDER(test_descriptors),
        cmocka_unit_test(test_too_much_output),
        cmocka_unit_test(test_callback_refuses),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_cancel),
        TEST_IN_FOLDER(test_cancel_stubborn_group),
        TEST_IN_FOLDER(test_leftovers_are_killed),
        cmocka_unit_test(test_signals_are_default),
        cmocka_unit_test(test_session_of_its_own),
        cmocka_unit_test(test_without_pidfd),
        TEST_IN_FOLDER(test_which),
        cmocka_unit_test(test_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
