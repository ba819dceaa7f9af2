/* wall [network]: builds the second wall of wlpy's services around itself, and looks at what it lets through. Prints a
 * line for each thing that is wrong, and ends with 1 if there is one. */
#include "wall.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failures;

static void check_at(int line, bool well, const char *what)
{
    if (well)
        return;
    printf("line %d: %s (%s)\n", line, what, strerror(errno));
    failures++;
}
#define CHECK(it) check_at(__LINE__, it, #it)
#define REFUSED(call) CHECK((call) == -1 && errno == EPERM)

static void *threads(void *landlock)
{
    REFUSED(execl("/bin/true", "true", NULL));
    REFUSED(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    REFUSED(kill(getppid(), 0));
    REFUSED(syscall(SYS_tkill, gettid(), 0));
    REFUSED(syscall(SYS_tgkill, getppid(), getppid(), 0));
    CHECK(syscall(SYS_tgkill, getpid(), gettid(), 0) == 0);
    CHECK(pthread_kill(pthread_self(), 0) == 0);
    REFUSED(unshare(0x10000000));
#ifdef __x86_64__
    /* Calls of x32: getpid, and execve by that number. */
    REFUSED(syscall(0x40000000 + SYS_getpid));
    REFUSED(syscall(0x40000000 + 520, "/bin/true", NULL, NULL));
#endif
    if (landlock) {
        CHECK(open("wall-other", O_RDONLY) == -1 && errno == EACCES);
        CHECK(open("/proc/1/status", O_RDONLY) == -1 && errno == EACCES);
        CHECK(open("wall-file", O_WRONLY | O_CREAT, 0600) == -1 && errno == EACCES);
        CHECK(unlink("wall-other") == -1 && errno == EACCES);
    }
    CHECK(open("/proc/self/status", O_RDONLY) >= 0);
    CHECK(open("/proc/self/pagemap", O_RDONLY) >= 0);
    CHECK(open("/dev/null", O_RDWR) >= 0);
    return NULL;
}

int main(int argc, char **argv)
{
    const bool network = argc > 1 && !strcmp(argv[1], "network");
    const bool landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), other;
    pthread_t thread;

    close(open("wall-other", O_WRONLY | O_CREAT, 0600));
    if (fd < 0 || listen(fd, 1) < 0 || !wall_build(network, NULL)) {
        perror("wall");
        return 2;
    }
    /* Threads inherit it. */
    threads(landlock ? &fd : NULL);
    CHECK(pthread_create(&thread, NULL, threads, landlock ? &fd : NULL) == 0 && pthread_join(thread, NULL) == 0);
    other = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(network ? other >= 0 : other == -1 && errno == EPERM);
    if (network && landlock)
        CHECK(open("/etc/hosts", O_RDONLY) >= 0);
    /* What it had before still works. */
    CHECK(accept4(fd, NULL, NULL, 0) == -1 && errno == EAGAIN);
    return failures ? 1 : 0;
}
