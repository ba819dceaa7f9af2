#include "form.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    void (*each)(void *arg, const struct form_file *file);
    void *arg;
    char *name; /* of the file that is read; NULL: none */
    struct buffer bytes;
    bool failed;
};

static void end_file(struct reading *r)
{
    if (r->name && !r->failed)
        r->each(r->arg, &(struct form_file){r->name, r->bytes.at ? r->bytes.at : "", r->bytes.n});
    free(r->name);
    r->name = NULL;
    r->bytes.n = 0;
}

/* at: 0 with the first part of a value. */
static enum MHD_Result take(void *arg, enum MHD_ValueKind kind, const char *key, const char *name, const char *type,
                            const char *encoding, const char *bytes, uint64_t at, size_t n)
{
    struct reading *r = arg;

    (void)kind;
    (void)key;
    (void)type;
    (void)encoding;
    if (at == 0) {
        end_file(r);
        r->name = name ? strdup(name) : NULL;
        r->failed |= name && !r->name;
    }
    if (r->name && !buffer_add(&r->bytes, bytes, n))
        r->failed = true;
    return r->failed ? MHD_NO : MHD_YES;
}

bool form_files(const struct http_request *request, void (*each)(void *arg, const struct form_file *file), void *arg)
{
    enum { BUFFER = 1 << 16 };
    struct reading r = {.each = each, .arg = arg};
    struct MHD_PostProcessor *p = MHD_create_post_processor(request->connection, BUFFER, take, &r);
    bool well;

    if (!p)
        return false;
    well = MHD_post_process(p, request->body ? request->body : "", request->size) == MHD_YES;
    /* (A form that ends too soon is none.) */
    well = MHD_destroy_post_processor(p) == MHD_YES && well && !r.failed;
    if (well)
        end_file(&r);
    free(r.name);
    free(r.bytes.at);
    return well;
}
