/* guest-runs PROGRAM WHAT...: runs guests of a program that `wl-make aot --library` made, one after the other in this
 * process, and prints how each ended. WHAT is
 *   run ARGUMENTS MEMORY     a guest with that many arguments and at most that much memory
 *   beside ARGUMENTS         two guests at the same time: each writes a byte and waits for one
 *   fork TIMES               that many children, in each of which a guest exits while other threads run some
 *   stop TIMES               that many guests, each stopped after some ms; prints whether the heap grew by 8 MiB
 *   replace FILE             replaces the file of the program with FILE, as an upgrade does
 *   maps                     prints how often the program's file is mapped, in addition to the loader's mappings
 *   close                    closes all descriptors except the standard streams, as a daemon does, and opens others */
#include "guest.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct wlpy_program *program;
static int in, out;

static struct wlpy_result guest(size_t argc, uint64_t memory, uint64_t deadline_ms)
{
    const struct guest_options o = {.argc = argc, .in = in, .out = out, .memory = memory, .deadline_ms = deadline_ms};

    return guest_run(program, &o);
}

static void stop(int times)
{
    size_t before = 0, now = 0;
    int ended = 0;

    for (int i = 0; i < times; i++) {
        struct mallinfo2 m;

        ended += guest(1, 0, (uint64_t)i % 3 + 1).end == WLPY_DEADLINE;
        m = mallinfo2();
        now = m.uordblks + m.hblkhd;
        if (i == 10)
            before = now;
    }
    printf("stopped: %d, grown: %d\n", ended, now > before + (8 << 20));
}

static volatile bool enough;

static void *again_and_again(void *arg)
{
    while (!enough)
        guest(1, 0, 0);
    return arg;
}

static int fork_often(int times)
{
    pthread_t t[2];
    int status, well = 0;

    for (int i = 0; i < 2; i++)
        if (pthread_create(&t[i], NULL, again_and_again, NULL) != 0)
            return -1;
    for (int i = 0; i < times && well == i; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            alarm(20);
            _exit(guest(1, 0, 0).status);
        }
        well += pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 65;
    }
    enough = true;
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    printf("%d of %d\n", well, times);
    return 0;
}

static int maps_of(const char *file)
{
    FILE *f = fopen("/proc/self/maps", "r");
    const char *name = strrchr(file, '/') + 1;
    char line[4096];
    int n = 0;

    while (f && fgets(line, sizeof line, f))
        n += strstr(line, name) != NULL;
    if (f)
        fclose(f);
    return n;
}

static void *one_of_two(void *args_n)
{
    struct wlpy_result r = guest(*(size_t *)args_n, 0, 0);

    return (void *)(uintptr_t)r.status;
}

static int beside(size_t args_n)
{
    int to[2], from[2];
    pthread_t t[2];
    char bytes[2];

    if (pipe(to) < 0 || pipe(from) < 0)
        return -1;
    in = to[0];
    out = from[1];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&t[i], NULL, one_of_two, &args_n) != 0)
            return -1;
    for (int i = 0; i < 2; i++)
        if (read(from[0], bytes, 1) != 1)
            return -1;
    if (write(to[1], bytes, 2) != 2)
        return -1;
    for (int i = 0; i < 2; i++) {
        void *status;

        pthread_join(t[i], &status);
        printf("%d\n", (int)(uintptr_t)status);
    }
    in = out = 0;
    return 0;
}

int main(int argc, char **argv)
{
    int maps;

    program = argc > 1 && strchr(argv[1], '/') ? guest_load_with(argv[1], 0) : NULL;
    if (!program) {
        fprintf(stderr, "usage: guest-runs PATH WHAT...\n");
        return 1;
    }
    maps = maps_of(argv[1]);
    for (int i = 2; i < argc; i++) {
        if (!strcmp(argv[i], "run") && i + 2 < argc) {
            struct wlpy_result r = guest((size_t)atoi(argv[i + 1]), strtoull(argv[i + 2], NULL, 0), 0);

            printf("%d %s\n", r.status, r.text);
            i += 2;
        } else if (!strcmp(argv[i], "beside") && i + 1 < argc) {
            if (beside((size_t)atoi(argv[++i])) < 0)
                return 1;
        } else if (!strcmp(argv[i], "fork") && i + 1 < argc) {
            if (fork_often(atoi(argv[++i])) < 0)
                return 1;
        } else if (!strcmp(argv[i], "stop") && i + 1 < argc) {
            stop(atoi(argv[++i]));
        } else if (!strcmp(argv[i], "replace") && i + 1 < argc) {
            if (rename(argv[++i], argv[1]) < 0)
                return 1;
        } else if (!strcmp(argv[i], "maps")) {
            printf("mapped: %d\n", maps_of(argv[1]) - maps);
        } else if (!strcmp(argv[i], "close")) {
            for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
                close(fd);
            for (int k = 0; k < 8; k++)
                if (open("/proc/self/exe", O_RDONLY) < 0)
                    return 1;
        } else {
            fprintf(stderr, "guest-runs: what is %s?\n", argv[i]);
            return 1;
        }
        fflush(stdout);
    }
    return 0;
}
