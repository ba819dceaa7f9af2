#include "remote/kinds.h"

/* A remote that is slower than this is slower than building. */
enum { MIN_RATE = 20000 };

struct transfer remote_transfer(const struct remote_link *l, const char *url)
{
    return (struct transfer){.url = url,
                             .page = true,
                             .any_http = !starts_with(l->place->base, "https:"),
                             .login = l->place->login,
                             .netrc = true,
                             .sigv4 = l->place->sigv4,
                             .min_rate = MIN_RATE,
                             .pool = l->pool};
}

int remote_status_error(const char *what, long status, struct wl_err *err)
{
    const char *why = status == 401 || status == 403   ? ": access is refused"
                      : status == 405                  ? ": it takes no PUT"
                      : status == 413 || status == 507 ? ": it is full, or takes no files of this size"
                                                       : "";

    return wl_err_set(err, WL_E_FETCH, "%s: HTTP %ld%s", what, status, why);
}
