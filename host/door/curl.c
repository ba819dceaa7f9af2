#include "door/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* One library for the process, as the loader has it. Debian has it with either library for TLS. */
static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Its members are all pointers to functions. */
static union {
    struct curl curl;
    void *each[sizeof(struct curl) / sizeof(void *)];
} loaded;
static char failed[NET_WHY_SIZE];

static const struct {
    const char *name;
    size_t at;
} functions[] = {
    {"curl_global_init", offsetof(struct curl, global_init)},
    {"curl_easy_init", offsetof(struct curl, easy_init)},
    {"curl_easy_cleanup", offsetof(struct curl, easy_cleanup)},
    {"curl_easy_reset", offsetof(struct curl, easy_reset)},
    {"curl_easy_setopt", offsetof(struct curl, easy_setopt)},
    {"curl_easy_perform", offsetof(struct curl, easy_perform)},
    {"curl_easy_strerror", offsetof(struct curl, easy_strerror)},
    {"curl_slist_append", offsetof(struct curl, slist_append)},
    {"curl_slist_free_all", offsetof(struct curl, slist_free_all)},
};

static void load(void)
{
    void *library = NULL, *function;

    for (size_t i = 0; !library && i < sizeof names / sizeof *names; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        snprintf(failed, sizeof failed, "%s cannot be loaded", names[0]);
        return;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        function = dlsym(library, functions[i].name);
        if (!function) {
            snprintf(failed, sizeof failed, "libcurl has no %s", functions[i].name);
            return;
        }
        loaded.each[functions[i].at / sizeof function] = function;
    }
    if (loaded.curl.global_init(CURL_GLOBAL_EVERYTHING) != 0)
        snprintf(failed, sizeof failed, "libcurl cannot be set up");
}

int curl_load(char why[NET_WHY_SIZE])
{
    pthread_once(&once, load);
    if (*failed)
        memcpy(why, failed, sizeof failed);
    return *failed ? -1 : 0;
}

const struct curl *curl_loaded(void)
{
    return &loaded.curl;
}
