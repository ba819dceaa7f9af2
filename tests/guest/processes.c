/* Processes of a module (guest/processes.h), as a program that starts itself: `processes good` prints "good"; the other
 * words are what tests/e2e/guest.sh looks at from outside, or what a process is started for. */
#include "../../guest/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXPECT(what)                                                                                                   \
    do {                                                                                                               \
        if (!(what)) {                                                                                                 \
            fprintf(stderr, "line %d: %s (errno %d)\n", __LINE__, #what, errno);                                       \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* libc does not declare it, and signals only for programs that link its emulation. */
int pipe(int fds[2]);
enum { SIGABRT = 6, SIGKILL = 9, SIGTERM = 15, SIGCHLD = 17 };

static char *no_variables[] = {NULL};

static pid_t start_with(const struct process_fd *fds, size_t n, char **argv)
{
    const struct process_wish wish = {.argv = argv, .envp = no_variables, .fds = fds, .fds_n = n, .umask = -1};

    return processes_start(&wish);
}

static pid_t start(char *what, char *more)
{
    char *argv[] = {"me", what, more, NULL};

    return start_with(NULL, 0, argv);
}

/* Its status. */
static int run(char *what, char *more)
{
    const pid_t pid = start(what, more);
    int status = -1;

    EXPECT(pid > 0);
    EXPECT(processes_wait(pid, &status, false) == pid);
    return status;
}

static void nap(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* ---- what processes are started for ---- */

static int child_looks(char *what)
{
    struct stat st;
    char text[32] = "", cwd[64] = "";

    EXPECT(processes_parent() == 42 && processes_self() > 42);
    EXPECT(getenv("GIVEN") && !strcmp(getenv("GIVEN"), "yes") && !getenv("NOT_GIVEN"));
    EXPECT(getcwd(cwd, sizeof cwd) && !strcmp(cwd, "/tmp/here"));
    EXPECT(!strcmp(what, "with \x01 \xff and spaces "));
    EXPECT(stat("/tmp/here/file", &st) == 0 && st.st_size == 5);
    EXPECT(readlink("/tmp/here/link", text, sizeof text) == 4 && !memcmp(text, "file", 4));
    EXPECT(stat("/tmp/here/deep/er", &st) == 0 && S_ISDIR(st.st_mode));
    /* Standard input is /dev/null, output is closed, the pipe is 77, and 3 to 76 are closed. */
    EXPECT(read(0, text, 1) == 0);
    EXPECT(write(1, "x", 1) < 0 && errno == EBADF);
    for (int i = 3; i < 77; i++)
        EXPECT(fcntl(i, F_GETFL) < 0 && errno == EBADF);
    EXPECT(write(77, "through", 7) == 7);
    EXPECT(close(77) == 0 && close(77) < 0);
    return 9;
}

static void test_what_a_child_gets(void)
{
    char *argv[] = {"me", "looks", "with \x01 \xff and spaces ", NULL}, *envp[] = {"GIVEN=yes", NULL}, text[16];
    int ends[2], null = open("/dev/null", O_RDWR), file, status;
    struct process_fd fds[] = {{0, null}, {1, -1}, {77, -1}};
    struct process_wish wish = {.argv = argv, .envp = envp, .cwd = "here", .fds = fds, .fds_n = 3, .umask = 077};
    pid_t pid;

    EXPECT(null >= 0 && mkdir("/tmp/here", 0755) == 0 && mkdir("/tmp/here/deep", 0755) == 0 &&
           mkdir("/tmp/here/deep/er", 0700) == 0 && symlink("file", "/tmp/here/link") == 0);
    file = open("/tmp/here/file", O_CREAT | O_WRONLY, 0644);
    EXPECT(file >= 0 && write(file, "12345", 5) == 5 && chdir("/tmp") == 0);
    EXPECT(pipe(ends) == 0);
    fds[2].from = ends[1];
    pid = processes_start(&wish);
    EXPECT(pid > 42);
    close(ends[1]);
    EXPECT(read(ends[0], text, sizeof text) == 7 && !memcmp(text, "through", 7));
    EXPECT(read(ends[0], text, sizeof text) == 0);
    EXPECT(processes_wait(pid, &status, false) == pid && status == 9 << 8);
    /* A file in memory is this process's. */
    fds[1].from = file;
    EXPECT(processes_start(&wish) < 0 && errno == ENOTSUP);
    fds[1].from = 1000;
    fds[1].number = 5;
    EXPECT(processes_start(&wish) < 0 && errno == EBADF);
    close(ends[0]);
    close(file);
    close(null);
}

static void test_ends(void)
{
    int status;
    pid_t pid, other;

    EXPECT(run("exit", "0") == 0 && run("exit", "255") == 255 << 8);
    EXPECT(run("trap", NULL) == SIGABRT);
    EXPECT(run("kills", NULL) == SIGTERM);
    pid = start("sleeps", NULL);
    EXPECT(processes_wait(pid, &status, true) == 0);
    EXPECT(processes_signal(pid, 0) == 0 && processes_signal(pid, SIGKILL) == 0);
    EXPECT(processes_wait(pid, &status, false) == pid && status == SIGKILL);
    EXPECT(processes_signal(pid, 0) < 0 && errno == ESRCH);
    EXPECT(processes_wait(pid, &status, false) < 0 && errno == ECHILD);
    EXPECT(processes_wait(-1, &status, false) < 0 && errno == ECHILD);
    /* Any of two. */
    pid = start("exit", "1");
    other = start("exit", "2");
    EXPECT(processes_wait(-1, &status, false) > 0 && processes_wait(-1, &status, false) > 0);
    EXPECT(pid != other && processes_wait(-1, &status, false) < 0);
    /* Of others, and of nobody. */
    for (pid = 1; pid < 42; pid++)
        EXPECT(processes_signal(pid, SIGKILL) < 0 && errno == ESRCH);
    EXPECT(run("foreign", NULL) == 0);
}

static int child_foreign(void)
{
    for (pid_t pid = 1; pid < 4000; pid++)
        if (pid != processes_self())
            EXPECT(processes_signal(pid, SIGKILL) < 0 && errno == (pid == processes_parent() ? EPERM : ESRCH));
    /* To the parent, only what programs send each other. */
    EXPECT(processes_signal(processes_parent(), 0) == 0 && processes_signal(processes_parent(), SIGCHLD) == 0);
    EXPECT(processes_signal(processes_parent(), SIGABRT) < 0 && errno == EPERM);
    return 0;
}

static void test_semaphores(void)
{
    const int fd = processes_semaphore(2);
    uint64_t n;
    int status;
    struct process_fd pass = {fd, fd};
    char text[16], *argv[] = {"me", "gives", text, NULL};
    struct pollfd one = {.fd = fd, .events = POLLIN};
    pid_t pid;

    EXPECT(fd >= 0 && processes_count(fd) == 2);
    EXPECT(read(fd, &n, 8) == 8 && n == 1 && read(fd, &n, 8) == 8 && read(fd, &n, 8) < 0 && errno == EAGAIN);
    snprintf(text, sizeof text, "%d", fd);
    pid = start_with(&pass, 1, argv);
    EXPECT(poll(&one, 1, 10000) == 1 && read(fd, &n, 8) == 8);
    EXPECT(processes_wait(pid, &status, false) == pid && status == 0 && processes_count(fd) == 0);
    EXPECT(processes_count(0) < 0);
    close(fd);
}

static int child_gives(int fd)
{
    const uint64_t one = 1;

    EXPECT(write(fd, &one, 8) == 8);
    return 0;
}

static void test_limits(void)
{
    pid_t pids[8];
    int status;

    for (int i = 0; i < 8; i++)
        EXPECT((pids[i] = start("sleeps", NULL)) > 0);
    EXPECT(start("exit", "0") < 0 && errno == EAGAIN);
    EXPECT(processes_signal(pids[3], SIGKILL) == 0 && processes_wait(pids[3], &status, false) == pids[3]);
    EXPECT((pids[3] = start("sleeps", NULL)) > 0);
    for (int i = 0; i < 8; i++)
        EXPECT(processes_signal(pids[i], SIGKILL) == 0 && processes_wait(pids[i], &status, false) == pids[i]);
    /* A process that starts others and ends leaves none. */
    EXPECT(run("parent", NULL) == 0);
    for (int i = 0; i < 8; i++)
        EXPECT((pids[i] = start("exit", "3")) > 0);
    for (int i = 0; i < 8; i++)
        EXPECT(processes_wait(pids[i], &status, false) == pids[i] && status == 3 << 8);
}

static void test_much(void)
{
    enum { SIZE = 4 << 20 };
    char *large = malloc(SIZE + 1);
    int ends[2];
    char *many[] = {"me", "many", large, NULL};
    pid_t pid;
    int status;

    memset(large, 'x', SIZE);
    large[SIZE] = '\0';
    EXPECT((pid = start_with(NULL, 0, many)) > 0);
    EXPECT(processes_wait(pid, &status, false) == pid && status == 0);
    free(large);
    /* Descriptors do not become more. */
    for (int i = 0; i < 300; i++) {
        EXPECT(pipe(ends) == 0);
        EXPECT(close(ends[0]) == 0);
        EXPECT(write(ends[1], "x", 1) < 0 && errno == EPIPE);
        EXPECT(close(ends[1]) == 0);
    }
    for (int i = 0; i < 40; i++)
        EXPECT(run("exit", "0") == 0);
    EXPECT(pipe(ends) == 0 && ends[1] < 40);
    close(ends[0]);
    close(ends[1]);
}

/* ---- for the test outside ---- */

/* Each process starts as many as it can, and writes a letter: there are never more than the limit. */
static int bomb(const char *fd_text)
{
    const int fd = atoi(fd_text);
    struct process_fd pass = {fd, fd};
    char *argv[] = {"me", "bomb", (char *)fd_text, NULL};

    EXPECT(write(fd, "x", 1) == 1);
    for (int i = 0; i < 2000; i++)
        if (start_with(&pass, 1, argv) < 0)
            EXPECT(errno == EAGAIN || errno == ENOMEM);
    nap(100000);
    return 0;
}

static int start_bomb(void)
{
    char text[16], letters[64];
    int ends[2];
    ssize_t n;

    EXPECT(pipe(ends) == 0);
    snprintf(text, sizeof text, "%d", ends[1]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    {
        struct process_fd pass = {ends[1], ends[1]};
        char *argv[] = {"me", "bomb", text, NULL};

        EXPECT(start_with(&pass, 1, argv) > 0);
    }
    nap(3000);
    n = read(ends[0], letters, sizeof letters);
    printf("%zd processes\n", n);
    return 0;
}

/* Takes what it can get, in parts of 1 MiB: how many. */
static uint32_t take_all(void)
{
    static void *volatile last; /* so that it is really asked for */
    uint32_t got = 0;

    while ((last = malloc(1 << 20)))
        got++;
    return got;
}

static int hoard(int fd)
{
    const uint32_t got = take_all();

    EXPECT(write(fd, &got, sizeof got) == sizeof got);
    nap(100000);
    return 0;
}

static int start_hoards(int n)
{
    char text[16];
    int ends[2];
    uint32_t got, sum = 0;

    EXPECT(pipe(ends) == 0);
    snprintf(text, sizeof text, "%d", ends[1]);
    for (int i = 0; i < n; i++) {
        struct process_fd pass = {ends[1], ends[1]};
        char *argv[] = {"me", "hoard", text, NULL};

        if (start_with(&pass, 1, argv) < 0) {
            EXPECT(errno == ENOMEM);
            break;
        }
        EXPECT(read(ends[0], &got, sizeof got) == sizeof got);
        sum += got;
    }
    sum += take_all();
    printf("%u\n", sum);
    return 0;
}

static int usual(int argc, char **argv)
{
    const char *what = argv[1];

    (void)argc;
    if (!strcmp(what, "good")) {
        EXPECT(processes_exist() && processes_self() == 42 && processes_parent() == 0 && processes_processors() > 0);
        test_what_a_child_gets();
        test_ends();
        test_semaphores();
        test_limits();
        test_much();
        puts("good");
        return 0;
    }
    if (!strcmp(what, "none")) {
        EXPECT(!processes_exist() && start("exit", "0") < 0 && errno == ENOTSUP);
        EXPECT(processes_self() == 42 && processes_wait(-1, NULL, false) < 0 && errno == ECHILD);
        return 0;
    }
    if (!strcmp(what, "start-bomb"))
        return start_bomb();
    if (!strcmp(what, "start-hoards"))
        return start_hoards(atoi(argv[2]));
    if (!strcmp(what, "leaves")) { /* and waits to be killed, or not */
        for (int i = 0; i < 3; i++)
            EXPECT(start("chain", "3") > 0);
        nap(argv[2] ? 100000 : 500);
        return 0;
    }
    if (!strcmp(what, "starts-spinning")) {
        EXPECT(start("spin", NULL) > 0 && start("spin", NULL) > 0);
        for (;;)
            ;
    }
    if (!strcmp(what, "spawns")) { /* one after the other */
        const int n = atoi(argv[2]);
        int ends[2];

        for (int i = 0; i < n; i++)
            EXPECT(run("exit", "0") == 0);
        EXPECT(pipe(ends) == 0 && ends[1] < 40);
        printf("%d processes\n", n);
        return 0;
    }
    if (!strcmp(what, "clogs")) { /* a process writes to a pipe that nobody reads; it and this one wait */
        int ends[2];

        EXPECT(pipe(ends) == 0 && ends[1] < 40);
        {
            struct process_fd pass = {ends[1], ends[1]};
            char text[16], *arguments[] = {"me", "fills", text, NULL};

            snprintf(text, sizeof text, "%d", ends[1]);
            EXPECT(start_with(&pass, 1, arguments) > 0);
        }
        if (argv[2]) { /* this one ends */
            nap(300);
            return 3;
        }
        return processes_wait(-1, NULL, false) > 0 ? 5 : 6;
    }
    if (!strcmp(what, "waits-for-each-other")) { /* for its parent, which waits for it */
        int ends[2];

        EXPECT(pipe(ends) == 0);
        {
            struct process_fd pass[] = {{ends[0], ends[0]}, {ends[1], ends[1]}};
            char text[16], *arguments[] = {"me", "reads", text, NULL};

            snprintf(text, sizeof text, "%d", ends[0]);
            EXPECT(start_with(pass, 2, arguments) > 0);
        }
        return processes_wait(-1, NULL, false) > 0 ? 5 : 6;
    }
    if (!strcmp(what, "starts-output")) {
        EXPECT(start("output", NULL) > 0 && start("output", NULL) > 0);
        return processes_wait(-1, NULL, false) > 0 && processes_wait(-1, NULL, false) > 0 ? 5 : 6;
    }
    return -1;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    const int r = usual(argc, argv);

    if (r >= 0)
        return r;
    if (!strcmp(what, "looks"))
        return child_looks(argv[2]);
    if (!strcmp(what, "exit"))
        return atoi(argv[2]);
    if (!strcmp(what, "trap"))
        __builtin_trap();
    if (!strcmp(what, "kills"))
        return processes_signal(processes_self(), SIGTERM);
    if (!strcmp(what, "sleeps"))
        nap(100000);
    if (!strcmp(what, "foreign"))
        return child_foreign();
    if (!strcmp(what, "gives"))
        return child_gives(atoi(argv[2]));
    if (!strcmp(what, "parent"))
        return start("sleeps", NULL) > 0 && start("sleeps", NULL) > 0 ? 0 : 1;
    if (!strcmp(what, "many"))
        return strlen(argv[2]) != 4 << 20;
    if (!strcmp(what, "bomb"))
        return bomb(argv[2]);
    if (!strcmp(what, "hoard"))
        return hoard(atoi(argv[2]));
    if (!strcmp(what, "chain")) {
        char next[2] = {(char)(argv[2][0] - 1), '\0'};

        if (next[0] > '0')
            (void)start("chain", next); /* there may be too many */
        nap(100000);
    }
    if (!strcmp(what, "reads")) {
        char byte;

        return read(atoi(argv[2]), &byte, 1) < 0;
    }
    while (!strcmp(what, "fills"))
        EXPECT(write(atoi(argv[2]), what, 5) == 5);
    while (!strcmp(what, "spin"))
        ;
    while (!strcmp(what, "output"))
        if (write(1, "xxxxxxxxxxxxxxxx", 16) < 0)
            return 1;
    return 2;
}
