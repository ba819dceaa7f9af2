/* guest-library LIBRARY: runs guests of the library that tests/e2e/aot.sh makes, one by one and in parallel, and prints
 * how they ended. The number of its arguments tells a guest what to do. */
#include "wl_guest.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT, UNREACHABLE, BOUNDS, DEEP, ENDLESS, WAIT, READ, OUTPUT, COUNT, FOLDER, DEEP_IN_HOST, DONE };

static enum wl_guest_end (*run)(const struct wl_guest_config *config, struct wl_guest_result *result);
static int quiet_pipe[2];

static struct wl_guest_result guest(int what, int out)
{
    static const char *const args[DONE + 1] = {"", "", "", "", "", "", "", "", "", "", "", ""};
    static const char *const env[] = {"A=1", "B=2"};
    static const struct wl_guest_folder folder = {.host = ".", .guest = "/d", .read_only = true};
    const struct wl_guest_config config = {.args = args,
                                           .args_n = (size_t)what + 1,
                                           .env = env,
                                           .env_n = 2,
                                           .folders = &folder,
                                           .folders_n = what == FOLDER,
                                           .in = quiet_pipe[0],
                                           .out = out,
                                           .err = -1,
                                           .stack = what == DEEP || what == DEEP_IN_HOST ? 1 << 20 : 0,
                                           .output = what == OUTPUT ? 1000 : 0,
                                           .deadline_ms = what >= ENDLESS && what <= READ ? 100 : 0};
    struct wl_guest_result result;

    memset(&result, 'x', sizeof result);
    run(&config, &result);
    return result;
}

static void show(struct wl_guest_result r)
{
    printf("%d %d %s\n", (int)r.end, r.status, r.text);
    fflush(stdout);
}

/* All kinds again and again; each must always end in the same way. */
static void *side_by_side(void *wrong)
{
    struct wl_guest_result first[DONE];

    for (int i = 0; i < 100; i++)
        for (int what = EXIT; what < DONE; what++) {
            struct wl_guest_result r;

            if (((what >= ENDLESS && what <= READ) || what == DEEP_IN_HOST) && i % 50)
                continue;
            r = guest(what, -1);
            if (i == 0)
                first[what] = r;
            else if (memcmp(&first[what], &r, sizeof r - sizeof r.text) != 0 || strcmp(first[what].text, r.text) != 0)
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
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    pthread_t threads[4];
    int wrong[4] = {0}, open_before, closed_pipe[2];
    sigset_t pending;
    struct wl_guest_config bad = {.stack = 1};
    struct wl_guest_folder nowhere = {.host = "no/such/folder", .guest = "/d"};
    struct wl_guest_result r;

    if (!library) {
        fprintf(stderr, "%s\n", argc == 2 ? dlerror() : "usage: guest-library LIBRARY");
        return 1;
    }
    *(void **)&run = dlsym(library, "wl_guest_run");
    if (!run || pipe(quiet_pipe) < 0)
        return 1;
    for (int what = EXIT; what < DONE; what++)
        show(guest(what, STDOUT_FILENO));
    /* Writing output that nobody reads does not end the process, and leaves no signal pending. */
    if (pipe(closed_pipe) < 0 || close(closed_pipe[0]) < 0)
        return 1;
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
    run(&bad, &r);
    show(r);
    bad = (struct wl_guest_config){.folders = &nowhere, .folders_n = 1};
    run(&bad, &r);
    show(r);
    bad = (struct wl_guest_config){.in = 1000};
    run(&bad, &r);
    show(r);
    bad = (struct wl_guest_config){.memory = 4096};
    run(&bad, &r);
    show(r);
    fflush(stdout);
    /* A fault that does not belong to a guest stays a crash. */
    *(volatile int *)8 = 1;
    return 0;
}
