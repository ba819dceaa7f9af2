/* The system's libcurl, loaded when it is needed: programs that need it not neither load nor depend on it. Its
 * interface is stable (https://curl.se/libcurl/abi.html), so its headers are not needed either; host/tests/test_curl.c
 * compares the numbers below with them. */
#ifndef WL_DOOR_CURL_H
#define WL_DOOR_CURL_H

#include "net/policy.h"

#include <stddef.h>

enum { CURL_ABORT_READ = 0x10000000, CURL_ERROR_ROOM = 256 };

enum curl_global { CURL_GLOBAL_EVERYTHING = 3 };

enum curl_option {
    CURL_SSLVERSION = 32,
    CURL_NOPROGRESS = 43,
    CURL_NOBODY = 44,
    CURL_UPLOAD = 46,
    CURL_FOLLOWLOCATION = 52,
    CURL_SSL_VERIFYPEER = 64,
    CURL_CONNECTTIMEOUT = 78,
    CURL_HTTPGET = 80,
    CURL_SSL_VERIFYHOST = 81,
    CURL_HTTP_VERSION = 84,
    CURL_NOSIGNAL = 99,
    CURL_PROTOCOLS = 181,
    CURL_TCP_KEEPALIVE = 213,
    CURL_PATH_AS_IS = 234,
    CURL_WRITEDATA = 10001,
    CURL_URL = 10002,
    CURL_PROXY = 10004,
    CURL_READDATA = 10009,
    CURL_ERRORBUFFER = 10010,
    CURL_HTTPHEADER = 10023,
    CURL_HEADERDATA = 10029,
    CURL_CUSTOMREQUEST = 10036,
    CURL_XFERINFODATA = 10057,
    CURL_CAINFO = 10065,
    CURL_WRITEFUNCTION = 20011,
    CURL_READFUNCTION = 20012,
    CURL_HEADERFUNCTION = 20079,
    CURL_XFERINFOFUNCTION = 20219,
    CURL_INFILESIZE_LARGE = 30115,
};

/* Values of options. */
enum { CURL_TLS_1_2 = 6, CURL_HTTP_1_1 = 2, CURL_ONLY_HTTPS = 2 };

struct curl_texts;

struct curl {
    int (*global_init)(long flags);
    void *(*easy_init)(void);
    void (*easy_cleanup)(void *handle);
    void (*easy_reset)(void *handle);
    int (*easy_setopt)(void *handle, int option, ...);
    int (*easy_perform)(void *handle);
    const char *(*easy_strerror)(int code);
    struct curl_texts *(*slist_append)(struct curl_texts *list, const char *text);
    void (*slist_free_all)(struct curl_texts *list);
};

/* Loads it, once in a process; any thread may. 0, or -1 with why. */
int curl_load(char why[NET_WHY_SIZE]);
/* After that. */
const struct curl *curl_loaded(void);

#endif
