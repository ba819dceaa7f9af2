/* Reads any bytes as a module, as `info` and `verify` do. Whatever is found must be in bounds. */
#include "wasm/info.h"

#include "util/str.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes follow the header of a module, unless they bring their own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char header[] = "\0asm\1\0\0\0";
    bool whole = wasm_is(data, size);
    size_t n = size + (whole ? 0 : sizeof header - 1);
    uint8_t *bytes = xmalloc(n ? n : 1);
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    struct wasm_info w = {0};
    int r;

    if (!whole)
        memcpy(bytes, header, sizeof header - 1);
    memcpy(bytes + n - size, data, size);
    r = wasm_describe(bytes, n, &w, &err);
    if ((r < 0) != (err.text != NULL) || (r < 0 && r != -WL_E_VERIFY))
        abort();
    for (size_t i = 0; i < w.sections_n; i++)
        if (w.sections[i].at < bytes || w.sections[i].size > n || w.sections[i].at + w.sections[i].size > bytes + n ||
            !w.sections[i].name)
            abort();
    for (size_t i = 0; i < w.imports_n; i++)
        if (!w.imports[i].module || !w.imports[i].name || w.imports[i].kind >= WASM_KINDS)
            abort();
    wasm_info_free(&w);
    free(bytes);
    return 0;
}
