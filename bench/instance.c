/* instance LIBRARY N IDLE: runs a compiled Python (wl_guest.h) N times in this process, and prints the microseconds of
 * each run of `pass`, one per line; then "private KIB": the private memory of one of IDLE instances that wait for
 * input. */
#include "wl_guest.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef enum wl_guest_end run_function(const struct wl_guest_config *config, struct wl_guest_result *result);

static run_function *run;
/* An instance that waits writes a byte to the first when it has started, and ends when the second is closed. */
static int ready[2], go_on[2];

static void die(const char *why)
{
    fprintf(stderr, "instance: %s\n", why);
    exit(1);
}

static double microseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void run_once(const char *code, int in, int out)
{
    const char *const args[] = {"python", "-I", "-c", code};
    const struct wl_guest_config config = {.args = args, .args_n = 4, .in = in, .out = out, .err = STDERR_FILENO};
    struct wl_guest_result result;

    if (run(&config, &result) != WL_GUEST_EXITED || result.status != 0)
        die(*result.text ? result.text : "the guest failed");
}

static void *idle(void *arg)
{
    (void)arg;
    run_once("import os; os.write(1, b'x'); os.read(0, 1)", go_on[0], ready[1]);
    return NULL;
}

/* The private memory of this process, in KiB. */
static long private_kib(void)
{
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    long n, sum = 0;

    if (!f)
        die("cannot read /proc/self/smaps_rollup");
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "Private_Clean: %ld", &n) == 1 || sscanf(line, "Private_Dirty: %ld", &n) == 1)
            sum += n;
    fclose(f);
    return sum;
}

int main(int argc, char **argv)
{
    int n = argc == 4 ? atoi(argv[2]) : 0, waiting = argc == 4 ? atoi(argv[3]) : 0;
    void *library = n > 0 && waiting > 0 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    pthread_t *threads = calloc((size_t)waiting + 1, sizeof *threads);
    long before;
    char byte;

    if (!library || !threads)
        die(n > 0 && waiting > 0 ? dlerror() : "usage: instance LIBRARY N IDLE");
    *(void **)&run = dlsym(library, "wl_guest_run");
    if (!run || pipe(ready) < 0 || pipe(go_on) < 0)
        die("cannot begin");
    run_once("pass", -1, -1);
    for (int i = 0; i < n; i++) {
        double start = microseconds();

        run_once("pass", -1, -1);
        printf("%.1f\n", microseconds() - start);
    }
    before = private_kib();
    for (int i = 0; i < waiting; i++)
        if (pthread_create(&threads[i], NULL, idle, NULL) != 0)
            die("cannot start a thread");
    for (int i = 0; i < waiting; i++)
        if (read(ready[0], &byte, 1) != 1)
            die("an instance did not start");
    printf("private %ld\n", (private_kib() - before) / waiting);
    close(go_on[1]);
    for (int i = 0; i < waiting; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
