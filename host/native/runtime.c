#include "runtime.h"

#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* An access is at most 2^32-1 + 2^32-1 + 16 bytes from the start: index, offset, width. */
#define RESERVED ((UINT64_C(8) << 30) + (UINT64_C(1) << 20))
enum { STACK_GUARD = 1 << 20, SIGNAL_STACK = 1 << 16, MAX_RANGES = 16 };

/* The handlers get no argument, so what they need to know stands here. Written before the guest starts, or by it. */
static const struct runtime *current;
static uint8_t *stack_guard;
static struct range {
    uint8_t *start;
} ranges[MAX_RANGES];
static size_t ranges_n;

/* From a signal handler too: one write, nothing of stdio. */
static _Noreturn void stop(int status, const char *why)
{
    char text[512];
    size_t n = 0;
    const char *const parts[] = {current ? current->name : "wl", ": the program was stopped: ", why, "\n"};

    for (int i = 0; i < 4; i++)
        for (const char *p = parts[i]; *p && n < sizeof text; p++)
            text[n++] = *p;
    if (write(STDERR_FILENO, text, n) < 0)
        _exit(status);
    _exit(status);
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "%s: cannot %s: %s\n", current->name, what, strerror(errno));
    _exit(RUNTIME_SETUP);
}

/* wasm2c's runtime calls this for every trap that the code itself finds. */
void runtime_trap(wasm_rt_trap_t code);
void runtime_trap(wasm_rt_trap_t code)
{
    stop(RUNTIME_TRAPPED, wasm_rt_strerror(code));
}

/* Only what the guest's own code does is its trap. A fault of the host, also one in the guest's memory, stays a crash.
 */
static void on_fault(int signal_number, siginfo_t *info, void *context)
{
    const uint8_t *at = info->si_addr;

    (void)context;
    if (info->si_code > 0 && stack_guard && at >= stack_guard && at < stack_guard + STACK_GUARD)
        stop(RUNTIME_TRAPPED, "its calls went too deep for its stack");
    for (size_t i = 0; i < ranges_n; i++)
        if (info->si_code > 0 && at >= ranges[i].start && at < ranges[i].start + RESERVED && !current->wasi->at_work)
            stop(RUNTIME_TRAPPED, "it used memory out of its bounds");
    signal(signal_number, SIG_DFL); /* the instruction runs again, and kills */
}

static void on_deadline(int signal_number)
{
    (void)signal_number;
    stop(RUNTIME_DEADLINE, "its --deadline has passed");
}

/* Where the image lies in the program's file, from the table that the loader used. */
static int find_image(struct dl_phdr_info *info, size_t size, void *offset)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        uintptr_t at = (uintptr_t)guest_image - (info->dlpi_addr + h->p_vaddr);

        if (h->p_type == PT_LOAD && at < h->p_filesz) {
            *(off_t *)offset = (off_t)(h->p_offset + at);
            return 1;
        }
    }
    return 0;
}

/* Mapped from the program's own file, a page is only read when it is used, and only copied when it is written to. Where
 * /proc is missing, it is copied. */
static void take_image(uint8_t *memory, uint64_t size)
{
    uint64_t n = (uint64_t)(guest_image_end - guest_image);
    off_t offset = 0;
    void *there = MAP_FAILED;
    int fd;

    if (n == 0)
        return;
    if (guest_image_from > size || n > size - guest_image_from)
        stop(RUNTIME_SETUP, "its data is larger than its memory");
    fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (dl_iterate_phdr(find_image, &offset))
            there = mmap(memory + guest_image_from, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, offset);
        close(fd);
    }
    if (there == MAP_FAILED)
        memcpy(memory + guest_image_from, guest_image, n);
}

/* The memory of wasm-rt, with a limit. */

void wasm_rt_allocate_memory(wasm_rt_memory_t *m, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_size)
{
    if (is64 || page_size != WASM_DEFAULT_PAGE_SIZE)
        stop(RUNTIME_SETUP, "it asks for a memory that is not of 32 bits and 64-KiB pages");
    if (pages > UINT64_C(1) << 16 || pages * page_size > current->memory)
        stop(RUNTIME_SETUP, "it starts with more memory than --max-memory allows");
    if (ranges_n == MAX_RANGES)
        stop(RUNTIME_SETUP, "it has more than 16 memories");
    memset(m, 0, sizeof *m);
    m->data = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->data == MAP_FAILED)
        fail("reserve 8 GiB of address space (is ulimit -v set?)");
    ranges[ranges_n++].start = m->data;
    m->page_size = page_size;
    m->pages = pages;
    m->max_pages = max_pages < UINT64_C(1) << 16 ? max_pages : UINT64_C(1) << 16;
    m->size = pages * page_size;
    m->data_end = m->data + RESERVED;
    if (m->size > 0 && mprotect(m->data, m->size, PROT_READ | PROT_WRITE) < 0)
        fail("get the memory that the program starts with");
    /* It is the guest's own, which the module can have one of. */
    if (ranges_n == 1)
        take_image(m->data, m->size);
}

uint64_t wasm_rt_grow_memory(wasm_rt_memory_t *m, uint64_t delta)
{
    uint64_t before = m->pages, left = m->max_pages - m->pages;

    if (delta == 0)
        return before;
    if (delta > left || (before + delta) * m->page_size > current->memory ||
        mprotect(m->data + m->size, delta * m->page_size, PROT_READ | PROT_WRITE) < 0)
        return UINT32_MAX;
    m->pages += delta;
    m->size = m->pages * m->page_size;
    return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t *m)
{
    munmap(m->data, RESERVED);
}

bool wasm_rt_memory_is_default32(const wasm_rt_memory_t *m)
{
    return m->page_size == WASM_DEFAULT_PAGE_SIZE && !m->is64;
}

static struct guest_memory memory(void *arg)
{
    const wasm_rt_memory_t *m = guest_memory();

    (void)arg;
    return m ? (struct guest_memory){m->data, m->size} : (struct guest_memory){0};
}

static _Noreturn void leave(int status)
{
    if (interrupt_stop() && status == RUNTIME_INTERRUPTED)
        interrupt_die();
    _exit(status);
}

void runtime_exit(uint32_t status)
{
    leave((int)(status & 0xff));
}

void runtime_interrupts(uint32_t address)
{
    const wasm_rt_memory_t *m = guest_memory();
    struct interrupt_cell cells[INTERRUPT_MAX_CELLS];
    struct wlpy_err ignored;
    size_t n;

    /* (The memory stays where it is: it grows in its reservation.) */
    if (!interrupt_read_cells(m->data, m->size, address, cells, &n) || interrupt_start(m->data, cells, n, &ignored) < 0)
        return;
    current->wasi->wait = interrupt_poll;
    current->wasi->interrupted = interrupt_take;
}

static void on_stop(void *arg, const char *why)
{
    (void)arg;
    stop(RUNTIME_TRAPPED, why);
}

static void *thread(void *arg)
{
    static uint8_t signal_stack[SIGNAL_STACK];
    const stack_t ss = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK},
                     late = {.sa_handler = on_deadline, .sa_flags = SA_ONSTACK};

    (void)arg;
    if (sigaltstack(&ss, NULL) < 0 || sigaction(SIGSEGV, &fault, NULL) < 0 || sigaction(SIGBUS, &fault, NULL) < 0)
        fail("set up the handling of traps");
    if (current->deadline_ms) {
        struct itimerspec t = {.it_value = {.tv_sec = (time_t)(current->deadline_ms / 1000),
                                            .tv_nsec = (long)(current->deadline_ms % 1000) * 1000000}};
        struct sigevent by_signal = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
        timer_t timer;
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGALRM);
        if (sigaction(SIGALRM, &late, NULL) < 0 || pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0 ||
            timer_create(CLOCK_MONOTONIC, &by_signal, &timer) < 0 || timer_settime(timer, 0, &t, NULL) < 0)
            fail("set the timer of --deadline");
    }
    guest_run(current->wasi);
    leave(0);
}

_Noreturn void runtime_run(const struct runtime *r)
{
    long page = sysconf(_SC_PAGESIZE);
    uint64_t size = (r->stack + (uint64_t)page - 1) / (uint64_t)page * (uint64_t)page;
    pthread_attr_t attributes;
    pthread_t id;
    uint8_t *stack;
    int e;

    current = r;
    r->wasi->memory = memory;
    r->wasi->stop = on_stop;
    stack = mmap(NULL, size + STACK_GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED || mprotect(stack + STACK_GUARD, size, PROT_READ | PROT_WRITE) < 0)
        fail("get the stack that --max-wasm-stack asks for");
    stack_guard = stack;
    e = pthread_attr_init(&attributes);
    if (e == 0)
        e = pthread_attr_setstack(&attributes, stack + STACK_GUARD, size);
    if (e == 0)
        e = pthread_create(&id, &attributes, thread, NULL);
    if (e) {
        errno = e;
        fail("start the program's thread");
    }
    pthread_join(id, NULL);
    _exit(RUNTIME_SETUP); /* not reached: the thread ends the process */
}
