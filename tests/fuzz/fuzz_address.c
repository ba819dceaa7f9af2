/* Reads any bytes as an address of a source and as a page of links. Everything else must be able to parse an address
 * that the check accepts. Nothing uses the network: all of it is cancelled before it begins. */
#include "source/listing.h"
#include "source/offers.h"
#include "util/fs.h"
#include "util/str.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One component of a path, for people to read. */
static void check_file_name(const char *url)
{
    WL_CLEANUP_FREE char *name = source_file_name(url);

    if (!*name || *name == '.' || strchr(name, '/') || strlen(name) > 255)
        abort();
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            abort();
}

static void ask(const char *url, const char *folder)
{
    static struct cancel cancelled = CANCEL_NONE;
    const struct fetch_options o = {.cancel = &cancelled, .connect_timeout_s = 1, .stall_timeout_s = 1};
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_FREE char *newest = NULL;
    struct offers *offers = offers_new(&o, folder);
    int ends[2];

    if (cancelled.fd < 0) {
        if (pipe(ends) < 0)
            abort();
        close(ends[1]);
        cancelled.fd = ends[0]; /* readable forever */
        if (source_init() < 0)
            abort();
    }
    if (offers_newest(offers, &(struct offer_query){url, "1.2.3", NULL}, &newest, &err) < 0 && !err.text)
        abort();
    offers_free(offers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char *folder;
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_STRV struct strv names = {0};
    WL_CLEANUP_FREE char *text = xstrndup((const char *)data, size), *place = NULL, *plain = NULL;
    int r;

    if (!folder) {
        const char *tmp = getenv("TMPDIR");

        folder = xasprintf("%s/fuzz.XXXXXX", tmp ? tmp : "/tmp");
        if (!mkdtemp(folder))
            abort();
    }
    r = source_check_url(text, &err);
    if (r < 0 && (r != -WL_E_RECIPE || !err.text))
        abort();
    check_file_name(text);
    place = offers_place(text);
    plain = percent_decode(text, strlen(text));
    if (strlen(plain) > strlen(text))
        abort();
    if (r == 0)
        ask(text, folder);
    listing_parse(text, &names);
    for (size_t i = 0; i < names.n; i++)
        if (!*names.v[i] || !strcmp(names.v[i], ".") || !strcmp(names.v[i], ".."))
            abort();
    return 0;
}
