/* Signals for a guest: marking them in its memory, and waking it. */
#include "core/deliver.h"

#include "core/wasm.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* (Old glibc has no name for it.) */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { STUCK_MS = 1000 };

/* ---- waking ---- */

/* Ends a waiting call of a thread of the guest. If that is this thread, too: it may be about to wait, with the signal
 * blocked. */
void control_wake_thread(const struct control *c, pid_t thread)
{
    siginfo_t info;

    memset(&info, 0, sizeof info);
    info.si_signo = CONTROL_SIGNAL;
    info.si_code = SI_QUEUE;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = (void *)c;
    syscall(SYS_rt_tgsigqueueinfo, info.si_pid, thread, CONTROL_SIGNAL, &info);
}

void control_wake(const struct control *c)
{
    control_wake_thread(c, c->thread);
}

bool control_make_timer(const struct control *c, clockid_t clock, void *of, timer_t *timer)
{
    struct sigevent to_this_thread = {
        .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = CONTROL_SIGNAL, .sigev_value.sival_ptr = of};

    to_this_thread.sigev_notify_thread_id = c->thread;
    return timer_create(clock, &to_this_thread, timer) == 0;
}

/* ---- marking ---- */

/* WebAssembly is little endian. */
static uint32_t little(uint32_t v)
{
    uint8_t bytes[4];

    memcpy(bytes, &v, 4);
    return wasm_load32(bytes);
}

bool control_read_cells(const uint8_t *memory, size_t size, uint32_t address, struct control_cell *cells, size_t *n)
{
    uint32_t count;

    if (size < 4 || address > size - 4)
        return false;
    count = wasm_load32(memory + address);
    if (count == 0 || count > CONTROL_MAX_CELLS || (size - 4 - address) / 8 < count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *p = memory + address + 4 + (size_t)8 * i;

        cells[i].address = wasm_load32(p);
        cells[i].bits = wasm_load32(p + 4);
        if (cells[i].address % 4 != 0 || cells[i].address > size - 4)
            return false;
    }
    *n = count;
    return true;
}

void control_listen(struct control *c, uint8_t *memory, const struct control_cell *cells, size_t n)
{
    c->memory = memory;
    memcpy(c->cells, cells, n * sizeof *cells);
    c->count = n;
    atomic_store(&c->listens, true);
}

static _Atomic uint32_t *cell(const struct control *c, size_t i)
{
    return (_Atomic uint32_t *)(void *)(c->memory + c->cells[i].address);
}

static _Atomic uint32_t *word(const struct control *c, uint32_t words, int number)
{
    return (_Atomic uint32_t *)(void *)(c->memory + words + 4 * (size_t)number);
}

static bool noticed(const struct control *c)
{
    return (atomic_load(cell(c, 0)) & little(c->cells[0].bits)) == 0;
}

static bool noticed_all(struct control *c)
{
    const uint32_t words = atomic_load(&c->words);

    for (int i = 1; words && i < CONTROL_SIGNALS; i++)
        if (atomic_load(&c->wish[i]) == CONTROL_HANDLES && atomic_load(word(c, words, i)))
            return false;
    return noticed(c);
}

bool control_has_news(struct control *c)
{
    if (!atomic_exchange(&c->fresh, false))
        return false;
    atomic_store(&c->given, 0);
    return !noticed_all(c);
}

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000 + 1; /* never 0 */
}

static void mark(struct control *c, int number)
{
    const uint32_t words = atomic_load(&c->words);

    if (number != SIGINT && words)
        atomic_store(word(c, words, number), little(1));
    for (size_t i = number == SIGINT ? 0 : 1; i < c->count; i++)
        atomic_fetch_or(cell(c, i), little(c->cells[i].bits));
}

static enum control_answer give(struct control *c, int number)
{
    mark(c, number);
    atomic_fetch_or(&c->given, UINT32_C(1) << number);
    atomic_store(&c->fresh, true);
    control_wake(c);
    return CONTROL_GIVEN;
}

static enum control_answer interrupt(struct control *c)
{
    const long long now = now_ms(), since = atomic_load(&c->unheeded);

    if (since && !noticed(c) && now - since > STUCK_MS)
        return CONTROL_STUCK;
    if (!since || noticed(c))
        atomic_store(&c->unheeded, now);
    atomic_fetch_add(&c->seen, 1);
    return give(c, SIGINT);
}

static enum control_answer deliver(struct control *c, int number)
{
    const bool runs = atomic_load(&c->on) && atomic_load(&c->listens);

    if (number == SIGINT)
        return runs ? interrupt(c) : CONTROL_NONE;
    if (!atomic_load(&c->words) || number <= 0 || number >= CONTROL_SIGNALS)
        return CONTROL_NONE;
    /* (Whatever it has wished: a Python wishes nothing any more when it ends.) */
    if (!runs)
        return CONTROL_LATE;
    switch (atomic_load(&c->wish[number])) {
    case CONTROL_HANDLES:
        return give(c, number);
    case CONTROL_IGNORES:
        return CONTROL_GIVEN;
    default:
        /* (Likewise, after the deadline.) */
        return atomic_load(&c->graced) ? CONTROL_LATE : CONTROL_NONE;
    }
}

enum control_answer control_signal(struct control *c, int number)
{
    const int saved = errno;
    enum control_answer answer;

    atomic_fetch_add(&c->inside, 1);
    answer = deliver(c, number);
    atomic_fetch_sub(&c->inside, 1);
    errno = saved;
    return answer;
}

enum control_answer control_interrupt(struct control *c)
{
    return control_signal(c, SIGINT);
}

void control_before_move(struct control *c)
{
    atomic_store(&c->given, 0);
}

void control_mark_again(struct control *c)
{
    const unsigned given = atomic_load(&c->given);

    if (!atomic_load(&c->listens) || !atomic_load(&c->fresh))
        return;
    for (int i = 1; i < CONTROL_SIGNALS; i++)
        if (given & UINT32_C(1) << i)
            mark(c, i);
}
