/* guest-library PROGRAM: runs guests of a program that tests/e2e/aot.sh makes, one by one and in parallel, and prints
 * how they ended. The number of its arguments tells a guest what to do. */
#include "guest.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT, UNREACHABLE, BOUNDS, DEEP, ENDLESS, WAIT, READ, OUTPUT, COUNT, FOLDER, DEEP_IN_HOST, DONE };

static struct wlpy_program *program, *shallow; /* the second has a smaller stack */
static int quiet_pipe[2];

static struct wlpy_result guest(int what, int out)
{
    static const char *const env[] = {"A=1", "B=2"};
    static const struct wlpy_dir folder = {.host = ".", .guest = "/d", .read_only = true};
    const struct guest_options o = {.argc = (size_t)what + 1,
                                    .env = env,
                                    .envc = 2,
                                    .folder = what == FOLDER ? &folder : NULL,
                                    .in = quiet_pipe[0],
                                    .out = out,
                                    .output = what == OUTPUT ? 1000 : 0,
                                    .deadline_ms = what >= ENDLESS && what <= READ ? 100 : 0};

    return guest_run(what == DEEP || what == DEEP_IN_HOST ? shallow : program, &o);
}

static void show(struct wlpy_result r)
{
    printf("%d %d %s\n", (int)r.end, r.status, r.text);
    fflush(stdout);
}

/* All kinds again and again; each must always end in the same way. */
static void *side_by_side(void *wrong)
{
    struct wlpy_result first[DONE];

    for (int i = 0; i < 100; i++)
        for (int what = EXIT; what < DONE; what++) {
            struct wlpy_result r;

            if (((what >= ENDLESS && what <= READ) || what == DEEP_IN_HOST) && i % 50)
                continue;
            r = guest(what, 0);
            if (i == 0)
                first[what] = r;
            else if (first[what].end != r.end || first[what].status != r.status ||
                     strcmp(first[what].text, r.text) != 0)
                *(int *)wrong = 1;
        }
    return NULL;
}

static int descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

int main(int argc, char **argv)
{
    pthread_t threads[4];
    int wrong[4] = {0}, at_start, open_before, closed_pipe[2];
    struct wlpy_dir nowhere = {.host = "no/such/folder", .guest = "/d"};
    const struct wlpy_engine_config bad = {.size = sizeof bad, .stack = 1};
    struct wlpy_engine *engine;
    struct wlpy_err err;
    sigset_t pending;

    if (argc != 2 || pipe(quiet_pipe) < 0 || pipe(closed_pipe) < 0 || close(closed_pipe[0]) < 0)
        return 1;
    at_start = descriptors();
    program = guest_load_with(argv[1], 0);
    shallow = guest_load_with(argv[1], 1 << 20);
    if (!program || !shallow)
        return 1;
    for (int what = EXIT; what < DONE; what++)
        show(guest(what, STDOUT_FILENO));
    /* Writing output that nobody reads does not end the process, and leaves no signal pending. */
    show(guest(OUTPUT, closed_pipe[1]));
    sigpending(&pending);
    printf("pending: %d\n", sigismember(&pending, SIGPIPE));
    open_before = descriptors();
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, side_by_side, &wrong[i]) != 0)
            return 1;
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        printf("wrong: %d\n", wrong[i]);
    }
    printf("left open: %d\n", descriptors() - open_before);
    wlpy_engine_new(&bad, &engine, &err);
    printf("%d %s\n", (int)err.code, err.text);
    show(guest_run(program, &(struct guest_options){.folder = &nowhere}));
    show(guest_run(program, &(struct guest_options){.in = 1000}));
    show(guest_run(program, &(struct guest_options){.memory = 4096}));
    wlpy_program_free(program);
    wlpy_program_free(shallow);
    printf("without programs: %d\n", descriptors() - at_start);
    fflush(stdout);
    /* A fault that does not belong to a guest stays a crash. */
    *(volatile int *)8 = 1;
    return 0;
}
