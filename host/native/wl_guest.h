/* Runs a program that `wl-make aot --library` compiled, in its sandbox, inside this process, as often as wanted and on
 * any number of threads at once.
 *
 * Each run is a separate instance, on the thread that calls, and shares nothing with any other. It gets nothing that
 * the configuration does not name. An error in it ends only that instance.
 *
 * The first run installs handlers for SIGSEGV and SIGBUS, and the first one with a deadline for SIGRTMAX-2. A signal
 * that does not belong to a guest goes to the handler that was installed before, which is called each time as the
 * kernel would have called it, so a JVM or a Go program can go on using these signals. A handler that is installed
 * later has to call ours in the same way, and needs SA_ONSTACK.
 *
 * A pipe that nobody reads is an error for the guest, not a signal for the process. Some MB of memory per processor are
 * kept after a run, restored for the next instance. */
#ifndef WL_GUEST_H
#define WL_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wl_guest_folder {
    const char *host;  /* its path here */
    const char *guest; /* the guest's name for it */
    bool read_only;
};

/* Everything belongs to the caller, and is only read during the run. */
struct wl_guest_config {
    const char *const *args; /* args[0] is the guest's name for itself; none: the program's name */
    size_t args_n;
    const char *const *env; /* "NAME=value" */
    size_t env_n;
    const struct wl_guest_folder *folders;
    size_t folders_n;
    int in, out, err;     /* its standard streams: descriptors, or -1 for nothing to read and output that is dropped */
    uint64_t stack;       /* bytes of stack for its calls; 0: 64 MiB, of which it takes what it uses */
    uint64_t memory;      /* the most bytes that all its memories and tables may have together; 0: 4 GiB */
    uint64_t output;      /* the most bytes it may write to its standard streams; 0: any number */
    uint64_t deadline_ms; /* it is stopped after this time; 0: never */
    /* What it may connect to ("example.com:443", "192.0.2.0/24", "*") and listen on ("127.0.0.1:8080"): rules as
     * docs/network.md describes them. None: no network. */
    const char *const *net;
    size_t net_n;
    const char *const *net_listen;
    size_t net_listen_n;
    /* Called with one line for each request that no rule allows, on the thread of the run; may be NULL. */
    void (*on_refusal)(void *arg, const char *line);
    void *on_refusal_arg;
    uint64_t sockets;        /* the most sockets that it may have open at once; 0: 1024 */
    uint64_t received, sent; /* the most bytes that it may get from and give to the network; 0: any number */
};

enum wl_guest_end {
    WL_GUEST_EXITED,   /* it ended by itself: status is its exit status, 0..255 */
    WL_GUEST_TRAPPED,  /* it was stopped for what it did: text says why */
    WL_GUEST_DEADLINE, /* its time had passed */
    WL_GUEST_UNABLE    /* it never began: text says why */
};

struct wl_guest_result {
    enum wl_guest_end end;
    int status;     /* as the command would have it: 134 trapped, 124 deadline, 125 unable */
    char text[256]; /* one line, or "" */
};

/* Runs the program to its end. */
enum wl_guest_end wl_guest_run(const struct wl_guest_config *config, struct wl_guest_result *result);

#ifdef __cplusplus
}
#endif
#endif
