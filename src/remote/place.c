#include "remote/kinds.h"

#include <string.h>

static const struct remote_kind *const kinds[] = {&remote_https, &remote_http, &remote_s3, &remote_oci,
                                                  &remote_oci_http};

int remote_place_open(struct remote_place *p, const char *url, struct wl_err *err)
{
    size_t n = strcspn(url, ":");

    *p = (struct remote_place){.shown = hide_logins(url)};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i]->scheme) == n && !strncmp(url, kinds[i]->scheme, n) && starts_with(url + n, "://")) {
            p->kind = kinds[i];
            return kinds[i]->open(p, url, err);
        }
    wl_err_set(err, WL_E_USAGE, "%s is not the address of a remote store", p->shown);
    return wl_err_hint(err, "it begins with https://, http://, s3://, oci:// or oci+http://; docs/store.md");
}

void remote_place_free(struct remote_place *p)
{
    free(p->shown);
    free(p->base);
    free(p->login);
    free(p->sigv4);
    free(p->session);
    *p = (struct remote_place){0};
}
