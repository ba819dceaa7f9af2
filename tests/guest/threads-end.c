/* How a guest with threads ends, and what it must survive: `threads-end HOW`. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void pthread_exit(void *result);

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned turns;

static pthread_t start(void *(*function)(void *))
{
    pthread_t t;

    if (pthread_create(&t, NULL, function, NULL) != 0) {
        perror("pthread_create");
        exit(99);
    }
    return t;
}

static void *waits(void *arg)
{
    pthread_mutex_lock(&one);
    return arg;
}

static void *reads(void *arg)
{
    char byte;

    while (read(0, &byte, 1) > 0)
        ;
    return arg;
}

static void *sleeps(void *arg)
{
    sleep(1000);
    return arg;
}

static void *exits(void *arg)
{
    usleep(2000);
    exit(7);
    return arg;
}

static void *traps(void *arg)
{
    usleep(2000);
    __builtin_trap();
    return arg;
}

static void *spins(void *arg)
{
    for (;;)
        turns++;
    return arg;
}

static void *writes(void *arg)
{
    for (;;)
        if (write(1, "0123456789abcdef", 16) < 0)
            break;
    return arg;
}

static void *crosses(void *arg)
{
    pthread_mutex_lock(&other);
    usleep(2000);
    pthread_mutex_lock(&one);
    return arg;
}

static void *says(void *arg)
{
    usleep(2000);
    puts("the others go on");
    fflush(stdout);
    return arg;
}

static unsigned endless(unsigned depth)
{
    volatile char frame[2000];

    frame[0] = (char)depth;
    if (!depth)
        return 0;
    return endless(depth + 1) + (unsigned)frame[0];
}

static void *recurses(void *arg)
{
    turns = endless(1);
    return arg;
}

/* ---- memory that grows while a thread is in the host ---- */

enum { BLOCK = 48 << 20 };

static int pipe_ends[2];
static char *volatile grown;

int pipe(int fds[2]);

/* It waits in the host, which has the address of the buffer, while the memory becomes larger. Then it sees all of it.
 */
static void *reads_into(void *arg)
{
    static char buffer[5000];
    size_t n = 0;

    while (n < sizeof buffer) {
        const ssize_t got = read(pipe_ends[0], buffer + n, sizeof buffer - n);

        if (got <= 0)
            exit(10);
        n += (size_t)got;
    }
    for (size_t i = 0; i < sizeof buffer; i++)
        if (buffer[i] != (char)i)
            exit(11);
    for (size_t i = 0; i < BLOCK; i += 4096)
        if (grown[i] != (char)(i >> 12))
            exit(12);
    return arg;
}

static int grows(void)
{
    pthread_t t;
    char bytes[5000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    if (pipe(pipe_ends) != 0)
        return 13;
    t = start(reads_into);
    usleep(2000);
    if (write(pipe_ends[1], bytes, 1000) != 1000)
        return 14;
    usleep(2000);
    grown = malloc(BLOCK);
    if (!grown)
        return 15;
    for (size_t i = 0; i < BLOCK; i += 4096)
        grown[i] = (char)(i >> 12);
    if (write(pipe_ends[1], bytes + 1000, sizeof bytes - 1000) != sizeof bytes - 1000)
        return 16;
    pthread_join(t, NULL);
    puts("both saw it");
    return 0;
}

/* ---- a pipe that nobody reads ---- */

static void *fills(void *arg)
{
    static const char bytes[4096];

    for (;;)
        if (write(pipe_ends[1], bytes, sizeof bytes) < 0)
            exit(17);
    return arg;
}

static int clogs(void)
{
    if (pipe(pipe_ends) != 0)
        return 13;
    start(fills);
    start(fills);
    usleep(20000);
    return 3;
}

/* ---- how many ---- */

static void *nothing(void *arg)
{
    turns++;
    return arg;
}

/* One after the other. */
static int spawns(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        pthread_join(start(nothing), NULL);
    printf("%u threads, %u turns\n", n, turns);
    return 0;
}

/* As many as there may be, again and again. */
static int many(void)
{
    static pthread_t all[300];
    int most = 0;

    for (int round = 0; round < 20; round++) {
        int n = 0;

        while (n < 300 && pthread_create(&all[n], NULL, waits, NULL) == 0)
            n++;
        if (errno == ENOMEM || (round && n != most))
            return 1;
        most = n;
        pthread_mutex_unlock(&one);
        for (int i = 0; i < n; i++) {
            pthread_join(all[i], NULL);
            pthread_mutex_unlock(&one);
        }
        pthread_mutex_lock(&one);
    }
    printf("%d threads\n", most);
    return 0;
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";

    pthread_mutex_lock(&one);
    if (!strcmp(how, "many"))
        return many();
    if (!strcmp(how, "grow"))
        return grows();
    if (!strcmp(how, "clog"))
        return clogs();
    if (!strcmp(how, "spawns"))
        return spawns((unsigned)atoi(argv[2]));
    if (!strcmp(how, "exit") || !strcmp(how, "trap") || !strcmp(how, "main")) {
        start(waits);
        start(reads);
        start(sleeps);
        if (!strcmp(how, "main"))
            return usleep(2000) ? 4 : 3;
        return pthread_join(start(!strcmp(how, "exit") ? exits : traps), NULL);
    }
    if (!strcmp(how, "deadlock")) {
        start(crosses);
        usleep(1000);
        pthread_mutex_lock(&other);
        return 5;
    }
    if (!strcmp(how, "spin"))
        return pthread_join(start(spins), NULL);
    if (!strcmp(how, "recursion"))
        return pthread_join(start(recurses), NULL);
    if (!strcmp(how, "output")) {
        start(writes);
        start(writes);
        return pthread_join(start(writes), NULL);
    }
    if (!strcmp(how, "exit-of-main")) {
        start(says);
        pthread_exit(NULL);
    }
    if (!strcmp(how, "close")) {
        pthread_t t = start(reads);

        usleep(2000);
        if (close(0) != 0)
            return 1;
        usleep(2000);
        /* (What waits goes on waiting, as on Linux; nothing breaks.) */
        (void)t;
        return 6;
    }
    return 2;
}
