/* guest-net LIBRARY: runs host/tests/modules/channel.wat as a library, under rules for the network, beside a server of
 * its own on 127.0.0.2; prints what the guest prints, and how often it was refused. */
#include "wl_guest.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static enum wl_guest_end (*run)(const struct wl_guest_config *config, struct wl_guest_result *result);

/* Sends back what it gets, one connection after the other. */
static void *serve(void *listening)
{
    char text[256];
    ssize_t n;

    for (;;) {
        int fd = accept(*(int *)listening, NULL, NULL);

        while ((n = recv(fd, text, sizeof text, 0)) > 0)
            if (send(fd, text, (size_t)n, MSG_NOSIGNAL) < 0)
                break;
        close(fd);
    }
    return NULL;
}

static void count(void *n, const char *line)
{
    *(int *)n += strstr(line, " refused; --net") != NULL;
}

/* What the guest of each run prints ends with how the run did. */
static int guest(const char *title, struct wl_guest_config c, const char *const *words, size_t n)
{
    struct wl_guest_result r;
    int times = 0;

    printf("%s\n", title);
    fflush(stdout);
    c.args = words;
    c.args_n = n;
    c.in = c.err = -1;
    c.out = STDOUT_FILENO;
    c.on_refusal = count;
    c.on_refusal_arg = &times;
    run(&c, &r);
    printf("%d %d %.14s; %d refused\n", (int)r.end, r.status, r.text, times);
    return 0;
}

int main(int argc, char **argv)
{
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    static int listening;
    char rule[64], connect_to[64];
    const char *const rules[] = {rule}, *const bad[] = {"127.0.0.2:port"}, *const listen_on[] = {"127.0.0.2:0"};
    const char *const talk[] = {"guest", "version", "net.socket 4 stream", connect_to, ">hello", "<", "net.no 1"};
    const char *const other[] = {"guest", "net.socket 4 stream", "net.connect 4 127.0.0.1 1", "net.bind 4 127.0.0.2 0",
                                 "net.listen 4 1"};
    const char *const two[] = {"guest", "net.socket 4 stream", "net.socket 4 stream", connect_to, ">hello", "<",
                               ">again"};
    pthread_t thread;

    if (library)
        *(void **)&run = dlsym(library, "wl_guest_run");
    inet_pton(AF_INET, "127.0.0.2", &at.sin_addr);
    listening = socket(AF_INET, SOCK_STREAM, 0);
    if (!run || listening < 0 || bind(listening, (struct sockaddr *)&at, size) < 0 || listen(listening, 5) < 0 ||
        getsockname(listening, (struct sockaddr *)&at, &size) < 0 ||
        pthread_create(&thread, NULL, serve, &listening) != 0)
        return 1;
    snprintf(rule, sizeof rule, "127.0.0.2:%d", ntohs(at.sin_port));
    snprintf(connect_to, sizeof connect_to, "net.connect 4 127.0.0.2 %d", ntohs(at.sin_port));

    guest("without rules", (struct wl_guest_config){0}, talk, 3);
    guest("with a rule", (struct wl_guest_config){.net = rules, .net_n = 1}, talk, 7);
    guest("against the rules", (struct wl_guest_config){.net = rules, .net_n = 1}, other, 5);
    guest("listening", (struct wl_guest_config){.net_listen = listen_on, .net_listen_n = 1}, other, 5);
    guest("limits", (struct wl_guest_config){.net = rules, .net_n = 1, .sockets = 1, .sent = 7}, two, 7);
    guest("received", (struct wl_guest_config){.net = rules, .net_n = 1, .received = 2}, talk, 6);
    guest("a rule that is none", (struct wl_guest_config){.net = bad, .net_n = 1}, talk, 1);
    return 0;
}
