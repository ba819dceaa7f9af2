/* guest-signals PROGRAM OTHER: runs guests in a process that has its own handlers, like a JVM or a Go program, and
 * prints how they ended. The number of its arguments tells a guest what to do: 1 exits with 7, 2 uses memory out of
 * bounds, 3 calls too deep, 4 never ends. OTHER is a second file of the same guests. */
#include "guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT = 1, BOUNDS, DEEP, ENDLESS };

static struct wlpy_program *run, *other;
static sigjmp_buf back;
static volatile int handled, masked_usr1, masked_itself;
static char *page;
static long page_size;

static int guest_of(struct wlpy_program *of, size_t what)
{
    const struct guest_options o = {.argc = what, .deadline_ms = what == ENDLESS ? 50 : 0};

    return guest_run(of, &o).status;
}

/* Each kind of guest must end in its way. */
static void guests(const char *when)
{
    printf("%s: %d", when, guest_of(run, EXIT));
    for (size_t what = BOUNDS; what <= ENDLESS; what++)
        printf(" %d", guest_of(run, what));
    printf("\n");
    fflush(stdout);
}

static void note_mask(int number)
{
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    masked_usr1 = sigismember(&mask, SIGUSR1);
    masked_itself = sigismember(&mask, number);
    handled++;
}

static void jump(int number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    note_mask(number);
    siglongjmp(back, 1);
}

/* As a garbage collector does it: the instruction then runs again. */
static void allow(int number, siginfo_t *info, void *context)
{
    (void)context;
    note_mask(number);
    if (info->si_addr != page || mprotect(page, (size_t)page_size, PROT_READ | PROT_WRITE) < 0)
        _exit(99);
}

static void count(int number)
{
    note_mask(number);
}

static void handle(int number, int flags, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction a = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

    sigaddset(&a.sa_mask, SIGUSR1);
    sigaction(number, &a, NULL);
}

static void told(const char *what)
{
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    printf("%s: handled %d, SIGUSR1 %s, itself %s, afterwards %s\n", what, handled, masked_usr1 ? "blocked" : "open",
           masked_itself ? "blocked" : "open", sigismember(&mask, SIGUSR1) ? "blocked" : "open");
    fflush(stdout);
    handled = 0;
}

static void fault(void)
{
    *(volatile int *)8 = 1;
}

/* An access beyond the end of a file. */
static void bus_error(void)
{
    int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    volatile char *at = mmap(NULL, (size_t)page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    close(fd);
    *at = 1;
}

static void recovering(void (*what)(void), const char *name)
{
    if (sigsetjmp(back, 1) == 0)
        what();
    told(name);
}

/* Handlers that recover, guests, faults of the process, guests, and so on. */
static void jumps(int flags)
{
    handle(SIGSEGV, flags, jump);
    handle(SIGBUS, flags, jump);
    guests("first");
    for (int i = 0; i < 2; i++) {
        recovering(fault, "SIGSEGV");
        guests("then");
        recovering(bus_error, "SIGBUS");
        guests("then");
    }
}

static void mode_jump(void)
{
    jumps(0);
}

static void mode_nodefer(void)
{
    jumps(SA_NODEFER);
}

static void mode_return(void)
{
    handle(SIGSEGV, 0, allow);
    guests("first");
    for (int i = 0; i < 2; i++) {
        if (mprotect(page, (size_t)page_size, PROT_NONE) < 0)
            _exit(99);
        *(volatile char *)page = 1;
        told("SIGSEGV");
        guests("then");
    }
}

/* The second time there is no handler any more: the process ends by the signal. */
static void mode_once(void)
{
    handle(SIGSEGV, SA_RESETHAND, jump);
    guests("first");
    recovering(fault, "SIGSEGV");
    guests("then");
    recovering(fault, "not reached");
}

static void mode_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    guests("first");
    raise(SIGSEGV);
    guests("after one that was sent and is ignored");
    fault();
}

static void mode_sent(void)
{
    guests("first");
    raise(SIGSEGV);
    printf("not reached\n");
}

/* Two programs: guests of both end normally, and so do deadlines. */
static void mode_two(void)
{
    for (int i = 0; i < 6; i++) {
        struct wlpy_program *next = other;

        guests(i % 2 ? "other" : "one");
        other = run;
        run = next;
    }
}

/* A signal of that number that is not a deadline's. */
static void mode_own_realtime(void)
{
    struct sigaction a = {.sa_handler = count};

    sigaddset(&a.sa_mask, SIGUSR1);
    sigaction(SIGRTMAX - 2, &a, NULL);
    guests("first");
    raise(SIGRTMAX - 2);
    told("SIGRTMAX-2");
    guests("then");
}

static void *blocked(void *arg)
{
    guests("all signals blocked");
    return arg;
}

static void mode_blocked(void)
{
    sigset_t all;
    pthread_t t;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    if (pthread_create(&t, NULL, blocked, NULL) != 0)
        _exit(99);
    pthread_join(t, NULL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*go)(void);
    } modes[] = {{"jump", mode_jump}, {"no defer", mode_nodefer},      {"return", mode_return},
                 {"once", mode_once}, {"ignored", mode_ignored},       {"sent", mode_sent},
                 {"two", mode_two},   {"realtime", mode_own_realtime}, {"blocked", mode_blocked}};

    if (argc != 3)
        return 1;
    run = guest_load_with(argv[1], 1 << 20);
    other = guest_load_with(argv[2], 1 << 20);
    if (!run || !other)
        return 1;
    page_size = sysconf(_SC_PAGESIZE);
    page = mmap(NULL, (size_t)page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* Each in its own process. */
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        int status = 0;
        pid_t pid;

        printf("-- %s\n", modes[i].name);
        fflush(stdout);
        pid = fork();
        if (pid == 0) {
            modes[i].go();
            fflush(stdout);
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
            return 1;
        printf("-- %s %d\n", WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return 0;
}
