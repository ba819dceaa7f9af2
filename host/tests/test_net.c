/* test_net PROGRAM: the network through wlpy.h, the same with each engine: what rules and limits allow. PROGRAM is
 * channel.wasm or channel.so, which guests.sh makes of guests/channel.wat. */
#include "library.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static const char *file;
static struct wlpy_engine *engine;
static struct wlpy_program *channel;
static int listening = -1;
static char rule[64], connect_to[64];

/* Sends back what it gets, one connection after the other. */
static void *serve(void *none)
{
    char text[256];
    ssize_t n;

    for (;;) {
        int fd = accept(listening, NULL, NULL);

        if (fd < 0)
            return none;
        while ((n = recv(fd, text, sizeof text, 0)) > 0)
            if (send(fd, text, (size_t)n, MSG_NOSIGNAL) < 0)
                break;
        close(fd);
    }
}

static int begin(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    const struct wlpy_engine_config config = {.size = sizeof config, .quick = true};
    socklen_t size = sizeof at;
    pthread_t thread;

    if (set_up(state) < 0)
        return -1;
    assert_int_equal(wlpy_engine_new(&config, &engine, &why), 0);
    assert_int_equal((strstr(file, ".so") ? wlpy_program_load_native : wlpy_program_load)(engine, file, &channel, &why),
                     0);
    inet_pton(AF_INET, "127.0.0.2", &at.sin_addr);
    listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(listening, 5), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &size), 0);
    snprintf(rule, sizeof rule, "127.0.0.2:%d", ntohs(at.sin_port));
    snprintf(connect_to, sizeof connect_to, "net.connect 4 127.0.0.2 %d", ntohs(at.sin_port));
    return pthread_create(&thread, NULL, serve, NULL) || pthread_detach(thread);
}

static int end(void **state)
{
    wlpy_program_free(channel);
    wlpy_engine_free(engine);
    return tear_down(state);
}

static void count(void *n, const char *line)
{
    *(int *)n += strstr(line, " refused; --") != NULL;
}

/* The guest makes these requests, and must get these answers. */
static void talk(struct wlpy_run_config config, const char *const *words, size_t n, const char *answers, int refusals)
{
    struct wlpy_result result = {.size = sizeof result};
    int refused = 0;

    config.size = sizeof config;
    config.argv = words;
    config.argc = n;
    config.out = (struct wlpy_stream){.kind = WLPY_MEMORY};
    config.on_refusal = count;
    config.on_refusal_arg = &refused;
    assert_int_equal(wlpy_run(channel, &config, &result, &why), 0);
    assert_int_equal(result.status, 0);
    assert_int_equal(result.out_size, strlen(answers));
    assert_memory_equal(result.out, answers, strlen(answers));
    assert_int_equal(refused, refusals);
    wlpy_result_free(&result);
}

#define TALK(config, words, ...) talk(config, words, sizeof(words) / sizeof *(words), __VA_ARGS__)

static void test_rules(void **state)
{
    const char *const rules[] = {rule}, *const listen_on[] = {"127.0.0.2:0"};
    const char *const hello[] = {"", "net.socket 4 stream", connect_to, ">hello", "<", "net.no 1"};
    const char *const other[] = {"", "net.socket 4 stream", "net.connect 4 127.0.0.1 1", "net.bind 4 127.0.0.2 0",
                                 "net.listen 4 1"};
    const struct wlpy_run_config connects = {.net = rules, .net_count = 1};
    const struct wlpy_run_config listens = {.net_listen = listen_on, .net_listen_count = 1};

    (void)state;
    TALK((struct wlpy_run_config){0}, other, "08 \n08 \n08 \n08 \n", 0);
    TALK(connects, hello, "00 4\n00 \n00 \n00 hello\n52 \n", 0);
    TALK(connects, other, "00 4\n02 \n00 \n02 \n", 2);
    TALK(listens, other, "00 4\n02 \n00 \n00 \n", 1);
}

static void test_limits(void **state)
{
    const char *const rules[] = {rule};
    const char *const two[] = {"", "net.socket 4 stream", "net.socket 4 stream", connect_to, ">hello", "<", ">again"};
    const char *const more[] = {"", "net.socket 4 stream", connect_to, ">hello", "<", ">again", "<"};
    struct wlpy_limits limits = {.size = sizeof limits, .sockets = 1, .sent = 7};
    struct wlpy_run_config config = {.net = rules, .net_count = 1, .limits = &limits};

    (void)state;
    TALK(config, two, "00 4\n33 \n00 \n00 \n00 hello\n19 \n", 0);
    limits = (struct wlpy_limits){.size = sizeof limits, .received = 5};
    TALK(config, more, "00 4\n00 \n00 \n00 hello\n00 \n19 \n", 0);
}

/* The second socket may not listen, but it may be connected; the first may listen again. */
static void test_limit_of_listening(void **state)
{
    const char *const rules[] = {"127.0.0.2:0"};
    const char *const two[] = {"",
                               "net.socket 4 stream",
                               "net.bind 4 127.0.0.2 0",
                               "net.listen 4 1",
                               "net.listen 4 2",
                               "net.socket 4 stream",
                               "net.bind 5 127.0.0.2 0",
                               "net.listen 5 1"};
    struct wlpy_limits limits = {.size = sizeof limits, .listening = 1};
    struct wlpy_run_config config = {.net_listen = rules, .net_listen_count = 1, .limits = &limits};

    (void)state;
    TALK(config, two, "00 4\n00 \n00 \n00 \n00 5\n00 \n33 \n", 1);
    limits.listening = 0;
    TALK(config, two, "00 4\n00 \n00 \n00 \n00 5\n00 \n00 \n", 0);
}

/* (A name that no rule allows does not count.) */
static void test_limit_of_lookups(void **state)
{
    const char *const rules[] = {"localhost", "127.0.0.1"};
    const char *const three[] = {"", "net.resolve 4 other", "net.resolve 4 localhost", "net.resolve 4 localhost",
                                 "net.resolve 4 localhost"};
    struct wlpy_limits limits = {.size = sizeof limits, .lookups = 2};
    struct wlpy_run_config config = {.net = rules, .net_count = 2, .limits = &limits};

    (void)state;
    TALK(config, three, "00 ! fail\n00 4 127.0.0.1 0\n00 4 127.0.0.1 0\n00 ! fail\n", 2);
    limits.lookups = 0;
    TALK(config, three, "00 ! fail\n00 4 127.0.0.1 0\n00 4 127.0.0.1 0\n00 4 127.0.0.1 0\n", 1);
}

static void test_a_rule_that_is_none(void **state)
{
    const char *const rules[] = {"127.0.0.2:port"};
    struct wlpy_run_config config = {.size = sizeof config, .net = rules, .net_count = 1};
    struct wlpy_result result = {.size = sizeof result};

    (void)state;
    assert_int_equal(wlpy_run(channel, &config, &result, &why), -WLPY_E_SETUP);
    assert_non_null(strstr(why.text, "127.0.0.2:port"));
    wlpy_result_free(&result);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules), cmocka_unit_test(test_limits), cmocka_unit_test(test_limit_of_listening),
        cmocka_unit_test(test_limit_of_lookups), cmocka_unit_test(test_a_rule_that_is_none)};

    if (argc != 2)
        return 1;
    file = argv[1];
    return cmocka_run_group_tests(tests, begin, end);
}
