/* Reads any bytes as the manifest of an artifact (with a correct last line, which no fuzzer finds): it must neither
 * crash nor fail without a reason, and a manifest that it accepts must be in bounds and be the same when it is written
 * again. */
#include "store/manifest.h"

#include "util/fs.h"
#include "util/str.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *file;

static void make_place(void)
{
    const char *tmp = getenv("TMPDIR");
    WL_CLEANUP_FREE char *place = xasprintf("%s/fuzz.XXXXXX", tmp ? tmp : "/tmp");

    if (!mkdtemp(place))
        abort();
    file = path_join(place, "manifest.json");
}

static void put(const uint8_t *data, size_t size)
{
    char hex[HASH_HEX_SIZE];
    struct hash *h = hash_new();
    FILE *f = fopen(file, "we");

    hash_add(h, data, size);
    hash_end(h, hex);
    if (!f || fwrite(data, 1, size, f) != size || fprintf(f, " \"sha256\": \"%s\"\n}\n", hex) < 0 || fclose(f) != 0)
        abort();
}

static void check(const struct manifest *m)
{
    if (strlen(m->key) != 64 || !m->kind || !m->name)
        abort();
    for (size_t i = 0; i < m->files_n; i++) {
        const struct manifest_file *f = &m->files[i];
        WL_CLEANUP_FREE char *whole = xasprintf("/%s/", f->path);

        if (!*f->path || strstr(whole, "/../") || strstr(whole, "//") || strstr(whole, "/./") || f->mode > 0777 ||
            (f->type == MANIFEST_LINK) != (f->target != NULL) || (f->type == MANIFEST_FILE && strlen(f->sha256) != 64))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WL_CLEANUP_ERR struct wl_err err = WL_ERR_INIT;
    WL_CLEANUP_MANIFEST struct manifest m = {0}, again = {0};
    int r;

    if (!file)
        make_place();
    put(data, size);
    r = manifest_read(file, &m, &err);
    if (r < 0) {
        if (r != -WL_E_VERIFY || !err.text)
            abort();
        return 0;
    }
    check(&m);
    if (manifest_write(&m, file, &err) < 0 || manifest_read(file, &again, &err) < 0 || again.files_n != m.files_n ||
        again.sources_n != m.sources_n || again.needs_n != m.needs_n)
        abort();
    return 0;
}
