/* Interrupts, deadlines and cancels from outside of a guest. */
#include "core/control.h"
#include "wasi/wasi.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static uint8_t memory[4096] __attribute__((aligned(8)));

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
    struct control_cell cells[CONTROL_MAX_CELLS];
    size_t count = 0;

    (void)state;
    put32(100, 2);
    put32(104, 200);
    put32(108, 1);
    put32(112, 4092);
    put32(116, 7);
    assert_true(control_read_cells(memory, sizeof memory, 100, cells, &count));
    assert_int_equal(count, 2);
    assert_int_equal(cells[1].address, 4092);
    assert_int_equal(cells[1].bits, 7);
    put32(112, 4096);
    assert_false(control_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(112, 4093);
    assert_false(control_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(112, 202);
    assert_false(control_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(112, 0xfffffffc);
    assert_false(control_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(100, 0);
    assert_false(control_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(100, 17);
    assert_false(control_read_cells(memory, sizeof memory, 100, cells, &count));
    put32(100, 0xffffffff);
    assert_false(control_read_cells(memory, sizeof memory, 100, cells, &count));
    assert_false(control_read_cells(memory, sizeof memory, 4093, cells, &count));
    assert_false(control_read_cells(memory, sizeof memory, 0xffffffff, cells, &count));
    assert_false(control_read_cells(memory, 3, 0, cells, &count));
    put32(4092, 1);
    assert_false(control_read_cells(memory, sizeof memory, 4092, cells, &count));
}

static struct control control;
static atomic_uint ends; /* how often the guest was asked to end */

static void on_end(void *arg, const void *context)
{
    (void)arg;
    (void)context;
    atomic_fetch_add(&ends, 1);
}

static void start_with(uint64_t deadline_ms)
{
    const struct control_cell cells[] = {{200, 1}, {300, 0x01020304}};

    memset(memory, 0, sizeof memory);
    control_init(&control);
    assert_int_equal(control_begin(&control, &(struct limits){.deadline_ms = deadline_ms}, on_end, NULL), 0);
    control_listen(&control, memory, cells, 2);
}

static void start(void)
{
    start_with(0);
}

static void test_store(void **state)
{
    (void)state;
    control_init(&control);
    assert_int_equal(control_interrupt(&control), CONTROL_NONE); /* nothing runs */
    start();
    assert_false(control_interrupted(&control));
    assert_int_equal(control_interrupt(&control), CONTROL_GIVEN);
    assert_int_equal(get32(200), 1);
    assert_int_equal(get32(300), 0x01020304);
    assert_true(control_interrupted(&control));
    assert_false(control_interrupted(&control)); /* a wait ends only once */
    assert_int_equal(control_interrupt(&control), CONTROL_GIVEN);
    put32(200, 0); /* the guest has noticed it */
    assert_false(control_interrupted(&control));
    assert_int_equal(control_interrupt(&control), CONTROL_GIVEN);
    assert_int_equal(control_interrupt(&control), CONTROL_GIVEN);
    assert_int_equal(control_end(&control), 4);
    assert_int_equal(control_interrupt(&control), CONTROL_NONE);
    assert_int_equal(ends, 0);
}

/* A guest that does not check for a second. */
static void test_stuck(void **state)
{
    const struct timespec second = {.tv_sec = 1, .tv_nsec = 50000000};

    (void)state;
    start();
    assert_int_equal(control_interrupt(&control), CONTROL_GIVEN);
    assert_int_equal(control_interrupt(&control), CONTROL_GIVEN);
    nanosleep(&second, NULL);
    assert_int_equal(control_interrupt(&control), CONTROL_STUCK);
    put32(200, 0);
    assert_int_equal(control_interrupt(&control), CONTROL_GIVEN);
    control_end(&control);
}

/* A guest that cannot be interrupted. */
static void test_no_cells(void **state)
{
    (void)state;
    control_init(&control);
    assert_int_equal(control_begin(&control, &(struct limits){0}, on_end, NULL), 0);
    assert_int_equal(control_interrupt(&control), CONTROL_NONE);
    assert_int_equal(control_end(&control), 0);
}

static pthread_t guest_thread;

static void *interrupt_later(void *arg)
{
    const struct timespec wait = {.tv_nsec = 50000000};

    (void)arg;
    nanosleep(&wait, NULL);
    control_interrupt(&control); /* on this thread: it must reach the guest's thread */
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
    assert_int_equal(control_end(&control), 1);
}

static struct guest_memory guest(void *arg)
{
    (void)arg;
    return (struct guest_memory){memory, sizeof memory};
}

static struct guest_memory big;

static struct guest_memory big_guest(void *arg)
{
    (void)arg;
    return big;
}

static struct wasi w = {.memory = guest,
                        .wait = control_wait,
                        .interrupted = control_interrupted,
                        .wait_arg = &control,
                        .output_left = UINT64_MAX};
static int idle; /* the guest can read from descriptor 0 what is written here */

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
    /* An interrupt that comes just before the wait also ends it. */
    start();
    control_interrupt(&control);
    assert_int_equal(call_read(), WASI_EINTR);
    assert_int_equal(control_end(&control), 1);
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

/* Other signals do not end a wait. */
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
    control_end(&control);
    end_idle();
}

/* ---- the thread that is signalled ---- */

static atomic_bool watching, joined, signalled_late;
static int to_guest; /* writing here ends the guest */

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

/* Replaces libc's function for everything that is linked here. */
long syscall(long call, ...)
{
    long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall"), v[6];
    va_list args;

    va_start(args, call);
    for (int i = 0; i < 6; i++)
        v[i] = va_arg(args, long);
    va_end(args);
    if (call == SYS_rt_tgsigqueueinfo)
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

    start();
    if (write(pipes[1], "s", 1) != 1 || read(pipes[2], &c, 1) != 1)
        abort();
    control_end(&control);
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
    char c;

    (void)state;
    assert_int_equal(pipe(to) | pipe(from), 0);
    memcpy(pipes, from, sizeof from);
    memcpy(pipes + 2, to, sizeof to);
    assert_int_equal(pthread_create(&guest, NULL, start_and_end, pipes), 0);
    assert_int_equal(read(from[0], &c, 1), 1);
    assert_int_equal(pthread_create(&joiner, NULL, join, &guest), 0);
    /* The guest ends while a handler works for it here. */
    to_guest = to[1];
    atomic_store(&watching, true);
    control_interrupt(&control);
    assert_false(atomic_load(&watching));
    pthread_join(joiner, NULL);
    assert_false(atomic_load(&signalled_late));
    for (int i = 0; i < 2; i++) {
        close(to[i]);
        close(from[i]);
    }
}

/* ---- deadlines and cancels ---- */

static void test_a_deadline_ends_a_wait(void **state)
{
    (void)state;
    make_idle();
    start_with(30);
    assert_int_equal(call_read(), WASI_EINTR);
    assert_int_equal(control_ending(&control), CONTROL_DEADLINE);
    /* All later waits end, too. */
    assert_int_equal(call_sleep(), WASI_EINTR);
    assert_true(atomic_load(&ends) > 0);
    control_end(&control);
    /* The next run with the same control starts fresh. */
    assert_int_equal(control_begin(&control, &(struct limits){0}, on_end, NULL), 0);
    assert_int_equal(control_ending(&control), CONTROL_GOES_ON);
    control_end(&control);
    end_idle();
}

/* 4 GiB of random numbers take longer than that. */
static void test_a_deadline_ends_long_work(void **state)
{
    size_t size = (size_t)1 << 32;
    uint8_t *large = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    (void)state;
    assert_true(large != MAP_FAILED);
    big = (struct guest_memory){large, size};
    w.memory = big_guest;
    start_with(30);
    assert_int_equal(wasi_random_get(&w, 0, UINT32_MAX), WASI_EINTR);
    control_end(&control);
    w.memory = guest;
    munmap(large, size);
}

static void *cancel_later(void *arg)
{
    const struct timespec wait = {.tv_nsec = 30000000};

    (void)arg;
    nanosleep(&wait, NULL);
    control_cancel(&control);
    return NULL;
}

static void test_cancel(void **state)
{
    pthread_t thread;

    (void)state;
    make_idle();
    start();
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, NULL), 0);
    assert_int_equal(call_read(), WASI_EINTR);
    assert_int_equal(control_ending(&control), CONTROL_CANCELLED);
    pthread_join(thread, NULL);
    /* The guest is asked again until it has ended. */
    atomic_store(&ends, 0);
    while (atomic_load(&ends) < 3)
        sched_yield();
    control_end(&control);
    /* The next run is also cancelled, until the cancel is withdrawn. */
    assert_int_equal(control_begin(&control, &(struct limits){0}, on_end, NULL), 0);
    assert_int_equal(call_read(), WASI_EINTR);
    control_end(&control);
    end_idle();
}

static atomic_int others;

static void on_other(int number)
{
    (void)number;
    atomic_fetch_add(&others, 1);
}

/* Other code also uses the signal. */
static void test_the_signal_of_others(void **state)
{
    (void)state;
    start();
    raise(CONTROL_SIGNAL);
    assert_int_equal(others, 1);
    control_end(&control);
    raise(CONTROL_SIGNAL);
    assert_int_equal(others, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_cells),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_stuck),
        cmocka_unit_test(test_no_cells),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_other_signal),
        cmocka_unit_test(test_a_thread_that_has_ended_is_not_signalled),
        cmocka_unit_test(test_a_deadline_ends_a_wait),
        cmocka_unit_test(test_a_deadline_ends_long_work),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_the_signal_of_others),
    };

    signal(CONTROL_SIGNAL, on_other); /* before the first run installs its own handler */
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
