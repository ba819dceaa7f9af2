/* One request with libcurl: what downloads (transfer.c) and exchanges (exchange.c) share. */
#ifndef WL_SOURCE_REQUEST_H
#define WL_SOURCE_REQUEST_H

#include "source/address.h"
#include "source/transfer.h"

#include <curl/curl.h>

void request_easy_cleanup(CURL **c);
#define CLEANUP_EASY __attribute__((cleanup(request_easy_cleanup)))

/* What a transfer has moved so far, in either direction, and whether it was given up because it stalled. */
struct request_watch {
    curl_off_t moved;
    bool stalled;
};

/* A handle for a request to url, which is that of the transfer or where it leads. text has CURL_ERROR_SIZE bytes. NULL:
 * libcurl cannot start. */
CURL *request_new(const struct transfer *t, const char *url, const struct fetch_options *o, char *text);

/* Like curl_easy_perform, but wakes up at once on cancel, and gives up when w (may be NULL) moves nothing for the stall
 * timeout. curl's own limit works on an average over some seconds and so reacts late. */
CURLcode request_perform(CURL *c, const struct transfer *t, const char *url, const struct fetch_options *o,
                         struct request_watch *w);

/* Whether the failure came before a request could be sent. */
bool request_never_connected(CURL *c, const struct transfer *t, const char *url);

/* Why a request failed; the caller frees it. */
char *request_reason(CURL *c, const struct transfer *t, const char *url, CURLcode code, const struct fetch_options *o,
                     const char *text);

/* A host that could not be reached in this run is not tried again. */
int request_refuse_dead(const char *host, const struct fetch_options *o, struct wl_err *err);

/* Where a transfer may lead, redirects included. */
int request_check_target(const struct transfer *t, const char *url, const struct web_address *a, struct wl_err *err);

#endif
