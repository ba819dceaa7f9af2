/* Threads (guest/threads.c), in a host that has them: each function of POSIX that it defines, and what threads share.
 */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#undef assert
#define assert(what) ((what) ? (void)0 : failed(__LINE__, #what))

int pipe(int fds[2]);
_Noreturn void pthread_exit(void *result);

static void failed(int line, const char *what)
{
    fprintf(stderr, "line %d: %s (errno %d)\n", line, what, errno);
    _Exit(1);
}

enum { MANY = 8, TIMES = 2000 };

static void start(pthread_t *t, void *(*function)(void *), void *arg)
{
    assert(pthread_create(t, NULL, function, arg) == 0);
}

static void *end(pthread_t t)
{
    void *result;

    assert(pthread_join(t, &result) == 0);
    return result;
}

/* ---- start, end, what is each thread's own ---- */

static void *own(void *arg)
{
    int local = (int)(intptr_t)arg;

    for (int i = 0; i < 100; i++) {
        errno = local;
        sched_yield();
        assert(errno == local && pthread_self());
    }
    return arg;
}

static void *nested(void *arg)
{
    pthread_t t;

    start(&t, own, arg);
    return end(t);
}

static void *leaves(void *arg)
{
    pthread_exit(arg);
}

static void start_and_end(void)
{
    pthread_t t[MANY], self = pthread_self();

    errno = 77;
    for (intptr_t i = 0; i < MANY; i++)
        start(&t[i], i % 2 ? own : nested, (void *)(i + 1));
    assert(pthread_self() == self && errno == 77);
    for (intptr_t i = 0; i < MANY; i++)
        assert(end(t[i]) == (void *)(i + 1));
    assert(pthread_self() == self);
    start(&t[0], leaves, t);
    assert(end(t[0]) == t);
    for (int i = 0; i < 300; i++) {
        start(&t[0], own, NULL);
        end(t[0]);
    }
    assert(pthread_join(self, NULL) == EDEADLK);
}

static sem_t detached_ran;

static void *detached(void *arg)
{
    sem_post(&detached_ran);
    return arg;
}

static void detach(void)
{
    pthread_attr_t attr;
    pthread_t t;

    assert(sem_init(&detached_ran, 0, 0) == 0);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 100; i++) {
        assert(pthread_create(&t, i % 2 ? &attr : NULL, detached, NULL) == 0);
        if (i % 2 == 0)
            assert(pthread_detach(t) == 0);
        assert(sem_wait(&detached_ran) == 0);
    }
}

static void *sleeps(void *arg)
{
    usleep(1000);
    return arg;
}

static void limit(void)
{
    static pthread_t t[1000];
    int n = 0, error = 0;

    while (n < 1000 && (error = pthread_create(&t[n], NULL, sleeps, NULL)) == 0)
        n++;
    assert(error == EAGAIN && n == 16);
    while (n)
        end(t[--n]);
}

/* ---- locks ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int counter;

static void *count(void *arg)
{
    for (int i = 0; i < TIMES; i++) {
        int before;

        pthread_mutex_lock(&mutex);
        before = counter;
        if (i % 16 == 0)
            sched_yield();
        counter = before + 1;
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static struct timespec after_ms(clockid_t clock, long ms)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void *try_locked(void *arg)
{
    struct timespec t = after_ms(CLOCK_REALTIME, 5);

    assert(pthread_mutex_trylock(&mutex) == EBUSY);
    assert(pthread_mutex_timedlock(&mutex, &t) == ETIMEDOUT);
    return arg;
}

static void mutexes(void)
{
    pthread_t t[MANY];
    pthread_mutexattr_t attr;
    pthread_mutex_t other;

    for (int i = 0; i < MANY; i++)
        start(&t[i], count, NULL);
    for (int i = 0; i < MANY; i++)
        end(t[i]);
    assert(counter == MANY * TIMES);
    pthread_mutex_lock(&mutex);
    start(&t[0], try_locked, NULL);
    end(t[0]);
    pthread_mutex_unlock(&mutex);
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&other, &attr);
    assert(pthread_mutex_lock(&other) == 0 && pthread_mutex_lock(&other) == 0 && pthread_mutex_trylock(&other) == 0);
    for (int i = 0; i < 3; i++)
        assert(pthread_mutex_unlock(&other) == 0);
    assert(pthread_mutex_unlock(&other) == EPERM);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&other, &attr);
    assert(pthread_mutex_lock(&other) == 0 && pthread_mutex_lock(&other) == EDEADLK &&
           pthread_mutex_unlock(&other) == 0);
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *answer(void *arg)
{
    for (int i = 0; i < TIMES; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != 1)
            pthread_cond_wait(&cond, &mutex);
        turn = 0;
        pthread_cond_signal(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void *wait_for_two(void *arg)
{
    pthread_mutex_lock(&mutex);
    while (turn != 2)
        pthread_cond_wait(&cond, &mutex);
    pthread_mutex_unlock(&mutex);
    return arg;
}

static void conditions(void)
{
    pthread_condattr_t attr;
    pthread_cond_t timed;
    struct timespec t;
    pthread_t other[MANY];

    start(other, answer, NULL);
    for (int i = 0; i < TIMES; i++) {
        pthread_mutex_lock(&mutex);
        turn = 1;
        pthread_cond_signal(&cond);
        while (turn != 0)
            pthread_cond_wait(&cond, &mutex);
        pthread_mutex_unlock(&mutex);
    }
    end(other[0]);
    for (int i = 0; i < MANY; i++)
        start(&other[i], wait_for_two, NULL);
    usleep(1000);
    pthread_mutex_lock(&mutex);
    turn = 2;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < MANY; i++)
        end(other[i]);
    pthread_mutex_lock(&mutex);
    for (int alone = 0; alone < 2; alone++) {
        t = after_ms(CLOCK_REALTIME, 5);
        assert(pthread_cond_timedwait(&cond, &mutex, &t) == ETIMEDOUT);
        pthread_condattr_init(&attr);
        assert(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
        pthread_cond_init(&timed, &attr);
        t = after_ms(CLOCK_MONOTONIC, 5);
        assert(pthread_cond_timedwait(&timed, &mutex, &t) == ETIMEDOUT);
        t.tv_nsec = -1;
        assert(pthread_cond_timedwait(&timed, &mutex, &t) == EINVAL);
        if (!alone)
            start(other, sleeps, NULL);
    }
    pthread_mutex_unlock(&mutex);
    end(other[0]);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static int shared, same;

static void *read_and_write(void *arg)
{
    for (int i = 0; i < TIMES / 10; i++) {
        if (i % 5 == 0) {
            pthread_rwlock_wrlock(&rwlock);
            shared++;
            sched_yield();
            same++;
        } else {
            pthread_rwlock_rdlock(&rwlock);
            assert(shared == same);
            sched_yield();
            assert(shared == same);
        }
        assert(pthread_rwlock_unlock(&rwlock) == 0);
    }
    return arg;
}

static void *try_rwlock(void *arg)
{
    struct timespec t = after_ms(CLOCK_REALTIME, 5);

    assert(pthread_rwlock_trywrlock(&rwlock) == EBUSY && pthread_rwlock_tryrdlock(&rwlock) == 0);
    assert(pthread_rwlock_unlock(&rwlock) == 0 && pthread_rwlock_timedwrlock(&rwlock, &t) == ETIMEDOUT);
    return arg;
}

static void rwlocks(void)
{
    pthread_t t[MANY];

    for (int i = 0; i < MANY; i++)
        start(&t[i], read_and_write, NULL);
    for (int i = 0; i < MANY; i++)
        end(t[i]);
    assert(shared == same && shared == MANY * TIMES / 50);
    assert(pthread_rwlock_rdlock(&rwlock) == 0);
    start(t, try_rwlock, NULL);
    end(t[0]);
    assert(pthread_rwlock_unlock(&rwlock) == 0 && pthread_rwlock_unlock(&rwlock) == EPERM);
}

/* ---- the rest ---- */

static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t items, room;
static int rounds[MANY], serial, onces, queue[4], put_at, take_at, sum;

static void first_time(void)
{
    sched_yield();
    onces++;
}

static void *meet(void *arg)
{
    int *me = arg;

    for (int i = 0; i < 50; i++) {
        pthread_once(&once, first_time);
        assert(onces == 1);
        (*me)++;
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            serial++;
        for (int k = 0; k < MANY; k++)
            assert(rounds[k] == i + 1);
        pthread_barrier_wait(&barrier);
        pthread_spin_lock(&spin);
        sched_yield();
        pthread_spin_unlock(&spin);
    }
    return NULL;
}

static void *consume(void *arg)
{
    for (int i = 0; i < TIMES; i++) {
        assert(sem_wait(&items) == 0);
        sum += queue[take_at++ % 4];
        assert(sem_post(&room) == 0);
    }
    return arg;
}

static void barriers_and_semaphores(void)
{
    struct timespec until;
    pthread_t t[MANY];
    int value;

    pthread_barrier_init(&barrier, NULL, MANY);
    pthread_spin_init(&spin, 0);
    for (int i = 0; i < MANY; i++)
        start(&t[i], meet, &rounds[i]);
    for (int i = 0; i < MANY; i++)
        end(t[i]);
    assert(serial == 50);
    sem_init(&items, 0, 0);
    sem_init(&room, 0, 4);
    start(t, consume, NULL);
    for (int i = 0; i < TIMES; i++) {
        sem_wait(&room);
        queue[put_at++ % 4] = i;
        sem_post(&items);
    }
    end(t[0]);
    assert(sum == TIMES * (TIMES - 1) / 2);
    assert(sem_trywait(&items) == -1 && errno == EAGAIN && sem_getvalue(&room, &value) == 0 && value == 4);
    until = after_ms(CLOCK_REALTIME, 5);
    assert(sem_timedwait(&items, &until) == -1 && errno == ETIMEDOUT);
    assert(sem_init(&items, 0, INT_MAX) == 0 && sem_post(&items) == -1 && errno == EOVERFLOW);
}

static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
    destroyed += (int)(intptr_t)value;
    if (destroyed == 5)
        pthread_setspecific(key, (void *)1);
}

static void *has_value(void *arg)
{
    assert(!pthread_getspecific(key) && pthread_setspecific(key, arg) == 0);
    sched_yield();
    assert(pthread_getspecific(key) == arg);
    return NULL;
}

static void keys(void)
{
    pthread_t t[2];

    assert(pthread_key_create(&key, destroy) == 0 && pthread_setspecific(key, &key) == 0);
    start(&t[0], has_value, (void *)5);
    start(&t[1], has_value, (void *)10);
    end(t[0]);
    end(t[1]);
    assert(destroyed == 16 && pthread_getspecific(key) == &key);
    assert(pthread_key_delete(key) == 0 && pthread_key_delete(key) == EINVAL);
}

/* Memory that one thread gets is that of all, and no thread keeps what another has freed. */
static void *fill(void *arg)
{
    char **to = arg;

    *to = malloc(40 << 20);
    assert(*to);
    memset(*to, 'x', 40 << 20);
    return NULL;
}

static void memory(void)
{
    char *bytes[2];
    pthread_t t[2];

    for (int i = 0; i < 2; i++)
        start(&t[i], fill, &bytes[i]);
    for (int i = 0; i < 2; i++)
        end(t[i]);
    for (int i = 0; i < 40 << 20; i += 4096)
        assert(bytes[0][i] == 'x' && bytes[1][i] == 'x');
    free(bytes[0]);
    free(bytes[1]);
}

static void *write_later(void *arg)
{
    const int *fds = arg;

    usleep(3000);
    assert(write(fds[1], "late", 4) == 4);
    return NULL;
}

static void *drain(void *arg)
{
    const int *fds = arg;
    static char bytes[1 << 16];
    ssize_t n;
    int all = 0;

    while ((n = read(fds[0], bytes, sizeof bytes)) > 0)
        all += (int)n;
    return (void *)(intptr_t)all;
}

static void pipes(void)
{
    static char bytes[200000];
    struct pollfd p[2];
    int fds[2], other[2];
    char text[8];
    pthread_t t;

    assert(pipe(fds) == 0 && pipe(other) == 0);
    start(&t, write_later, fds);
    assert(read(fds[0], text, 8) == 4 && !memcmp(text, "late", 4));
    end(t);
    for (int timeout = -1; timeout < 5000; timeout += 5000) {
        p[0] = (struct pollfd){.fd = fds[0], .events = POLLIN};
        p[1] = (struct pollfd){.fd = other[0], .events = POLLIN};
        start(&t, write_later, other);
        assert(poll(p, 2, timeout) == 1 && p[1].revents == POLLIN && !p[0].revents);
        assert(read(other[0], text, 8) == 4);
        end(t);
    }
    p[0] = (struct pollfd){.fd = fds[0], .events = POLLIN};
    assert(poll(p, 1, 5) == 0);
    start(&t, drain, fds);
    for (size_t at = 0; at < sizeof bytes;) {
        ssize_t n = write(fds[1], bytes + at, sizeof bytes - at);

        assert(n > 0);
        at += (size_t)n;
    }
    close(fds[1]);
    assert((size_t)(intptr_t)end(t) == sizeof bytes);
}

int main(int argc, char **argv)
{
    pthread_t t;

    (void)argv;
    if (argc > 1) { /* a host without threads */
        assert(pthread_create(&t, NULL, own, NULL) == EAGAIN);
        return 0;
    }
    start_and_end();
    detach();
    mutexes();
    conditions();
    rwlocks();
    barriers_and_semaphores();
    keys();
    memory();
    pipes();
    limit();
    puts("good");
    return 0;
}
