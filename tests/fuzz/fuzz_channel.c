/* Reads any bytes as a guest's requests to the channel, one request per line, after a first line with a rule.
 * Nothing but this machine's loopback may be reached, and every socket that is opened must be counted. Descriptor 1
 * can be locked; 2 is a directory in memory, and paths in it are parts of the request itself, which is at address 0. */
#include "core/control.h"
#include "family/family.h"
#include "net/net.h"
#include "wasi/lock.h"
#include "wasi/space.h"
#include "wasi/threads.h"
#include "wasi/tree.h"
#include "wasi/tty.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH = 0, ANSWER = 4096, ROOM = 8192, RESULT = 16000, MEMORY = 16384, MOST = 32, LISTENING = 4, REQUESTS = 200 };

static struct guest_memory memory(void *arg)
{
    return (struct guest_memory){arg, MEMORY};
}

static void check(const struct wasi *w, const struct net *n)
{
    unsigned sockets = 0, listening = 0;

    for (size_t i = 0; i < w->fds_n; i++) {
        sockets += w->fds[i].used && w->fds[i].socket;
        listening += w->fds[i].used && w->fds[i].socket && w->fds[i].socket->listening;
    }
    if (sockets != n->sockets || sockets > MOST || listening != n->listening || listening > LISTENING)
        abort();
}

static void on_end(void *arg, const void *context)
{
    (void)arg;
    (void)context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[MEMORY];
    static struct net n;
    static struct tty tty;
    static struct wasi_threads threads;
    static struct family family;
    static const struct limits none;
    static struct control control;
    static const struct control_cell cells[] = {{RESULT + 8, 1}, {RESULT + 12, 1}};
    const struct family_config processes = {.code = -1, .limits = &none};
    const struct net_limits limits = {
        .sockets = MOST, .listening = LISTENING, .lookups = 8, .received = 1 << 20, .sent = 1 << 20};
    const uint8_t *end = data + size;
    struct net_policy *p = net_policy_new();
    struct tree *tree = tree_new(1 << 20, 100);
    char rule[300] = "", why[NET_WHY_SIZE];
    struct wasi w = {.memory = memory,
                     .arg = bytes,
                     .output_left = UINT64_MAX,
                     .wait = control_wait,
                     .interrupted = control_interrupted,
                     .wait_arg = &control};
    bool first = true;

    memset(&n, 0, sizeof n);
    if (!p || !tree || net_policy_allow(p, "127.0.0.1:9", why) < 0 || net_policy_listen(p, "127.0.0.1:0", why) < 0 ||
        net_serve(&n, &w, p, &limits) < 0 || wasi_lock_serve(&w) < 0 || wasi_space_serve(&w) < 0 ||
        wasi_threads_serve(&threads, &w, 4) < 0 || tty_serve(&tty, &w, NULL, NULL) < 0 ||
        wasi_serve(&w, &tty.set) < 0 || control_serve(&w) < 0 || family_serve(&family, &w, &processes) < 0 ||
        wasi_give_channel(&w) < 0 ||
        wasi_give(&w, open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), NULL, false, false) != 1 ||
        wasi_give_tree(&w, tree, "/", false) != 2)
        abort();
    control_init(&control);
    if (control_begin(&control, &none, on_end, NULL) < 0)
        abort();
    control_listen(&control, bytes, cells, sizeof cells / sizeof *cells);
    for (int i = 0; data < end && i < REQUESTS; i++) {
        const uint8_t *newline = memchr(data, '\n', (size_t)(end - data));
        size_t length = (size_t)((newline ? newline : end) - data);

        length = length < ANSWER ? length : ANSWER;
        if (first && length < sizeof rule) {
            memcpy(rule, data, length);
            rule[length] = '\0';
            /* This policy is only filled, and is not asked anything. */
            struct net_policy *other = net_policy_new();

            if (net_policy_allow(other, rule, why) < 0 && !*why)
                abort();
            net_policy_listen(other, rule, why);
            net_policy_free(other);
        }
        first = false;
        memcpy(bytes + PATH, data, length);
        wasi_path_readlink(&w, 0, PATH, (uint32_t)length, ANSWER, ROOM, RESULT);
        check(&w, &n);
        data = newline ? newline + 1 : end;
    }
    for (int i = 0; i < 70; i++)
        control_signal(&control, i);
    control_end(&control);
    wasi_free(&w);
    tree_free(tree);
    if (n.sockets || n.listening)
        abort();
    net_policy_free(p);
    return 0;
}
