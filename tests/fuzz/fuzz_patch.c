/* Reads any bytes as what patch(1) prints and, behind the first zero byte, as a patch. What is shown of both must be
 * short, and a hunk must begin as one and be in the patch. */
#include "make/hunk.h"

#include "util/str.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHORT = 20000 };

static void find(const char *patch, const char *file, unsigned long n)
{
    WL_CLEANUP_FREE char *hunk = patch_hunk(patch, file, n), *start = NULL;
    size_t length;

    if (!hunk)
        return;
    length = strlen(hunk);
    start = xstrndup(hunk, length - (ends_with(hunk, "\n...") ? 3 : 0));
    if (n == 0 || length > SHORT || !starts_with(hunk, "@@ -") || !strstr(patch, start))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WL_CLEANUP_FREE char *output = xstrndup((const char *)data, size), *patch = NULL;
    size_t n = strlen(output);
    struct patch_report r;

    patch = n < size ? xstrndup((const char *)data + n + 1, size - n - 1) : xstrdup("");
    patch_report_read(&r, output);
    if (!r.text || strlen(r.text) > SHORT || (r.hunk && !r.file) || (r.file && !strstr(output, r.file)))
        abort();
    if (r.file)
        find(patch, r.file, r.hunk);
    for (unsigned long k = 0; k < 4; k++) {
        find(patch, "a", k);
        find(patch, "", k);
    }
    patch_report_free(&r);
    return 0;
}
