#include "runtime.h"

#include "base.h"
#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* An access is at most 2^32-1 + 2^32-1 + 16 bytes from the start: index, offset, width. */
#define RESERVED ((UINT64_C(8) << 30) + (UINT64_C(1) << 20))
/* (glibc has had no name for it.) */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
/* Of the deadline: one that nothing else is likely to use. */
#define RUNTIME_SIGNAL (SIGRTMAX - 2)
#define MEMORY_LIMIT "it starts with more memory than its limit"
#define TABLE_LIMIT "it starts with larger tables than its limit of memory"
#define TOO_DEEP "its calls went too deep for its stack"
enum { STACK_GUARD = 1 << 20, SIGNAL_STACK = 1 << 16, MAX_RANGES = 16 };
/* What is left for the host where the guest has used up its own: much more than wasi/ takes. */
enum { HOST_STACK = 1 << 17 };
/* Of what a guest has used, at most so much stays for the next one: of its memory, its tables, its stack. */
enum { KEPT_MEMORY = 4 << 20, KEPT_TABLE = 4 << 20, KEPT_STACK = 1 << 18, KEPT_RUNS = 64 };

/* The room of a table. The runtime keeps all of a guest's in a list: the guest can be stopped where its own pointer to
 * one is not written yet, or no longer valid. */
struct table {
    struct table *next, *before;
    size_t size, room; /* the bytes that the guest has, and those that are there */
    _Alignas(16) uint8_t data[];
};

/* One guest, and what the next one can have of it. */
struct run {
    const struct runtime *runtime;
    void *instance;
    uint8_t *stack; /* a stack for signals, the guard, room for the host, the guest's stack */
    uint64_t stack_size;
    uint8_t *ranges[MAX_RANGES]; /* its memories */
    size_t ranges_n;
    struct table *tables;
    uint64_t used; /* bytes of all its memories and tables: at most runtime->memory */
    timer_t timer; /* of its deadline, where `timed` */
    bool timed;
    volatile sig_atomic_t late;
    sigjmp_buf out;
    /* The first memory, as the module has it at the start, and room for a table. */
    uint8_t *kept_memory;
    uint64_t start_size;  /* of the first memory */
    bool memory_is_whole; /* it is there, with the image */
    struct table *kept_table;
    void *kept_instance; /* as it was before _start; NULL: there is none */
    uint64_t start_used; /* what that has of memories and tables */
    struct run *next;
};

/* The guest of this thread. The handlers get no argument, so they look here. */
static _Thread_local struct run *current;

/* What the signals did before, for those that are no guest's. */
struct former {
    struct sigaction action;
    atomic_flag spent; /* of SA_RESETHAND: it has been called */
};
static struct former former_segv = {.spent = ATOMIC_FLAG_INIT}, former_bus = {.spent = ATOMIC_FLAG_INIT},
                     former_late = {.spent = ATOMIC_FLAG_INIT};
static int setup_errno;

/* From a signal handler too: nothing of stdio. */
static _Noreturn void stop(int status, const char *why)
{
    const struct runtime *r = current->runtime;
    char text[512];
    size_t n = 0;
    const char *const parts[] = {r->name, ": the program was stopped: ", why, "\n"};

    if (r->end) {
        r->end->status = status;
        while (why[n] && n < sizeof r->end->text - 1) {
            r->end->text[n] = why[n];
            n++;
        }
        r->end->text[n] = '\0';
        siglongjmp(current->out, 1);
    }
    for (int i = 0; i < 4; i++)
        for (const char *p = parts[i]; *p && n < sizeof text; p++)
            text[n++] = *p;
    if (write(STDERR_FILENO, text, n) < 0)
        _exit(status);
    _exit(status);
}

static _Noreturn void fail(const char *what)
{
    const struct runtime *r = current->runtime;

    if (r->end) {
        r->end->status = RUNTIME_SETUP;
        snprintf(r->end->text, sizeof r->end->text, "cannot %s: %s", what, strerror(errno));
        siglongjmp(current->out, 1);
    }
    fprintf(stderr, "%s: cannot %s: %s\n", r->name, what, strerror(errno));
    _exit(RUNTIME_SETUP);
}

/* wasm2c's runtime calls this for every trap that the code itself finds. */
void runtime_trap(wasm_rt_trap_t code);
void runtime_trap(wasm_rt_trap_t code)
{
    stop(RUNTIME_TRAPPED, wasm_rt_strerror(code));
}

/* Calls the handler that was there before as the kernel would have called it; false: there is none. Ours stays: a JVM
 * or a Go program goes on after faults of its own, and so may any handler. */
static bool call_former(struct former *f, int signal_number, siginfo_t *info, void *context)
{
    const struct sigaction *a = &f->action;
    bool with_info = a->sa_flags & SA_SIGINFO;
    sigset_t again;

    if (!with_info && (a->sa_handler == SIG_DFL || a->sa_handler == SIG_IGN))
        return false;
    if ((a->sa_flags & SA_RESETHAND) && atomic_flag_test_and_set(&f->spent))
        return false;
    /* (When the handler returns, the kernel puts back the mask of what was interrupted.) */
    pthread_sigmask(SIG_BLOCK, &a->sa_mask, NULL);
    if ((a->sa_flags & SA_NODEFER) && !sigismember(&a->sa_mask, signal_number)) {
        sigemptyset(&again);
        sigaddset(&again, signal_number);
        pthread_sigmask(SIG_UNBLOCK, &again, NULL);
    }
    if (with_info)
        a->sa_sigaction(signal_number, info, context);
    else
        a->sa_handler(signal_number);
    return true;
}

/* What happens to a fault that nobody handles: the process ends by it, unless it was only sent and is ignored. */
static void end_by(int signal_number, const siginfo_t *info, bool ignored)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    bool comes_again = info->si_code > 0 && !(signal_number == SIGBUS && info->si_code == BUS_MCEERR_AO);

    if (ignored && info->si_code <= 0)
        return;
    sigaction(signal_number, &by_default, NULL);
    if (!comes_again)
        raise(signal_number);
}

/* Only what the guest's own code does is its trap. A fault of the host, also one in the guest's memory, stays a crash,
 * and what has nothing to do with a guest is for whoever was there before. */
static void on_fault(int signal_number, siginfo_t *info, void *context)
{
    const struct run *r = current;
    const uint8_t *at = info->si_addr;
    struct former *f = signal_number == SIGSEGV ? &former_segv : &former_bus;

    if (r && info->si_code > 0 && at >= r->stack + SIGNAL_STACK && at < r->stack + SIGNAL_STACK + STACK_GUARD)
        stop(RUNTIME_TRAPPED, TOO_DEEP);
    for (size_t i = 0; r && i < r->ranges_n; i++)
        if (info->si_code > 0 && at >= r->ranges[i] && at < r->ranges[i] + RESERVED && !r->runtime->wasi->at_work)
            stop(RUNTIME_TRAPPED, "it used memory out of its bounds");
    if (!call_former(f, signal_number, info, context))
        end_by(signal_number, info, !(f->action.sa_flags & SA_SIGINFO) && f->action.sa_handler == SIG_IGN);
}

static _Noreturn void stop_late(void)
{
    stop(RUNTIME_DEADLINE, "its deadline has passed");
}

/* Whether the signal has interrupted the guest itself, and not another handler, which has its own stack here. */
static bool came_to_guest(const struct run *r, const void *context)
{
    const uint8_t *sp = (const uint8_t *)(uintptr_t)((const ucontext_t *)context)->uc_mcontext.gregs[REG_RSP];

    return sp >= r->stack + SIGNAL_STACK && sp <= r->stack + r->stack_size;
}

static bool is_deadline_of(const struct run *r, const siginfo_t *info)
{
    return r && info->si_code == SI_TIMER && info->si_value.sival_ptr == r;
}

/* A call of the host's can only be left at its end, where other guests go on: it may hold something. So may another
 * handler; the signal comes again. */
static void on_deadline(int signal_number, siginfo_t *info, void *context)
{
    struct run *r = current;

    if (!is_deadline_of(r, info)) {
        call_former(&former_late, signal_number, info, context);
        return;
    }
    r->late = 1;
    if (!r->runtime->end || (!r->runtime->wasi->at_work && came_to_guest(r, context)))
        stop_late();
}

void runtime_go_on(void)
{
    if (current->late)
        stop_late();
}

/* What waits ends when the time has passed; the signal comes again and again, so none is missed. */
static int wait_in_time(struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    int r = ppoll(fds, n, time, NULL);

    return r < 0 && errno == EINTR && !current->late ? 0 : r;
}

static bool is_late(void)
{
    return current->late;
}

static void set_up_signals(void)
{
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK},
                     late = {.sa_sigaction = on_deadline, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    /* Asked for first: a fault of another thread may come as soon as ours is there. */
    if (sigaction(SIGSEGV, NULL, &former_segv.action) < 0 || sigaction(SIGBUS, NULL, &former_bus.action) < 0 ||
        sigaction(RUNTIME_SIGNAL, NULL, &former_late.action) < 0 || sigaction(SIGSEGV, &fault, NULL) < 0 ||
        sigaction(SIGBUS, &fault, NULL) < 0 || sigaction(RUNTIME_SIGNAL, &late, NULL) < 0)
        setup_errno = errno;
}

/* Where the image lies: the file it was loaded from, and where in it. */
static int image_fd = -1;
static struct stat image_file;
static off_t image_offset;

/* The linker's hash of the whole file (tools/aot), as the loaded one has it, and where that is in the file. NULL: it
 * has none. */
static const uint8_t *build_id(const struct dl_phdr_info *info, off_t *offset, size_t *size)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        const uint8_t *notes = (const uint8_t *)(info->dlpi_addr + h->p_vaddr);

        for (size_t at = 0; h->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= h->p_filesz;) {
            const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)(notes + at);
            size_t text = at + sizeof *n, id = text + ((size_t)n->n_namesz + 3) / 4 * 4;

            if (id + n->n_descsz > h->p_filesz)
                break;
            if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && memcmp(notes + text, "GNU", 4) == 0) {
                *offset = (off_t)(h->p_offset + id);
                *size = n->n_descsz;
                return notes + id;
            }
            at = id + ((size_t)n->n_descsz + 3) / 4 * 4;
        }
    }
    return NULL;
}

/* Whether the file is the one that was loaded: at its path there may be a new version of it by now. */
static bool is_loaded_file(int fd, const struct dl_phdr_info *info)
{
    off_t at = 0;
    size_t n = 0;
    const uint8_t *id = build_id(info, &at, &n);
    uint8_t its[64];

    return id && n <= sizeof its && pread(fd, its, n, at) == (ssize_t)n && memcmp(its, id, n) == 0;
}

static int find_image(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        uintptr_t at = (uintptr_t)guest_image - (info->dlpi_addr + h->p_vaddr);

        if (h->p_type == PT_LOAD && at < h->p_filesz) {
            image_fd = open(*info->dlpi_name ? info->dlpi_name : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
            image_offset = (off_t)(h->p_offset + at);
            if (image_fd >= 0 && (fstat(image_fd, &image_file) < 0 || !is_loaded_file(image_fd, info) ||
                                  image_file.st_size < image_offset + (guest_image_end - guest_image))) {
                close(image_fd);
                image_fd = -1;
            }
            return 1;
        }
    }
    return 0;
}

static void set_up_image(void)
{
    dl_iterate_phdr(find_image, NULL);
}

/* Whether the descriptor is still that file's: a program may close all that it does not know. */
static bool image_is_open(void)
{
    struct stat st;

    return image_fd >= 0 && fstat(image_fd, &st) == 0 && st.st_dev == image_file.st_dev &&
           st.st_ino == image_file.st_ino;
}

/* Mapped from the program's own file, a page is only read when it is used, and only copied when it is written to. Where
 * that file cannot be had, it is copied. */
static void take_image(uint8_t *memory, uint64_t size)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uint64_t n = (uint64_t)(guest_image_end - guest_image);

    if (n == 0)
        return;
    if (guest_image_from > size || n > size - guest_image_from)
        stop(RUNTIME_SETUP, "its data is larger than its memory");
    pthread_once(&once, set_up_image);
    if (!image_is_open() || mmap(memory + guest_image_from, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
                                 image_fd, image_offset) == MAP_FAILED)
        memcpy(memory + guest_image_from, guest_image, n);
}

/* Whether the guest has left the host the stack that it needs. */
static bool has_stack(void)
{
    const uint8_t *here = __builtin_frame_address(0);

    return here >= current->stack + SIGNAL_STACK + STACK_GUARD + HOST_STACK;
}

void runtime_begin(void)
{
    if (!has_stack())
        stop(RUNTIME_TRAPPED, TOO_DEEP);
    current->runtime->wasi->at_work = true;
}

/* What the guest has the runtime do is done whole, whenever its deadline passes. */
static void end_work(void)
{
    current->runtime->wasi->at_work = false;
    runtime_go_on();
}

/* The memory of wasm-rt, with a limit: one sum of all memories and tables. */

static uint64_t memory_left(void)
{
    const struct run *r = current;

    return r->runtime->memory > r->used ? r->runtime->memory - r->used : 0;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *m, uint64_t pages, uint64_t max_pages, bool is64, uint32_t page_size)
{
    void *at;
    bool kept;

    if (is64 || page_size != WASM_DEFAULT_PAGE_SIZE)
        stop(RUNTIME_SETUP, "it asks for a memory that is not of 32 bits and 64-KiB pages");
    if (pages > UINT64_C(1) << 16 || pages * page_size > memory_left())
        stop(RUNTIME_SETUP, MEMORY_LIMIT);
    if (current->ranges_n == MAX_RANGES)
        stop(RUNTIME_SETUP, "it has more than 16 memories");
    runtime_begin();
    at = current->ranges_n == 0 ? (void *)(uintptr_t)RUNTIME_BASE : NULL;
    kept = current->ranges_n == 0 && current->kept_memory;
    memset(m, 0, sizeof *m);
    m->data = kept ? current->kept_memory
                   : mmap(at, RESERVED, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    /* (An old kernel takes the place for a wish.) */
    if (at && m->data != MAP_FAILED && m->data != at) {
        munmap(m->data, RESERVED);
        m->data = MAP_FAILED;
        errno = EEXIST;
    }
    if (m->data == MAP_FAILED) {
        m->data = NULL;
        fail("reserve 8 GiB of address space (is ulimit -v set?)");
    }
    current->ranges[current->ranges_n++] = m->data;
    m->page_size = page_size;
    m->pages = pages;
    m->max_pages = max_pages < UINT64_C(1) << 16 ? max_pages : UINT64_C(1) << 16;
    m->size = pages * page_size;
    m->data_end = m->data + RESERVED;
    if (!kept && m->size > 0 && mprotect(m->data, m->size, PROT_READ | PROT_WRITE) < 0)
        fail("get the memory that the program starts with");
    current->used += m->size;
    /* It is the guest's own, which the module can have one of. */
    if (current->ranges_n == 1) {
        if (!kept)
            take_image(m->data, m->size);
        current->start_size = m->size;
        current->memory_is_whole = true;
    }
    end_work();
}

uint64_t wasm_rt_grow_memory(wasm_rt_memory_t *m, uint64_t delta)
{
    uint64_t before = m->pages, left = m->max_pages - m->pages;
    bool well;

    if (delta == 0)
        return before;
    runtime_begin();
    well = delta <= left && delta * m->page_size <= memory_left() &&
           mprotect(m->data + m->size, delta * m->page_size, PROT_READ | PROT_WRITE) == 0;
    if (well) {
        current->used += delta * m->page_size;
        m->pages += delta;
        m->size = m->pages * m->page_size;
    }
    end_work();
    return well ? before : UINT32_MAX;
}

void wasm_rt_free_memory(wasm_rt_memory_t *m)
{
    if (m->data && m->data != current->kept_memory)
        munmap(m->data, RESERVED);
}

bool wasm_rt_memory_is_default32(const wasm_rt_memory_t *m)
{
    return m->page_size == WASM_DEFAULT_PAGE_SIZE && !m->is64;
}

/* wasm-rt's tables come from these (tools/aot): within the guest's limit of memory, and never without a word. */

void *runtime_calloc(size_t n, size_t size);
void *runtime_realloc(void *old, size_t size);
void runtime_free(void *it);

static void link_table(struct run *r, struct table *t)
{
    t->before = NULL;
    t->next = r->tables;
    if (t->next)
        t->next->before = t;
    r->tables = t;
}

void *runtime_calloc(size_t n, size_t size)
{
    struct run *r = current;
    struct table *t;
    size_t bytes;

    if (__builtin_mul_overflow(n, size, &bytes) || bytes > memory_left())
        stop(RUNTIME_SETUP, TABLE_LIMIT);
    runtime_begin();
    if (r->kept_table && bytes <= r->kept_table->room) {
        t = r->kept_table;
        r->kept_table = NULL;
        memset(t->data, 0, bytes);
    } else {
        t = calloc(1, sizeof *t + bytes);
        if (!t)
            fail("get the tables that the program starts with");
        t->room = bytes;
    }
    t->size = bytes;
    link_table(r, t);
    r->used += bytes;
    end_work();
    return t->data;
}

/* (None is a table that cannot grow, which the guest is told.) */
void *runtime_realloc(void *old, size_t size)
{
    struct run *r = current;
    struct table *t = (struct table *)((uint8_t *)old - offsetof(struct table, data)), *moved = NULL;
    uint64_t more = size > t->size ? size - t->size : 0;

    runtime_begin();
    if (more <= memory_left())
        moved = realloc(t, sizeof *t + size);
    if (moved) {
        r->used += more;
        moved->size = moved->room = size;
        *(moved->before ? &moved->before->next : &r->tables) = moved;
        if (moved->next)
            moved->next->before = moved;
    }
    end_work();
    return moved ? moved->data : NULL;
}

/* Nothing is left to do: release_tables(). */
void runtime_free(void *it)
{
    (void)it;
}

/* All that the guest had, but for one that the next guest may have. */
static void release_tables(struct run *r)
{
    for (struct table *t = r->tables, *next; t; t = next) {
        struct table *other = t;

        next = t->next;
        if (t->room <= KEPT_TABLE && (!r->kept_table || r->kept_table->room < t->room)) {
            other = r->kept_table;
            r->kept_table = t;
        }
        free(other);
    }
    r->tables = NULL;
}

static struct guest_memory memory(void *arg)
{
    const wasm_rt_memory_t *m = guest_memory(current->instance);

    (void)arg;
    return (struct guest_memory){m->data, m->size};
}

/* clang's, in a program that counts for a profile (tools/aot): it would be called at an exit that runs what atexit()
 * has. */
int __llvm_profile_write_file(void) __attribute__((weak));

static _Noreturn void leave(int status)
{
    if (current->runtime->end) {
        current->runtime->end->status = status;
        siglongjmp(current->out, 1);
    }
    if (interrupt_stop() && status == RUNTIME_INTERRUPTED)
        interrupt_die();
    if (status != 0 && current->runtime->failed && has_stack())
        current->runtime->failed(current->runtime->failed_arg);
    if (__llvm_profile_write_file)
        __llvm_profile_write_file();
    _exit(status);
}

void runtime_exit(uint32_t status)
{
    leave((int)(status & 0xff));
}

void runtime_interrupts(uint32_t address)
{
    const wasm_rt_memory_t *m = guest_memory(current->instance);
    struct interrupt_cell cells[INTERRUPT_MAX_CELLS];
    struct err ignored;
    size_t n;

    if (current->runtime->end)
        return;
    /* (The memory stays where it is: it grows in its reservation.) */
    if (!interrupt_read_cells(m->data, m->size, address, cells, &n) || interrupt_start(m->data, cells, n, &ignored) < 0)
        return;
    current->runtime->wasi->wait = interrupt_poll;
    current->runtime->wasi->interrupted = interrupt_take;
}

static void on_stop(void *arg, const char *why)
{
    (void)arg;
    stop(RUNTIME_TRAPPED, why);
}

static void set_deadline(struct run *r, uint64_t ms)
{
    /* Again and again: where the first comes just before the guest waits for something, it would be missed. */
    struct itimerspec t = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000},
        .it_interval = {.tv_nsec = 10000000},
    };
    struct sigevent to_this_thread = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = RUNTIME_SIGNAL, .sigev_value.sival_ptr = r};
    sigset_t set;

    to_this_thread.sigev_notify_thread_id = gettid();
    sigemptyset(&set);
    sigaddset(&set, RUNTIME_SIGNAL);
    if (pthread_sigmask(SIG_UNBLOCK, &set, NULL) != 0 || timer_create(CLOCK_MONOTONIC, &to_this_thread, &r->timer) < 0)
        fail("set the timer of its deadline");
    /* (Noted before it runs: it may pass before anything else is done.) */
    r->timed = true;
    if (timer_settime(r->timer, 0, &t, NULL) < 0)
        fail("set the timer of its deadline");
}

/* None of its signals may be left that the next guest would take for its own. Those of others are sent again. */
static void end_deadline(struct run *r)
{
    const struct timespec now = {0};
    siginfo_t others[16], one;
    size_t n = 0;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, RUNTIME_SIGNAL);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    timer_delete(r->timer);
    r->timed = false;
    while (n < sizeof others / sizeof *others && sigtimedwait(&set, &one, &now) > 0)
        if (!is_deadline_of(r, &one))
            others[n++] = one;
    for (size_t i = 0; i < n; i++)
        syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), RUNTIME_SIGNAL, &others[i]);
}

/* ---- what is left of a guest for the next one ---- */

/* Makes [at, at + n), which the guest may have written to, what it is at the start. */
static void restore_pages(uint8_t *memory, uint64_t at, uint64_t n)
{
    uint64_t from = guest_image_from, to = from + (uint64_t)(guest_image_end - guest_image);
    uint64_t a = at < from ? from : at, b = at + n < to ? at + n : to;

    if (a >= b)
        a = b = at + n;
    /* (Where nothing is to be done memset does it slowly: masked stores that the processor has to suppress.) */
    if (a > at)
        memset(memory + at, 0, a - at);
    if (b > a)
        memcpy(memory + a, guest_image + (a - from), b - a);
    if (at + n > b)
        memset(memory + b, 0, at + n - b);
}

/* Puts it back, or drops it, by which it is as it was mapped. */
static bool put_back(uint8_t *memory, uint64_t at, uint64_t n, uint64_t *kept)
{
    if (*kept + n > KEPT_MEMORY)
        return madvise(memory + at, n, MADV_DONTNEED) == 0;
    *kept += n;
    restore_pages(memory, at, n);
    return true;
}

/* From <linux/fs.h> of 6.7 and later, which the machine's own headers may be older than: Linux,
 * Documentation/admin-guide/mm/pagemap.rst. */
struct scan {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t inverted, mask, any_of, returned;
};
struct region {
    uint64_t start, end, categories;
};
#define SCAN _IOWR('f', 16, struct scan)
enum { IS_FILE = 1 << 2, IS_PRESENT = 1 << 3, IS_SWAPPED = 1 << 4 };

/* Asks the kernel for just those pages; false with `*can` false where it does not know how. */
static bool restore_found(int fd, uint8_t *memory, uint64_t size, bool *can)
{
    struct region found[256];
    struct scan s = {.size = sizeof s,
                     .start = (uintptr_t)memory,
                     .end = (uintptr_t)memory + size,
                     .vec = (uintptr_t)found,
                     .vec_len = sizeof found / sizeof *found,
                     .inverted = IS_FILE,
                     .mask = IS_FILE,
                     .any_of = IS_PRESENT | IS_SWAPPED,
                     .returned = IS_FILE};
    uint64_t kept = 0;
    bool well = true;

    *can = true;
    while (well && s.start < s.end) {
        int n = ioctl(fd, SCAN, &s);

        if (n < 0) {
            *can = s.start != (uintptr_t)memory;
            return false;
        }
        for (int i = 0; well && i < n; i++)
            well = put_back(memory, found[i].start - (uintptr_t)memory, found[i].end - found[i].start, &kept);
        s.start = s.walk_end;
    }
    return well;
}

/* Looks at each page's entry. */
static bool restore_looking(int fd, uint8_t *memory, uint64_t size)
{
    const uint64_t present = UINT64_C(1) << 63, swapped = UINT64_C(1) << 62, of_file = UINT64_C(1) << 61;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), entries[512], kept = 0, own_n = 0, done = 0;
    bool well = true;

    while (well && done < size) {
        uint64_t left = (size - done) / page, n = left < 512 ? left : 512;
        off_t at = (off_t)(((uintptr_t)memory + done) / page * sizeof *entries);

        well = pread(fd, entries, n * sizeof *entries, at) == (ssize_t)(n * sizeof *entries);
        for (uint64_t i = 0; well && i < n; i++, done += page) {
            bool own = (entries[i] & (present | swapped)) && !(entries[i] & of_file);

            if (own)
                own_n += page;
            if (own && done + page < size)
                continue;
            if (own_n)
                well = put_back(memory, own ? done + page - own_n : done - own_n, own_n, &kept);
            own_n = 0;
        }
    }
    return well;
}

/* What of [0, size) is the process's own has been written to, or may have been. False if that cannot be known. */
static bool restore(uint8_t *memory, uint64_t size)
{
    /* (Opened each time: it stays with the memory of the process that has opened it, also after a fork.) */
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    bool can = true, well;

    if (fd < 0)
        return false;
    well = restore_found(fd, memory, size, &can) || (!can && restore_looking(fd, memory, size));
    close(fd);
    return well;
}

static pthread_mutex_t idle_lock = PTHREAD_MUTEX_INITIALIZER;
static struct run *idle;
static long idle_n;

/* A child of fork() has the one thread that forked: had another one held the lock, it would stay locked there. */
static void lock_idle(void)
{
    pthread_mutex_lock(&idle_lock);
}

static void unlock_idle(void)
{
    pthread_mutex_unlock(&idle_lock);
}

static void drop_stack(struct run *r)
{
    if (r->stack)
        munmap(r->stack, r->stack_size);
    r->stack = NULL;
}

static void drop(struct run *r)
{
    if (r->kept_memory)
        munmap(r->kept_memory, RESERVED);
    drop_stack(r);
    if (r->instance) {
        current = r;
        guest_free(r->instance);
        current = NULL;
    }
    release_tables(r);
    free(r->kept_table);
    free(r->kept_instance);
    free(r->instance);
    free(r);
}

static struct run *take(void)
{
    struct run *r;

    pthread_mutex_lock(&idle_lock);
    r = idle;
    if (r) {
        idle = r->next;
        idle_n--;
    }
    pthread_mutex_unlock(&idle_lock);
    return r ? r : calloc(1, sizeof *r);
}

static void give_back(struct run *r)
{
    long most = sysconf(_SC_NPROCESSORS_ONLN);
    bool kept;

    pthread_mutex_lock(&idle_lock);
    kept = idle_n < most && idle_n < KEPT_RUNS;
    if (kept) {
        r->next = idle;
        idle = r;
        idle_n++;
    }
    pthread_mutex_unlock(&idle_lock);
    if (!kept)
        drop(r);
}

/* Releases what the guest had, but for what the next one will find as new. */
static void clear(struct run *r)
{
    uint8_t *memory = r->ranges[0];
    uint64_t size = guest_memory(r->instance)->size;
    bool well = r->memory_is_whole;

    if (well && size > r->start_size)
        well = madvise(memory + r->start_size, size - r->start_size, MADV_DONTNEED) == 0 &&
               mprotect(memory + r->start_size, size - r->start_size, PROT_NONE) == 0;
    well = well && restore(memory, r->start_size);
    if (r->ranges_n)
        r->kept_memory = well ? memory : NULL;
    if (!well || !r->kept_instance) {
        guest_free(r->instance);
        memset(r->instance, 0, guest_size);
        release_tables(r);
        free(r->kept_instance);
        r->kept_instance = NULL;
    }
    if (r->stack_size > SIGNAL_STACK + STACK_GUARD + KEPT_STACK)
        madvise(r->stack + SIGNAL_STACK + STACK_GUARD, r->stack_size - SIGNAL_STACK - STACK_GUARD - KEPT_STACK,
                MADV_DONTNEED);
    r->memory_is_whole = false;
    r->ranges_n = 0;
    r->used = 0;
    r->late = 0;
}

/* ---- one run ---- */

/* Where the last guest has left all that an instance consists of as it was, that is taken. */
static void instantiate(struct run *r)
{
    if (r->kept_instance) {
        if (r->start_used > r->runtime->memory)
            stop(RUNTIME_SETUP, MEMORY_LIMIT);
        r->used = r->start_used;
        r->ranges[r->ranges_n++] = r->kept_memory;
        r->memory_is_whole = true;
        memcpy(r->instance, r->kept_instance, guest_size);
    } else {
        guest_instantiate(r->instance, r->runtime->wasi);
        runtime_begin();
        r->kept_instance = r->runtime->end && !guest_changes_tables && guest_image_is_all && r->ranges_n == 1
                               ? malloc(guest_size)
                               : NULL;
        if (r->kept_instance)
            memcpy(r->kept_instance, r->instance, guest_size);
        r->start_used = r->used;
        end_work();
    }
    guest_use(r->instance, r->runtime->wasi);
}

/* On the guest's own stack. */
static void on_stack(void)
{
    struct run *r = current;

    if (sigsetjmp(r->out, 1) == 0) {
        if (r->runtime->deadline_ms)
            set_deadline(r, r->runtime->deadline_ms);
        instantiate(r);
        guest_start(r->instance);
        leave(0);
    }
    if (r->timed)
        end_deadline(r);
}

static void set_up_stack(struct run *r, uint64_t stack)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size = (stack + page - 1) / page * page;
    uint64_t whole = SIGNAL_STACK + STACK_GUARD + HOST_STACK + size;

    if (r->stack && r->stack_size == whole)
        return;
    drop_stack(r);
    r->stack = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    r->stack_size = whole;
    if (r->stack == MAP_FAILED)
        r->stack = NULL;
    if (!r->stack || mprotect(r->stack, SIGNAL_STACK, PROT_READ | PROT_WRITE) < 0 ||
        mprotect(r->stack + SIGNAL_STACK + STACK_GUARD, HOST_STACK + size, PROT_READ | PROT_WRITE) < 0)
        fail("get its stack");
}

/* Calls on_stack() on another stack. (swapcontext(), which not every C library has, also asks the kernel for the mask
 * of signals.) */
static void call_on(uint8_t *top)
{
    __asm__ volatile("movq %%rsp, %%rbx\n\t"
                     "movq %0, %%rsp\n\t"
                     "call *%1\n\t"
                     "movq %%rbx, %%rsp"
                     : "+&r"(top)
                     : "r"(on_stack)
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                       "xmm14", "xmm15", "cc", "memory");
}

static void run_guest(struct run *r)
{
    stack_t own = {.ss_sp = r->stack, .ss_size = SIGNAL_STACK}, before;
    sigset_t needed, mask;

    /* A thread may have been given a mask in which they are blocked. */
    sigemptyset(&needed);
    sigaddset(&needed, SIGSEGV);
    sigaddset(&needed, SIGBUS);
    if (sigaltstack(&own, &before) < 0 || pthread_sigmask(SIG_UNBLOCK, &needed, &mask) != 0)
        fail("set up the handling of traps");
    call_on(r->stack + r->stack_size);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaltstack(&before, NULL);
}

static void set_up(void)
{
    set_up_signals();
    if (!setup_errno)
        setup_errno = pthread_atfork(lock_idle, unlock_idle, unlock_idle);
}

void runtime_run(const struct runtime *runtime)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct run none = {.runtime = runtime}, *r = take();

    runtime->wasi->memory = memory;
    runtime->wasi->stop = on_stop;
    if (runtime->end) {
        runtime->wasi->wait = wait_in_time;
        runtime->wasi->interrupted = is_late;
        *runtime->end = (struct runtime_end){0};
    }
    current = r ? r : &none;
    current->runtime = runtime;
    if (sigsetjmp(current->out, 1) == 0) {
        pthread_once(&once, set_up);
        errno = setup_errno;
        if (errno)
            fail("set up the handling of traps");
        if (r && !r->instance)
            r->instance = calloc(1, guest_size);
        if (!r || !r->instance)
            fail("get memory for the program");
        set_up_stack(r, runtime->stack);
        run_guest(r);
    }
    current = NULL;
    if (r && r->instance) {
        current = r;
        clear(r);
        current = NULL;
        give_back(r);
    } else if (r) {
        drop(r);
    }
}
