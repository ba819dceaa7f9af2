#include "interrupt.h"

#include "core/err.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* All that the signal handler knows. Written while `on` is false, or by the handler itself. */
static struct {
    atomic_flag taken; /* by a run */
    atomic_bool on;
    atomic_uint inside; /* handlers that are at work, on whatever thread */
    pid_t thread;       /* by the kernel's number: a pthread_t is of no use once it was joined */
    uint8_t *memory;
    struct interrupt_cell cells[INTERRUPT_MAX_CELLS];
    size_t count;
    atomic_uint seen;
    atomic_bool fresh;     /* no waiting call was ended for it yet */
    atomic_llong unheeded; /* when the SIGINT came that the guest has not noticed, in ms; 0: none */
    struct sigaction before;
} block = {.taken = ATOMIC_FLAG_INIT};

static uint32_t load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* WebAssembly is little endian. */
static uint32_t little(uint32_t v)
{
    uint8_t bytes[4];

    memcpy(bytes, &v, 4);
    return load32(bytes);
}

bool interrupt_read_cells(const uint8_t *memory, size_t size, uint32_t address, struct interrupt_cell *cells,
                          size_t *count)
{
    uint32_t n;

    if (size < 4 || address > size - 4)
        return false;
    n = load32(memory + address);
    if (n == 0 || n > INTERRUPT_MAX_CELLS || (size - 4 - address) / 8 < n)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *p = memory + address + 4 + (size_t)8 * i;

        cells[i].address = load32(p);
        cells[i].bits = load32(p + 4);
        if (cells[i].address % 4 != 0 || cells[i].address > size - 4)
            return false;
    }
    *count = n;
    return true;
}

static _Atomic uint32_t *cell(size_t i)
{
    return (_Atomic uint32_t *)(void *)(block.memory + block.cells[i].address);
}

static bool noticed(void)
{
    return (atomic_load(cell(0)) & little(block.cells[0].bits)) == 0;
}

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1; /* never 0 */
}

static void handle(int sig)
{
    long long now = now_ms(), since = atomic_load(&block.unheeded);

    if (!atomic_load(&block.on))
        return;
    /* Any thread may get it, the engine has some of its own; only one of them can be waiting. */
    if (gettid() != block.thread) {
        syscall(SYS_tgkill, getpid(), block.thread, sig); /* not every C library has a function for it */
        return;
    }
    if (since && !noticed() && now - since > 1000) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT); /* takes effect when this handler returns */
        return;
    }
    if (!since || noticed())
        atomic_store(&block.unheeded, now);
    for (size_t i = 0; i < block.count; i++)
        atomic_fetch_or(cell(i), little(block.cells[i].bits));
    atomic_store(&block.fresh, true);
    atomic_fetch_add(&block.seen, 1);
}

static void on_sigint(int sig)
{
    int saved = errno;

    atomic_fetch_add(&block.inside, 1);
    handle(sig);
    atomic_fetch_sub(&block.inside, 1);
    errno = saved;
}

int interrupt_start(uint8_t *memory, const struct interrupt_cell *cells, size_t count, struct err *err)
{
    struct sigaction sa = {.sa_handler = on_sigint}; /* no SA_RESTART: a read must end */

    if (atomic_flag_test_and_set(&block.taken))
        return err_set(err, ERR_SETUP, "cannot run two programs with interrupts at once");
    sigaction(SIGINT, NULL, &block.before);
    if (block.before.sa_handler == SIG_IGN && !(block.before.sa_flags & SA_SIGINFO)) {
        atomic_flag_clear(&block.taken);
        return 0; /* started in the background by a shell, or with nohup: it stays ignored */
    }
    block.thread = gettid();
    block.memory = memory;
    memcpy(block.cells, cells, count * sizeof *cells);
    block.count = count;
    atomic_store(&block.seen, 0);
    atomic_store(&block.fresh, false);
    atomic_store(&block.unheeded, 0);
    sigemptyset(&sa.sa_mask);
    atomic_store(&block.on, true);
    sigaction(SIGINT, &sa, NULL);
    return 0;
}

unsigned interrupt_stop(void)
{
    unsigned seen;

    if (!atomic_load(&block.on))
        return 0;
    atomic_store(&block.on, false);
    sigaction(SIGINT, &block.before, NULL);
    /* A handler on another thread may still mean this one, whose thread is to end and whose memory goes. */
    while (atomic_load(&block.inside))
        sched_yield();
    seen = atomic_load(&block.seen);
    atomic_flag_clear(&block.taken);
    return seen;
}

void interrupt_die(void)
{
    sigset_t sigint;

    signal(SIGINT, SIG_DFL);
    sigemptyset(&sigint);
    sigaddset(&sigint, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &sigint, NULL);
    raise(SIGINT);
}

bool interrupt_take(void)
{
    return atomic_load(&block.on) && atomic_exchange(&block.fresh, false) && !noticed();
}

int interrupt_poll(struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    sigset_t sigint, mask;
    int r = -1, e = EINTR;

    sigemptyset(&sigint);
    sigaddset(&sigint, SIGINT);
    pthread_sigmask(SIG_BLOCK, &sigint, &mask);
    if (!interrupt_take()) {
        r = ppoll(fds, n, time, &mask);
        e = errno;
        if (r < 0 && e == EINTR && !interrupt_take())
            r = 0; /* another signal: a window that changed its size, a job that was stopped and goes on */
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    errno = e;
    return r;
}
