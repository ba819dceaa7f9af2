/* SIGINT into a guest's memory. */
#include "interrupt.h"
#include "wasi/wasi.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static uint8_t memory[4096] __attribute__((aligned(8)));
static struct err err;

static void put32(uint32_t at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        memory[at + (uint32_t)i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get32(uint32_t at)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++)
        v |= (uint32_t)memory[at + (uint32_t)i] << 8 * i;
    return v;
}

static void test_read_cells(void **state)
{
    struct interrupt_cell cells[INTERRUPT_MAX_CELLS];
    size_t count = 0;

    (void)state;
    put32(100, 2);
    put32(104, 200);
    put32(108, 1);
    put32(112, 4092);
    put32(116, 7);
    assert_true(interrupt_read_cells(memory, sizeof memory, 100, cells, &count));
    assert_int_equal(count, 2);
    assert_int_equal(cells[1].address, 4092);
    assert_int_equal(cells[1].bits, 7);
    put32(112, 4096);
    assert_false(interrupt_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(112, 4093);
    assert_false(interrupt_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(112, 202);
    assert_false(interrupt_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(112, 0xfffffffc);
    assert_false(interrupt_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(100, 0);
    assert_false(interrupt_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(100, 17);
    assert_false(interrupt_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(100, 0xffffffff);
    assert_false(interrupt_read_cells(memory, sizeof memory, 100, cells, &count));
    assert_false(interrupt_read_cells(memory, sizeof memory, 4093, cells, &count));
    assert_false(interrupt_read_cells(memory, sizeof memory, 0xffffffff, cells, &count));
    assert_false(interrupt_read_cells(memory, 3, 0, cells, &count));
    put32(4092, 1);
    assert_false(interrupt_read_cells(memory, sizeof memory, 4092, cells, &count));
}

static void start(void)
{
    const struct interrupt_cell cells[] = {{200, 1}, {300, 0x01020304}};

    memset(memory, 0, sizeof memory);
    assert_int_equal(interrupt_start(memory, cells, 2, &err), 0);
}

static void test_store(void **state)
{
    (void)state;
    start();
    assert_false(interrupt_take());
    raise(SIGINT);
    assert_int_equal(get32(200), 1);
    assert_int_equal(get32(300), 0x01020304);
    assert_true(interrupt_take());
    assert_false(interrupt_take()); /* a wait is ended once */
    raise(SIGINT);
    put32(200, 0); /* the guest has noticed by itself */
    assert_false(interrupt_take());
    raise(SIGINT);
    raise(SIGINT);
    assert_int_equal(interrupt_stop(), 4);
    assert_int_equal(interrupt_stop(), 0);
}

static void test_one_at_a_time(void **state)
{
    const struct interrupt_cell cell = {0, 1};

    (void)state;
    start();
    assert_int_equal(interrupt_start(memory, &cell, 1, &err), -ERR_SETUP);
    interrupt_stop();
    signal(SIGINT, SIG_IGN); /* as a shell does for what runs in the background */
    assert_int_equal(interrupt_start(memory, &cell, 1, &err), 0);
    raise(SIGINT);
    assert_int_equal(get32(0), 0);
    assert_int_equal(interrupt_stop(), 0);
    signal(SIGINT, SIG_DFL);
}

static pthread_t guest_thread;

static void *interrupt_later(void *arg)
{
    const struct timespec wait = {.tv_nsec = 50000000};

    (void)arg;
    nanosleep(&wait, NULL);
    raise(SIGINT); /* on this thread: it has to find its way to the guest's */
    return NULL;
}

static void wait_until_interrupted(uint32_t (*call)(void))
{
    pthread_t thread;

    start();
    guest_thread = pthread_self();
    assert_int_equal(pthread_create(&thread, NULL, interrupt_later, NULL), 0);
    assert_int_equal(call(), WASI_EINTR);
    pthread_join(thread, NULL);
    assert_int_equal(get32(200), 1);
    assert_int_equal(interrupt_stop(), 1);
}

static struct guest_memory guest(void *arg)
{
    (void)arg;
    return (struct guest_memory){memory, sizeof memory};
}

static wasi w = {.memory = guest, .wait = interrupt_poll, .interrupted = interrupt_take, .output_left = UINT64_MAX};
static int idle; /* what is written there, the guest can read from 0 */

static void make_idle(void)
{
    int p[2];

    assert_int_equal(pipe(p), 0);
    assert_int_equal(wasi_give(&w, p[0], NULL, false, true), 0);
    idle = p[1];
}

static void end_idle(void)
{
    wasi_free(&w);
    close(idle);
}

static uint32_t call_read(void)
{
    put32(1000, 2000);
    put32(1004, 10);
    return wasi_fd_read(&w, 0, 1000, 1, 1100);
}

static uint32_t call_sleep(void)
{
    memset(memory + 1000, 0, 48);
    put32(1016, 1);
    put32(1028, 100); /* 430 seconds */
    return wasi_poll_oneoff(&w, 1000, 2000, 1, 1100);
}

static void test_waits(void **state)
{
    (void)state;
    make_idle();
    wait_until_interrupted(call_read);
    wait_until_interrupted(call_sleep);
    /* One that came just before the wait ends it too. */
    start();
    raise(SIGINT);
    assert_int_equal(call_read(), WASI_EINTR);
    assert_int_equal(interrupt_stop(), 1);
    end_idle();
}

static void on_winch(int sig)
{
    (void)sig;
}

static void *winch_then_write(void *arg)
{
    const struct timespec wait = {.tv_nsec = 50000000};

    nanosleep(&wait, NULL);
    pthread_kill(guest_thread, SIGWINCH);
    nanosleep(&wait, NULL);
    return write(*(int *)arg, "x", 1) == 1 ? NULL : arg;
}

/* Other signals end no wait. */
static void test_other_signal(void **state)
{
    struct sigaction sa = {.sa_handler = on_winch};
    pthread_t thread;

    (void)state;
    make_idle();
    sigaction(SIGWINCH, &sa, NULL);
    start();
    guest_thread = pthread_self();
    assert_int_equal(pthread_create(&thread, NULL, winch_then_write, &idle), 0);
    assert_int_equal(call_read(), WASI_SUCCESS);
    assert_int_equal(get32(1100), 1);
    pthread_join(thread, NULL);
    interrupt_stop();
    end_idle();
}

/* ---- the thread that is signalled ---- */

static atomic_bool watching, joined, signalled_late;
static int to_guest; /* what is written there ends the guest */

/* Whether a run's thread can end, and be joined, while a handler on another thread is about to signal it. */
static void wait_for_the_end(void)
{
    const struct timespec tick = {.tv_nsec = 1000000};

    if (!atomic_exchange(&watching, false))
        return;
    if (write(to_guest, "e", 1) != 1)
        abort();
    for (int i = 0; i < 300 && !atomic_load(&joined); i++)
        nanosleep(&tick, NULL);
    if (atomic_load(&joined))
        atomic_store(&signalled_late, true);
}

/* In place of libc's, for all that is linked here: either would do. */
long syscall(long call, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall"), v[6];
    va_list args;

    va_start(args, call);
    for (int i = 0; i < 6; i++)
        v[i] = va_arg(args, long);
    va_end(args);
    if (call == SYS_tgkill)
        wait_for_the_end();
    return real(call, v[0], v[1], v[2], v[3], v[4], v[5]);
}

int pthread_kill(pthread_t thread, int sig)
{
    int (*real)(pthread_t, int) = (int (*)(pthread_t, int))dlsym(RTLD_NEXT, "pthread_kill");

    wait_for_the_end();
    return atomic_load(&signalled_late) ? 0 : real(thread, sig);
}

static void *start_and_end(void *arg)
{
    int *pipes = arg;
    char c;
    sigset_t sigint;

    /* The signal is for the other thread, which has no guest. */
    sigemptyset(&sigint);
    sigaddset(&sigint, SIGINT);
    pthread_sigmask(SIG_BLOCK, &sigint, NULL);
    start();
    if (write(pipes[1], "s", 1) != 1 || read(pipes[2], &c, 1) != 1)
        abort();
    interrupt_stop();
    return NULL;
}

static void *join(void *arg)
{
    pthread_join(*(pthread_t *)arg, NULL);
    atomic_store(&joined, true);
    return NULL;
}

static void test_a_thread_that_has_ended_is_not_signalled(void **state)
{
    int to[2], from[2], pipes[4];
    pthread_t guest, joiner;
    sigset_t sigint;
    char c;

    (void)state;
    sigemptyset(&sigint);
    sigaddset(&sigint, SIGINT);
    assert_int_equal(pipe(to) | pipe(from), 0);
    memcpy(pipes, from, sizeof from);
    memcpy(pipes + 2, to, sizeof to);
    assert_int_equal(pthread_create(&guest, NULL, start_and_end, pipes), 0);
    assert_int_equal(read(from[0], &c, 1), 1);
    pthread_sigmask(SIG_BLOCK, &sigint, NULL);
    assert_int_equal(pthread_create(&joiner, NULL, join, &guest), 0);
    pthread_sigmask(SIG_UNBLOCK, &sigint, NULL);
    /* The guest ends while the handler is at work here. */
    to_guest = to[1];
    atomic_store(&watching, true);
    raise(SIGINT);
    assert_false(atomic_load(&watching));
    pthread_join(joiner, NULL);
    assert_false(atomic_load(&signalled_late));
    for (int i = 0; i < 2; i++) {
        close(to[i]);
        close(from[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_cells),    cmocka_unit_test(test_store),
        cmocka_unit_test(test_one_at_a_time), cmocka_unit_test(test_waits),
        cmocka_unit_test(test_other_signal),  cmocka_unit_test(test_a_thread_that_has_ended_is_not_signalled),
    };

    return cmocka_run_group_tests_name("interrupt", tests, NULL, NULL);
}
