#include "make/patch.h"

#include "util/fs.h"
#include "util/run.h"
#include "util/str.h"

#include <string.h>

/* The lines of patch(1)'s report that name the file and the hunk. */
static char *what_failed(const char *output)
{
    struct str out = {0};
    const char *file = "";
    size_t file_len = 0;

    for (const char *p = output; *p;) {
        size_t n = strcspn(p, "\n");

        if (starts_with(p, "patching file ") || starts_with(p, "checking file ")) {
            file = p + strlen("patching file ");
            file_len = n - strlen("patching file ");
        } else if (memmem(p, n, "FAILED", 6) || memmem(p, n, "can't find file", 15) || memmem(p, n, "malformed", 9) ||
                   memmem(p, n, "Reversed (or previously applied)", 32)) {
            str_addf(&out, "%s%.*s%s%.*s", out.len ? "; " : "", (int)file_len, file, file_len ? ": " : "", (int)n, p);
        }
        p += n + (p[n] == '\n');
    }
    return str_take(&out);
}

/* The text of hunk number k of the file named in the patch, for a person to compare with the source. */
static char *hunk_text(const char *patch, const char *failed)
{
    const char *number = strstr(failed, "Hunk #"), *at;
    size_t name_len = strcspn(failed, ":");
    WL_CLEANUP_FREE char *header = xasprintf("/%.*s", (int)name_len, failed);
    int k = number ? atoi(number + strlen("Hunk #")) : 0;

    if (!k)
        return NULL;
    for (const char *p = strstr(patch, "\n+++ "); p; p = strstr(p + 1, "\n+++ ")) {
        size_t n = strcspn(p + 1, "\n\t");

        if (n < strlen(header) || strncmp(p + 1 + n - strlen(header), header, strlen(header)) != 0)
            continue;
        at = p;
        for (int i = 0; i < k && at; i++)
            at = strstr(at + 1, "\n@@ ");
        if (at) {
            const char *next = strstr(at + 1, "\n@@ "), *next_file = strstr(at + 1, "\n--- "), *end = next;

            if (!end || (next_file && next_file < end))
                end = next_file;
            return end ? xstrndup(at + 1, (size_t)(end - at - 1)) : xstrdup(at + 1);
        }
    }
    return NULL;
}

int patch_apply(const char *file, const char *dir, const struct cancel *cancel, struct wl_err *err)
{
    char *argv[] = {"patch", "-p1", "--batch", "--forward", "--fuzz=0", "--no-backup-if-mismatch", "-r", "-", NULL};
    WL_CLEANUP_FREE char *text = NULL, *output = NULL, *failed = NULL, *hunk = NULL;
    int status, r = file_read(file, 64u << 20, &text, NULL, err);

    if (r < 0)
        return r;
    r = run_capture(&(struct run){.argv = argv, .cwd = dir, .input = text, .cancel = cancel, .timeout_ms = 60000},
                    &status, &output, err);
    if (r < 0 || status == 0)
        return r;
    failed = what_failed(output);
    hunk = hunk_text(text, failed);
    wl_err_set(err, WL_E_VERIFY, "patch %s does not apply: %s%s%s", file, *failed ? failed : "patch(1) did not say why",
               hunk ? "\n" : "", hunk ? hunk : "");
    return wl_err_hint(err, "regenerate the patch for this version, or remove it from the recipe");
}
