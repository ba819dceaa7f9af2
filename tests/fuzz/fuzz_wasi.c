/* Interprets any bytes as a sequence of calls of a guest to the WASI host (host/wasi): nothing outside its directory
 * may be changed or reached, nothing in a read-only directory may change, and nothing may crash.
 *
 * A call is a byte that names it and a byte for each argument: a small number, an edge of memory or of numbers, a path
 * (whose size is then the next argument), or a value from the next bytes. */
#include "wasi/stream.h"
#include "wasi/tree.h"
#include "wasi/wasi.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 1 << 16, PATHS = 1024, ROOM = 64, MAX_CALLS = 100 };

static const char *const paths[] = {
    "a",       "b",     "a/b", "a/b/c", "new",   "a/new", "link",      "a/link", "out",      "out/secret",
    "up",      "up/..", "..",  "../",   "../ro", "../..", "../secret", "/",      "/etc",     ".",
    "a/../..", "a/",    "",    "link/", "loop",  "a/..",  "a/../b",    "file",   "out/made", "../outside/secret"};
#define PATHS_N (sizeof paths / sizeof *paths)

static uint8_t *bytes;
static struct wasi w;
static char top[PATH_MAX], box[PATH_MAX + 8];
static const char *in_box; /* the path of box according to /proc */

static struct guest_memory memory(void *arg)
{
    (void)arg;
    return (struct guest_memory){bytes, MEMORY};
}

/* Never for long. */
static int wait_briefly(void *arg, struct pollfd *fds, nfds_t n, const struct timespec *time)
{
    const struct timespec now = {0};
    int r = ppoll(fds, n, &now, NULL);

    (void)arg;
    if (r != 0 || (time && time->tv_sec == 0 && time->tv_nsec == 0))
        return r;
    errno = EINTR;
    return -1;
}

static bool interrupted(void *arg)
{
    (void)arg;
    return true;
}

static _Noreturn void wrong(const char *what)
{
    fprintf(stderr, "it came to that: %s\n", what);
    abort();
}

static void shell(const char *script)
{
    char all[PATH_MAX + 600];

    snprintf(all, sizeof all, "cd '%s' && { %s; }", top, script);
    if (system(all) != 0)
        wrong(script);
}

/* The state that must not change, as one number: names, times, sizes and modes. */
static uint64_t sum;

static int add(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)kind;
    for (const char *p = path + at->base; *p; p++)
        sum = sum * 31 + (uint8_t)*p;
    sum = sum * 31 + (uint64_t)st->st_size;
    sum = sum * 31 + st->st_mode;
    sum = sum * 31 + st->st_nlink;
    sum = sum * 31 + (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
    return 0;
}

static uint64_t sum_of_the_rest(void)
{
    static const char *const folders[] = {"ro", "outside"};
    char path[PATH_MAX + 16];

    sum = 0;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", top, folders[i]);
        if (nftw(path, add, 8, FTW_PHYS) != 0)
            wrong("a directory is missing");
    }
    return sum;
}

static int take_away(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    return at->level == 0 ? 0 : remove(path);
}

static void fill_box(void)
{
    int fd = open(box, O_RDONLY | O_DIRECTORY), file;

    nftw(box, take_away, 8, FTW_PHYS | FTW_DEPTH);
    if (fd < 0 || mkdirat(fd, "a", 0700) < 0 || mkdirat(fd, "a/b", 0700) < 0 || symlinkat("a", fd, "link") < 0 ||
        symlinkat("../outside", fd, "out") < 0 || symlinkat("..", fd, "up") < 0 || symlinkat("loop", fd, "loop") < 0 ||
        symlinkat("../../outside/secret", fd, "a/link") < 0)
        wrong("the directory cannot be filled");
    file = openat(fd, "file", O_CREAT | O_WRONLY, 0600);
    if (file < 0 || write(file, "text", 4) != 4)
        wrong("the file cannot be made");
    close(file);
    close(fd);
}

static uint64_t before;
static bool touched; /* a call may have changed the box */

static void make_place(void)
{
    const struct rlimit small = {1 << 20, 1 << 20};
    const char *tmp = getenv("TMPDIR");
    char real[PATH_MAX];

    snprintf(real, sizeof real, "%s/fuzz.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(real) || !realpath(real, top))
        wrong("there is no place");
    /* No file that it makes grows beyond that. */
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    shell(
        "mkdir box ro ro/a outside && echo secret >outside/secret && echo text >ro/file && ln -s file ro/link && ln -s "
        "../outside ro/out && chmod 755 ro outside");
    snprintf(box, sizeof box, "%s/box", top);
    in_box = box;
    fill_box();
    before = sum_of_the_rest();
    bytes = malloc(MEMORY); /* on the heap, so that the sanitizer sees its ends */
}

/* Each descriptor that the guest has for a file or directory belongs to one of its directories. */
static void look_at_descriptors(void)
{
    char link[40], path[PATH_MAX], ro[PATH_MAX + 4];

    snprintf(ro, sizeof ro, "%s/ro", top);
    for (size_t i = 0; i < w.fds_n; i++) {
        ssize_t n;

        if (!w.fds[i].used || w.fds[i].node || (w.fds[i].type != WASI_REGULAR_FILE && w.fds[i].type != WASI_DIRECTORY))
            continue;
        snprintf(link, sizeof link, "/proc/self/fd/%d", w.fds[i].host);
        n = readlink(link, path, sizeof path - 1);
        path[n > 0 ? n : 0] = '\0';
        if (strncmp(path, in_box, strlen(in_box)) != 0 && strncmp(path, ro, strlen(ro)) != 0)
            wrong(path);
        if (!w.fds[i].read_only && strncmp(path, in_box, strlen(in_box)) != 0)
            wrong("a read-only directory was changed");
    }
}

struct input {
    const uint8_t *at, *end;
    uint64_t next; /* the size of the path that was the last argument */
    bool has_next;
};

static uint8_t byte(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static uint64_t argument(struct input *in)
{
    static const uint64_t edges[] = {
        MEMORY,     MEMORY - 1, MEMORY - 4,        MEMORY - 8, UINT32_MAX,  UINT32_MAX - 3,   INT32_MAX, 1u << 31,
        UINT64_MAX, INT64_MAX,  UINT64_C(1) << 63, WASI_R_ALL, WASI_R_FILE, WASI_R_DIRECTORY, 4096,      512};
    uint8_t what = byte(in);
    uint64_t v = 0;

    if (in->has_next) {
        in->has_next = false;
        if (what != 255)
            return in->next;
    }
    if (what < 64)
        return what % 32;
    if (what < 128)
        return edges[what % 16];
    if (what < 224) {
        const char *path = paths[what % PATHS_N];

        in->next = strlen(path);
        in->has_next = true;
        return PATHS + ROOM * (what % PATHS_N);
    }
    for (int i = 0; i < (what & 1 ? 8 : 2); i++)
        v = v << 8 | byte(in);
    return v;
}

static bool starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static void call(struct input *in, uint8_t number)
{
    uint64_t v[HOST_CALL_MAX_PARAMETERS] = {0};
    const struct host_call *c;
    int n = 0;

    if (number >= 250) { /* the guest asked for it */
        uint64_t at = argument(in) % MEMORY, length = byte(in) % 64;

        for (uint64_t i = 0; i < length && at + i < MEMORY; i++)
            bytes[at + i] = byte(in);
        return;
    }
    c = &wasi_calls.table[number % wasi_calls.n];
    in->has_next = false;
    for (const char *p = c->parameters; (p = strstr(p, "uint")); p += 4)
        v[n++] = argument(in);
    if (c->function(&w, v) > WASI_ENOTCAPABLE)
        wrong("an errno that does not exist");
    touched |= starts_with(c->name, "fd_") || starts_with(c->name, "path_");
}

/* What is counted of a directory in memory is what is there. */
enum { TREE_BYTES = 1 << 16, TREE_ENTRIES = 64 };
static struct tree *tree;

static void check_tree(void)
{
    const struct tree_node *dir = tree->root;
    uint64_t entries = 0;

    for (const struct tree_entry *e = dir->first; e; e = e->next)
        entries++;
    if (tree->bytes_left > TREE_BYTES || tree->entries_left > TREE_ENTRIES - entries)
        wrong("a directory in memory has lost count");
}

static void give(int pair[2], struct wasi_bytes *in)
{
    const struct wasi_stream stream = wasi_read_from(in);
    const struct timeval soon = {.tv_usec = 1000};
    char ro[PATH_MAX + 4];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    snprintf(ro, sizeof ro, "%s/ro", top);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        wrong("no sockets");
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
    if (wasi_give(&w, null, NULL, false, true) != 0 || wasi_give(&w, pair[0], NULL, false, true) != 1 ||
        wasi_give(&w, dup(pair[0]), NULL, false, false) != 2 ||
        wasi_give(&w, open(box, O_RDONLY | O_DIRECTORY), "/", false, false) != 3 ||
        wasi_give(&w, open(ro, O_RDONLY | O_DIRECTORY), "/ro", true, false) != 4 ||
        wasi_give_stream(&w, &stream) != 5 || !tree || wasi_give_tree(&w, tree, "/tree", false) != 6 ||
        wasi_give_tree(&w, tree, "/tree/ro", true) != 7)
        wrong("the guest gets no descriptors");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const words[] = {"program", "argument"};
    struct input in = {data, data + size, 0, false};
    struct wasi_bytes text = {(const uint8_t *)"some text to be read", 20};
    int pair[2];

    if (!bytes)
        make_place();
    if (touched)
        fill_box();
    touched = false;
    memset(bytes, 0, MEMORY);
    for (size_t i = 0; i < PATHS_N; i++)
        memcpy(bytes + PATHS + ROOM * i, paths[i], strlen(paths[i]));
    w = (struct wasi){.memory = memory,
                      .wait = wait_briefly,
                      .interrupted = interrupted,
                      .args = words,
                      .args_n = 2,
                      .output_left = 1 << 12,
                      .no_openat2 = byte(&in) & 1};
    tree = tree_new(TREE_BYTES, TREE_ENTRIES);
    give(pair, &text);
    for (int n = 0; in.at < in.end && n < MAX_CALLS && w.ending == WASI_GOES_ON; n++) {
        call(&in, byte(&in));
        look_at_descriptors();
    }
    wasi_free(&w);
    check_tree();
    tree_free(tree);
    close(pair[1]);
    if (sum_of_the_rest() != before)
        wrong("something outside has changed");
    return 0;
}
